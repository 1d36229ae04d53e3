/**
 * The heartbeat of a transport whose pings are its own.
 *
 * @module
 */

/** As much of a socket as a heartbeat needs. */
export interface Pingable {
  /** Sends a ping. */
  ping(): void;
  /** Ends the connection at once, whatever its peer does. */
  terminate(): void;
}

/** Pings a peer that is silent for an interval, and terminates one that stays so for as long again. */
export class Heartbeat {
  readonly #socket: Pingable;
  readonly #intervalMs: number;
  #seenAt = Date.now();
  #pinged = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Begins to watch a socket that has just opened. */
  constructor(socket: Pingable, intervalMs: number) {
    this.#socket = socket;
    this.#intervalMs = intervalMs;
    this.#watch(intervalMs);
  }

  /** Takes note that the peer lives. */
  seen(): void {
    this.#seenAt = Date.now();
    this.#pinged = false;
  }

  /** Ends, as the socket is gone. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  /** A timer goes its whole way, and then sees how long it was quiet: cheaper than a new one a frame. */
  #watch(waitMs: number): void {
    this.#timer = setTimeout(() => {
      const quietMs = Math.max(0, Date.now() - this.#seenAt); // a clock may be set back
      if (quietMs < this.#intervalMs) return this.#watch(this.#intervalMs - quietMs);
      if (this.#pinged) return this.#socket.terminate();
      this.#pinged = true;
      this.#socket.ping();
      this.#watch(this.#intervalMs);
    }, waitMs);
  }
}
