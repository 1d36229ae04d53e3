/**
 * The built-in transports.
 *
 * @module
 */

import { listenOnDeno } from "./deno_transport.ts";
import type { Transport, TransportName } from "./transport.ts";

/** The built-in transports by name. */
export const transports: Readonly<Record<TransportName, Transport>> = {
  deno: listenOnDeno,
  // node:http and npm ws take 6 MiB in each thread, so they are loaded only if they are used.
  ws: async (options) => (await import("./ws_transport.ts")).listenOnWs(options),
  none: ({ host: hostname, port }) =>
    Promise.resolve({
      addr: { transport: "tcp", hostname, port },
      shutdown: () => Promise.resolve(),
      abort: () => Promise.resolve(),
    }),
};
