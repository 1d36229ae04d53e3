/**
 * The transports by name.
 *
 * @module
 */

import { listenOnDeno } from "./deno_transport.ts";
import type { Transport, TransportName } from "./transport.ts";
import { listenOnWs } from "./ws_transport.ts";

/** Transports by the names that the configuration knows. */
export const transports: Readonly<Record<TransportName, Transport>> = {
  deno: listenOnDeno,
  ws: listenOnWs,
};
