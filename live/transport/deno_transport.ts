/**
 * The transport `deno`: Deno.serve and Deno's own WebSockets.
 *
 * @module
 */

import { denoIncoming, denoResponse } from "./deno_exchange.ts";
import type { Listener } from "./kept_listener.ts";
import { listen } from "./listener.ts";
import { LISTENER_NAME, type TransportOptions } from "./transport.ts";

/**
 * Starts to listen with Deno.serve.
 *
 * @throws {Deno.errors.AddrInUse} If the port is taken.
 */
// deno-lint-ignore require-await -- errors must reject
export async function listenOnDeno(options: TransportOptions): Promise<Listener> {
  const { handle, pingIntervalMs } = options;
  return listen(LISTENER_NAME, {
    ...options,
    handle: async (request, info) =>
      denoResponse(request, await handle(denoIncoming(request, info)), pingIntervalMs),
  });
}
