/**
 * The built-in transports.
 *
 * @module
 */

import { listenOnDeno } from "./deno_transport.ts";
import type { Transport, TransportName } from "./transport.ts";
import { listenOnWs } from "./ws_transport.ts";

/** The built-in transports by name. */
export const transports: Readonly<Record<TransportName, Transport>> = {
  deno: listenOnDeno,
  ws: listenOnWs,
  none: ({ host: hostname, port }) =>
    Promise.resolve({
      addr: { transport: "tcp", hostname, port },
      shutdown: () => Promise.resolve(),
      abort: () => Promise.resolve(),
    }),
};
