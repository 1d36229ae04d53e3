/**
 * The search for peers that have stopped reading.
 *
 * @module
 */

import { BACKPRESSURE_REASON, CloseCode } from "../domain/close_codes.ts";
import type { Connection } from "./connection.ts";
import type { Registry } from "./registry.ts";

/** What the detector needs. */
export interface StallDetectorOptions {
  /** All connections. */
  readonly registry: Registry;
  /** What may wait for one connection before it is closed with 1008, in bytes. */
  readonly thresholdBytes: number;
  /** Returns what waits for a connection beside what its socket holds, in bytes. */
  readonly backlogOf: (connection: Connection) => number;
  /** How long a peer may drain nothing though less than the threshold waits, in milliseconds. */
  readonly silentMs: number;
  /** A monotonic clock, in milliseconds. @default {performance.now} */
  readonly now?: () => number;
}

/** How often all connections are looked at, in milliseconds. */
const INTERVAL_MS = 1_000;

/** How much a connection had drained, and since when no more. */
interface Stall {
  readonly drained: number;
  readonly since: number;
}

/**
 * Closes connections with 1008 that hold something unsent and drain nothing: within two seconds if
 * more than the threshold waits for them, otherwise as late as a peer that answers no ping. Deno's
 * own ping does not find them, because it queues behind what is unsent.
 *
 * A peer that drains, however slowly, is never closed.
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

  /** Starts to look, every second. */
  start(): void {
    this.#timer ??= setInterval(() => this.#look(), INTERVAL_MS);
  }

  /** Stops to look. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#stalls.clear();
  }

  #look(): void {
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
      const patienceMs = isOver ? INTERVAL_MS : silentMs;
      if (now - stall.since < patienceMs) stalls.set(connection, stall);
      else connection.end(CloseCode.PolicyViolation, BACKPRESSURE_REASON);
    }
    this.#stalls = stalls;
  }
}
