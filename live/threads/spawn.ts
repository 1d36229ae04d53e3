/**
 * Starting the threads that serve clients.
 *
 * @module
 */

import type { ThreadWorker } from "./thread.ts";

/** Starts a thread. It needs permission to read the program's own modules. */
export function spawnThread(index: number): ThreadWorker {
  return new Worker(new URL("./worker.ts", import.meta.url), {
    type: "module",
    name: `live ${index}`,
  });
}
