/**
 * Runs before `main.ts`. At SIGUSR2 it collects garbage, which an idle server does not do otherwise. It
 * writes the number of the collection and the size of the heap in bytes to standard error. Buffers count,
 * although they are outside of the heap.
 *
 * @module
 */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");
let collections = 0;

Deno.addSignalListener("SIGUSR2", () => {
  collect();
  const { heapUsed, external } = Deno.memoryUsage();
  const line = `heap ${++collections}: ${heapUsed + external}\n`;
  Deno.stderr.writeSync(new TextEncoder().encode(line));
});
