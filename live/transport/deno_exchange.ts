/**
 * Requests and answers of Deno.serve.
 *
 * @module
 */

import type { Answer, Incoming, SocketEvents, Upgrade } from "./transport.ts";

/**
 * How long to wait for an upgraded socket to open, in milliseconds. If the client disconnects
 * during the upgrade, Deno fires no event at all.
 */
const OPEN_TIMEOUT_MS = 5_000;

/** Returns a request of Deno.serve in the form that the live server takes. */
export function denoIncoming(request: Request, info: Deno.ServeHandlerInfo): Incoming {
  void request.signal.aborted; // Deno detects a disconnect only after the signal was read once
  return {
    request,
    remoteAddress: addressOf(info), // Deno cannot read it any more once the socket has opened
    get completed() {
      return info.completed.catch(() => {});
    },
  };
}

/**
 * Returns the response for Deno.serve, and upgrades the connection if the answer is an upgrade. Deno pings
 * a silent peer after half of its idle timeout, and closes with 1001 after the other half.
 */
export function denoResponse(request: Request, answer: Answer, pingIntervalMs: number): Response {
  if (answer instanceof Response) return answer;
  const { socket, response } = Deno.upgradeWebSocket(request, {
    idleTimeout: 2 * pingIntervalMs / 1000,
  });
  new SocketEventAdapter(socket, answer);
  return response;
}

/** Types of the events that the adapter listens to. Deno fires a close event after each error event. */
const EVENT_TYPES = ["open", "message", "close"] as const;

/**
 * Listens to a socket's events and calls {@linkcode SocketEvents}. It is one object for all events, and
 * keeps nothing of the request after the opening. Separate handlers in `onopen` and so on would cost an
 * idle connection 2 KiB more.
 */
class SocketEventAdapter implements EventListenerObject {
  readonly #socket: WebSocket;
  #opening: { readonly answer: Upgrade; readonly timer: ReturnType<typeof setTimeout> } | undefined;
  #events: SocketEvents | undefined;

  constructor(socket: WebSocket, answer: Upgrade) {
    this.#socket = socket;
    const timer = setTimeout(() => answer.abandon(), OPEN_TIMEOUT_MS);
    this.#opening = { answer, timer };
    for (const type of EVENT_TYPES) socket.addEventListener(type, this);
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
    // After an abrupt disconnect, Deno keeps the socket until its idle timer fires. Free everything else
    // now.
    for (const type of EVENT_TYPES) this.#socket.removeEventListener(type, this);
  }
}

function addressOf({ remoteAddr }: Deno.ServeHandlerInfo): string {
  return "hostname" in remoteAddr ? remoteAddr.hostname : "local";
}
