/**
 * The transport `ws`: node:http and npm `ws`, for servers that face the open internet without a proxy. It
 * limits what a client can use before it is authenticated, and can break any connection.
 *
 * @module
 */

import { KeptListener, type Listener } from "./kept_listener.ts";
import { LISTENER_NAME, type TransportOptions } from "./transport.ts";
import { WS_LIMITS, type WsLimits, WsServer } from "./ws_server.ts";

/**
 * Starts to listen with node:http.
 *
 * @param options Where to listen, and what answers requests.
 * @param limits Bounds of what a client can use before it is authenticated.
 * @throws {Deno.errors.AddrInUse} If the port is taken.
 */
export async function listenOnWs(
  options: TransportOptions,
  limits: WsLimits = WS_LIMITS,
): Promise<Listener> {
  const server = new WsServer(options, limits);
  const open = async (port: number) => {
    await server.listen(port);
    return server;
  };
  return new KeptListener(await open(options.port), open, { ...options, name: LISTENER_NAME });
}
