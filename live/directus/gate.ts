/**
 * At most so many calls at a time, and a queue that nobody waits in for long.
 *
 * @module
 */

import type { Unavailable } from "../domain/authority.ts";
import type { Metrics } from "../domain/metrics.ts";

/** What a gate needs. */
export interface GateOptions {
  /** Calls in flight, at most. */
  readonly maxInFlight: number;
  /** Calls that wait for their turn, at most. */
  readonly maxQueued: number;
  /** How long one waits for its turn, at most, in milliseconds. */
  readonly maxWaitMs: number;
  /** Takes the numbers of calls in flight and queued. */
  readonly metrics: Metrics;
  /** A clock that never goes back, in milliseconds. */
  readonly now: () => number;
  /** Returns a number from 0 to below 1. */
  readonly random: () => number;
}

/** Leave to make one call, now. */
export interface Turn {
  /** Tells the union's members apart. */
  readonly kind: "turn";
  /** How long it was waited for, in milliseconds. */
  readonly waitedMs: number;
  /** Gives the turn up, once the call has ended: the next in the queue has it. */
  readonly leave: () => void;
}

/** Bounds of the wait that those who find the queue full are told, in milliseconds. */
const MIN_RETRY_MS = 1_000;
const MAX_RETRY_MS = 30_000;

/** Sources whose time to come back is remembered; the oldest goes. */
const MAX_BOOKED = 10_000;

/** The weight of the newest call in the mean time that a call takes. */
const NEWEST = 0.1;

/** Lets calls through in the order in which they come. */
export class Gate {
  readonly #options: GateOptions;
  /** Those who wait, in their order: each is called once, with nothing if it is its turn. */
  readonly #queue = new Set<(answer?: Unavailable) => void>();
  #inFlight = 0;
  /** The mean time that a call takes, in milliseconds. */
  #meanMs = 0;
  /** When those who were sent away are to come back, by who they are, in their order. */
  readonly #booked = new Map<string, number>();
  /** When all of them could have been served, were they still queued. */
  #bookedUntil = -Infinity;

  /** Creates an open gate with an empty queue. */
  constructor(options: GateOptions) {
    this.#options = options;
  }

  /**
   * Waits for a turn. Resolves to `unavailable`, with an estimate of when there will be a turn, if
   * the queue is full or too slow.
   *
   * @param source Whose call it is: what one source is told is the same for all its calls, so that
   * a session's connections come back together, and cost one call.
   */
  enter(source: string): Promise<Turn | Unavailable> {
    const { maxInFlight, maxQueued, maxWaitMs, now } = this.#options;
    if (this.#inFlight < maxInFlight) return Promise.resolve(this.#begin(now()));
    const isFull = this.#queue.size >= maxQueued || this.#drainMs(this.#queue.size) > maxWaitMs;
    if (isFull) return Promise.resolve(this.#sendAway(source));
    const askedAt = now();
    const { promise, resolve } = Promise.withResolvers<Turn | Unavailable>();
    const settle = (answer?: Unavailable) => {
      clearTimeout(timer);
      this.#queue.delete(settle);
      if (answer !== undefined) this.#count();
      resolve(answer ?? this.#begin(askedAt));
    };
    const timer = setTimeout(() => settle(this.#sendAway(source)), maxWaitMs);
    this.#queue.add(settle);
    this.#count();
    return promise;
  }

  /** Answers all who wait, each by a call of its own. */
  clear(answer: () => Unavailable): void {
    for (const settle of this.#queue) settle(answer());
  }

  #begin(askedAt: number): Turn {
    const { now } = this.#options;
    const startedAt = now();
    let isOver = false;
    this.#inFlight++;
    this.#count();
    const leave = () => {
      if (isOver) return;
      isOver = true;
      this.#inFlight--;
      const elapsedMs = now() - startedAt;
      this.#meanMs += (elapsedMs - this.#meanMs) * (this.#meanMs === 0 ? 1 : NEWEST);
      const [next] = this.#queue;
      if (next === undefined) this.#count();
      else next();
    };
    return { kind: "turn", waitedMs: startedAt - askedAt, leave };
  }

  /** Estimates how long the calls before a new one take. */
  #drainMs(callsBefore: number): number {
    return callsBefore * this.#meanMs / this.#options.maxInFlight;
  }

  #sendAway(source: string): Unavailable {
    const { now, random } = this.#options;
    const waitMs = Math.max(MIN_RETRY_MS, this.#book(source) - now());
    const retryAfterMs = Math.round(waitMs * (1 + random() / 2));
    return { kind: "unavailable", reason: "too many calls to Directus wait", retryAfterMs };
  }

  /**
   * Finds a time to come back: each source gets a place behind the queue and behind those sent away
   * before, so that as many come back at a time as can be served.
   */
  #book(source: string): number {
    const now = this.#options.now();
    const known = this.#booked.get(source);
    if (known !== undefined && known > now) return known;
    const free = Math.max(this.#bookedUntil, now + this.#drainMs(this.#queue.size));
    this.#bookedUntil = Math.min(free + this.#drainMs(1), now + MAX_RETRY_MS);
    this.#booked.delete(source); // so that it comes last
    this.#booked.set(source, this.#bookedUntil);
    for (const [key, at] of this.#booked) {
      if (at > now && this.#booked.size <= MAX_BOOKED) break;
      this.#booked.delete(key);
    }
    return this.#bookedUntil;
  }

  #count(): void {
    this.#options.metrics.directusCalls(this.#inFlight, this.#queue.size);
  }
}
