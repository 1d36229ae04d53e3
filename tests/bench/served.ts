/**
 * The server, as `main.ts` runs it, which also measures how long its event loop is blocked. The line
 * `watch` on its standard input starts the measurement; `report` answers the longest time since then,
 * in milliseconds.
 *
 * @module
 */

import { compose } from "../../live/application.ts";
import { readConfig } from "../../live/config/read_config.ts";
import { variables } from "../../live/config/variables.ts";

/** Interval of the timer that measures, and so the precision, in milliseconds. */
const TICK_MS = 1;

const names = Object.keys(variables);
const result = readConfig(Object.fromEntries(names.map((name) => [name, Deno.env.get(name)])));
if (!result.ok) throw new TypeError(result.faults.join("\n"));
const application = compose(result.config);
const { live, ops } = await application.start();
Deno.addSignalListener("SIGTERM", async () => {
  await application.stop(1_000);
  Deno.exit(0);
});
print({ live: live.port, ops: ops.port });

let timer: ReturnType<typeof setInterval> | undefined;
let longestMs = 0;
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  for (const word of text.split("\n")) {
    if (word === "watch") watch();
    if (word === "watch" || word === "report") print(longestMs);
  }
}

function watch(): void {
  clearInterval(timer);
  longestMs = 0;
  let last = performance.now();
  timer = setInterval(() => {
    const now = performance.now();
    longestMs = Math.max(longestMs, now - last - TICK_MS);
    last = now;
  }, TICK_MS);
}

function print(value: unknown): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
}
