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
  /** Breaks the connection at once, without a closing handshake. */
  terminate(): void;
}

/** Pings a peer after an interval of silence, and breaks the connection after another. */
export class Heartbeat {
  readonly #timer: QuietTimer;
  #pinged = false;

  /** Starts the heartbeat of a socket that has just opened; the interval is in milliseconds. */
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

  /** Notes that the peer has sent something. */
  seen(): void {
    this.#timer.active();
    this.#pinged = false;
  }

  /** Stops. Call it when the socket has closed. */
  stop(): void {
    this.#timer.stop();
  }
}
