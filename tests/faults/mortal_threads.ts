/**
 * Runs before the program, and lets its threads die one after the other: at each SIGUSR2 the oldest ends as
 * one whose error nothing caught, with all its connections.
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
