/**
 * The heartbeat of a transport that sends its own pings.
 *
 * @module
 */

import { QuietTimer } from "../domain/quiet_timer.ts";

/** What a heartbeat needs of a socket. */
export interface Pingable {
  /** Sends a ping. */
  ping(): void;
  /** Ends the connection at once, whatever its peer does. */
  terminate(): void;
}

/** Pings a peer that was silent for an interval, and terminates one that stays silent for another. */
export class Heartbeat {
  readonly #timer: QuietTimer;
  #pinged = false;

  /** Starts to watch a socket that has just opened. The interval is in milliseconds. */
  constructor(socket: Pingable, intervalMs: number) {
    this.#timer = new QuietTimer(intervalMs, () => {
      if (this.#pinged) {
        this.stop();
        return socket.terminate();
      }
      this.#pinged = true;
      socket.ping();
    });
  }

  /** Notes that the peer is alive. */
  seen(): void {
    this.#timer.active();
    this.#pinged = false;
  }

  /** Stops, as the socket is gone. */
  stop(): void {
    this.#timer.stop();
  }
}
