/**
 * Runs before the program, and ends its threads one after the other: at each SIGUSR2 the oldest thread ends
 * as after an uncaught error, with all its connections.
 *
 * @module
 */

const alive: Worker[] = [];

globalThis.Worker = class extends Worker {
  constructor(...args: ConstructorParameters<typeof Worker>) {
    super(...args);
    alive.push(this);
  }
};

Deno.addSignalListener("SIGUSR2", () => {
  const victim = alive.shift();
  victim?.terminate();
  victim?.dispatchEvent(new ErrorEvent("error", { message: "killed by the fault run" }));
});
