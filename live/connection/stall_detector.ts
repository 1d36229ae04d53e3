/**
 * Detection of peers that have stopped reading.
 *
 * @module
 */

import { BACKPRESSURE_REASON, CloseCode } from "../domain/close_codes.ts";
import { readingTimeMs } from "../domain/reading_time.ts";
import type { Connection } from "./connection.ts";
import type { Registry } from "./registry.ts";

/** What the detector needs. */
export interface StallDetectorOptions {
  /** Holds the connections. */
  readonly registry: Registry;
  /** How much one connection may hold unsent before it is closed with 1008, in bytes. */
  readonly thresholdBytes: number;
  /** Returns the backlog that waits for a connection outside its socket, in bytes. */
  readonly backlogOf: (connection: Connection) => number;
  /** How long a peer may read nothing while less than the threshold waits for it, in milliseconds. */
  readonly silentMs: number;
  /** A monotonic clock, in milliseconds. @default {performance.now} */
  readonly now?: () => number;
}

/** How often all connections are checked, in milliseconds. */
const INTERVAL_MS = 1_000;

/** How much a connection had drained, and when that last changed. */
interface Stall {
  readonly drained: number;
  readonly since: number;
}

/**
 * Closes connections with 1008 if data waits for the peer, and the peer reads nothing. More data than the
 * threshold may wait for two seconds; less may wait for the time in which a peer must answer a ping. Deno's
 * own ping does not find such peers, because it queues behind the unsent data.
 *
 * A socket reports only whole frames as drained. So every peer also gets the time that a slow reader needs
 * for everything that its socket holds: see {@linkcode readingTimeMs}.
 */
export class StallDetector {
  readonly #options: StallDetectorOptions;
  readonly #now: () => number;
  #stalls = new Map<Connection, Stall>();
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Creates a detector that does nothing before {@linkcode start}. */
  constructor(options: StallDetectorOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Starts to check all connections every second. */
  start(): void {
    this.#timer ??= setInterval(() => this.#check(), INTERVAL_MS);
  }

  /** Stops. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#stalls.clear();
  }

  #check(): void {
    const { registry, thresholdBytes, silentMs, backlogOf } = this.#options;
    const now = this.#now();
    const stalls = new Map<Connection, Stall>();
    for (const connection of registry.all()) {
      const { bufferedBytes, drained } = connection;
      if (bufferedBytes === 0) continue;
      const known = this.#stalls.get(connection);
      const stall = known?.drained === drained ? known : { drained, since: now };
      const isOver = bufferedBytes > thresholdBytes ||
        bufferedBytes + backlogOf(connection) > thresholdBytes;
      const toleranceMs = Math.max(isOver ? INTERVAL_MS : silentMs, readingTimeMs(bufferedBytes));
      if (now - stall.since < toleranceMs) stalls.set(connection, stall);
      else connection.end(CloseCode.PolicyViolation, BACKPRESSURE_REASON);
    }
    this.#stalls = stalls;
  }
}
