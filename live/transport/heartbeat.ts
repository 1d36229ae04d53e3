/**
 * The heartbeat of a transport that sends its own pings.
 *
 * @module
 */

import { QuietTimer } from "../domain/quiet_timer.ts";
import { readingTimeMs } from "../domain/reading_time.ts";

/** What a heartbeat needs of a socket. */
export interface Pingable {
  /** Bytes that the kernel has taken so far. */
  readonly drainedBytes: number;
  /** Sends a ping. */
  ping(): void;
  /** Breaks the connection at once, without a closing handshake. */
  terminate(): void;
}

/** The most data that the kernels and proxies on the way to a peer can hold, in bytes. */
const MAX_ON_THE_WAY = 4_194_304;

/**
 * Pings a peer after an interval of silence, and breaks the connection after a second one.
 *
 * A ping queues behind the data on the way to the peer, which may be megabytes. So the peer also gets the
 * time that a slow reader needs for all data that was sent since it was last known to keep up.
 */
export class Heartbeat {
  readonly #socket: Pingable;
  readonly #timer: QuietTimer;
  /** When it was pinged, in milliseconds since 1970, and how much had drained by then. */
  #ping: { readonly sentAt: number; readonly drainedBytes: number } | undefined;
  /** How much had drained when the peer last showed that it keeps up, in bytes. */
  #confirmedBytes = 0;

  /** Starts the heartbeat of a socket that has just opened; the interval is in milliseconds. */
  constructor(socket: Pingable, intervalMs: number) {
    this.#socket = socket;
    this.#timer = new QuietTimer(intervalMs, () => {
      const { drainedBytes } = socket;
      if (this.#ping === undefined) {
        this.#ping = { sentAt: Date.now(), drainedBytes };
        return socket.ping();
      }
      const onTheWay = Math.min(drainedBytes - this.#confirmedBytes, MAX_ON_THE_WAY);
      const sinceMs = Date.now() - this.#ping.sentAt;
      if (sinceMs < readingTimeMs(onTheWay)) return; // look again after another interval
      this.stop();
      socket.terminate();
    });
  }

  /** Notes that the peer has sent something. */
  seen(): void {
    this.#timer.active();
    this.#confirmedBytes = (this.#ping ?? this.#socket).drainedBytes;
    this.#ping = undefined;
  }

  /** Stops. Call it when the socket has closed. */
  stop(): void {
    this.#timer.stop();
  }
}
