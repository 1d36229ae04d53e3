/**
 * The transport `deno`: Deno.serve and Deno's own WebSockets.
 *
 * @module
 */

import { listen, type Listener } from "./listener.ts";
import { LISTENER_NAME, type TransportOptions, type Upgrade } from "./transport.ts";

/**
 * How long to wait for a socket that was upgraded and has not opened, in milliseconds. If its
 * client left just then, Deno tells nothing, ever.
 */
const OPEN_TIMEOUT_MS = 5_000;

/**
 * Starts to listen with Deno.serve.
 *
 * @throws {Deno.errors.AddrInUse} If the port is taken.
 */
// deno-lint-ignore require-await -- what it throws must reject
export async function listenOnDeno(options: TransportOptions): Promise<Listener> {
  const { handle, pingIntervalMs } = options;
  return listen(LISTENER_NAME, {
    ...options,
    async handle(request, info) {
      void request.signal.aborted; // Deno notes that a client leaves from now on only
      const answer = await handle({
        request,
        remoteAddress: addressOf(info), // it cannot be read any more once a socket opens
        completed: info.completed.catch(() => {}),
      });
      return answer instanceof Response ? answer : upgrade(request, answer, pingIntervalMs);
    },
  });
}

/** Upgrades. Deno pings after half of its idle timeout, and closes with 1001 after the rest. */
function upgrade(request: Request, answer: Upgrade, pingIntervalMs: number): Response {
  const { socket, response } = Deno.upgradeWebSocket(request, {
    idleTimeout: 2 * pingIntervalMs / 1000,
  });
  const openTimer = setTimeout(() => answer.abandon(), OPEN_TIMEOUT_MS);
  socket.onopen = () => {
    clearTimeout(openTimer);
    const events = answer.open(socket);
    socket.onmessage = ({ data }) => events.message?.(data);
    socket.onclose = ({ code, reason }) => {
      events.closed(code, reason);
      // Deno keeps the socket of a client that broke off until its idle timer fires; not this.
      socket.onopen = socket.onmessage = socket.onclose = null;
    };
  };
  socket.onerror = () => {}; // told by the close event that follows
  return response;
}

function addressOf({ remoteAddr }: Deno.ServeHandlerInfo): string {
  return "hostname" in remoteAddr ? remoteAddr.hostname : "local";
}
