/**
 * The transport `deno`: Deno.serve and Deno's own WebSockets.
 *
 * @module
 */

import { listen, type Listener } from "./listener.ts";
import {
  LISTENER_NAME,
  type SocketEvents,
  type TransportOptions,
  type Upgrade,
} from "./transport.ts";

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
        get completed() {
          return info.completed.catch(() => {});
        },
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
  new Ear(socket, answer);
  return response;
}

/** What an ear hears; a close event follows each error event. */
const HEARD = ["open", "message", "close"] as const;

/**
 * Hears a socket: one object for all its events, which keeps nothing of the request once it is
 * open. Handlers in `onopen` and so on cost an idle connection 2 KiB more.
 */
class Ear implements EventListenerObject {
  readonly #socket: WebSocket;
  #opening: { readonly answer: Upgrade; readonly timer: ReturnType<typeof setTimeout> } | undefined;
  #events: SocketEvents | undefined;

  constructor(socket: WebSocket, answer: Upgrade) {
    this.#socket = socket;
    const timer = setTimeout(() => answer.abandon(), OPEN_TIMEOUT_MS);
    this.#opening = { answer, timer };
    for (const type of HEARD) socket.addEventListener(type, this);
  }

  handleEvent(event: Event): void {
    if (event instanceof MessageEvent) this.#events?.message?.(event.data);
    else if (event instanceof CloseEvent) this.#close(event);
    else this.#open();
  }

  #open(): void {
    if (this.#opening === undefined) return;
    const { answer, timer } = this.#opening;
    this.#opening = undefined;
    clearTimeout(timer);
    this.#events = answer.open(this.#socket);
  }

  #close({ code, reason }: CloseEvent): void {
    this.#opening?.answer.abandon();
    clearTimeout(this.#opening?.timer);
    this.#events?.closed(code, reason);
    // Deno keeps the socket of a client that broke off until its idle timer fires; not this.
    for (const type of HEARD) this.#socket.removeEventListener(type, this);
  }
}

function addressOf({ remoteAddr }: Deno.ServeHandlerInfo): string {
  return "hostname" in remoteAddr ? remoteAddr.hostname : "local";
}
