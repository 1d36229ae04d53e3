/**
 * The search for peers that have stopped reading.
 *
 * @module
 */

import type { Connection } from "../connection/connection.ts";
import { BACKPRESSURE_REASON, CloseCode } from "../domain/close_codes.ts";
import type { Registry } from "./registry.ts";

/** What a sweep needs. */
export interface SweepOptions {
  /** Knows the connections. */
  readonly registry: Registry;
  /** What one connection may hold unsent, in bytes. */
  readonly thresholdBytes: number;
  /** How long a peer may take nothing of the little that waits for it, in milliseconds. */
  readonly silentMs: number;
  /** A clock that never goes back, in milliseconds. @default {performance.now} */
  readonly now?: () => number;
}

/** How often all connections are looked at, in milliseconds. */
const EVERY_MS = 1_000;

/** How much a connection had drained, and since when no more. */
interface Suspect {
  readonly drained: number;
  readonly since: number;
}

/**
 * Ends with 1008 what holds something unsent and drains nothing: within a second or two if it is more
 * than the threshold, else when a peer that does not answer would be given up as well. Deno's own
 * ping does not find them: it waits behind what is unsent.
 */
export class Sweep {
  readonly #options: SweepOptions;
  readonly #now: () => number;
  #suspects = new Map<Connection, Suspect>();
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Creates a sweep that looks at nothing before {@linkcode start}. */
  constructor(options: SweepOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** Begins to look, every second. */
  start(): void {
    this.#timer ??= setInterval(() => this.#look(), EVERY_MS);
  }

  /** Looks no more. */
  stop(): void {
    clearInterval(this.#timer);
    this.#suspects.clear();
  }

  #look(): void {
    const { registry, thresholdBytes, silentMs } = this.#options;
    const now = this.#now();
    const suspects = new Map<Connection, Suspect>();
    for (const connection of registry.all()) {
      const { bufferedBytes } = connection;
      if (bufferedBytes === 0) continue;
      const { drained } = connection;
      const known = this.#suspects.get(connection);
      const suspect = known?.drained === drained ? known : { drained, since: now };
      const patienceMs = bufferedBytes > thresholdBytes ? EVERY_MS : silentMs;
      if (now - suspect.since < patienceMs) suspects.set(connection, suspect);
      else connection.end(CloseCode.PolicyViolation, BACKPRESSURE_REASON);
    }
    this.#suspects = suspects;
  }
}
