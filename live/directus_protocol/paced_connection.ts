/**
 * Pauses between the messages of one client.
 *
 * @module
 */

import type { Connection } from "../connection/connection.ts";
import { TokenBucket, type TokenBucketOptions } from "../connection/token_bucket.ts";

/**
 * How long a connection has no room after a message, in milliseconds. The hub visits it again after
 * `RETRY_MS`, which is longer.
 */
const PAUSE_MS = 10;

/**
 * The number of pauses is limited, so that a client lags by a quarter of a second at most. Beyond ten
 * messages a second there are no pauses.
 */
const PAUSES = { perSecond: 10, burst: 10 } as const;

/**
 * The connection of a client that needs time between two messages, as its subscriptions see it. Directus's
 * SDK adds a new listener for each message. In Node.js and Deno it therefore loses a message that arrives
 * together with another.
 *
 * During a pause it looks like a socket without room, so messages wait in the topics' logs, in their order.
 */
export class PacedConnection implements Pick<Connection, "ended" | "hasRoom" | "deliver"> {
  readonly #connection: Pick<Connection, "ended" | "hasRoom" | "deliver">;
  readonly #pauses: TokenBucket;
  #pause: ReturnType<typeof setTimeout> | undefined;
  /** Frames that wait for the end of the pause. */
  readonly #waiting: string[] = [];

  /** Creates a connection that has room. */
  constructor(
    connection: Pick<Connection, "ended" | "hasRoom" | "deliver">,
    clock: Pick<TokenBucketOptions, "now"> = {},
  ) {
    this.#connection = connection;
    this.#pauses = new TokenBucket({ ...PAUSES, ...clock });
  }

  get ended(): boolean {
    return this.#connection.ended;
  }

  get hasRoom(): boolean {
    return this.#pause === undefined && this.#connection.hasRoom;
  }

  /** Sends a frame, even during a pause. Returns whether the socket took it. Never throws. */
  deliver(frame: string): boolean {
    if (!this.#connection.deliver(frame)) return false;
    // A timer ends the pause, because the hub does not expect `hasRoom` to change during a turn.
    if (this.#pause === undefined && this.#pauses.take()) {
      this.#pause = setTimeout(() => this.#endPause(), PAUSE_MS);
    }
    return true;
  }

  /** Sends a frame that is in no log when the pause is over, before there is room for what is in the logs. */
  deliverAfterPause(frame: string): void {
    if (this.#pause === undefined) this.deliver(frame);
    else this.#waiting.push(frame);
  }

  /** Stops the timer. Called once, when the connection has ended. */
  end(): void {
    clearTimeout(this.#pause);
  }

  #endPause(): void {
    this.#pause = undefined;
    // A frame that is sent may begin the next pause.
    while (this.#pause === undefined) {
      const frame = this.#waiting.shift();
      if (frame === undefined) return;
      this.deliver(frame);
    }
  }
}
