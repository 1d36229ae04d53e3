/**
 * A limit on how much runs at the same time.
 *
 * @module
 */

/** Bounds of a {@linkcode ConcurrencyLimiter}. */
export interface ConcurrencyLimiterOptions {
  /** Slots that may be taken at the same time. */
  readonly maxConcurrency: number;
  /** Callers that may wait for a slot. @default {Infinity} */
  readonly maxQueued?: number;
  /** Longest wait for a slot, in milliseconds. @default {Infinity} */
  readonly maxWaitMs?: number;
  /** Called when a slot is taken or freed, and when the queue changes. @default {nothing} */
  readonly onChange?: (inFlight: number, queued: number) => void;
  /** Monotonic clock, in milliseconds. @default {performance.now} */
  readonly now?: () => number;
}

/** A taken slot. Disposing of it passes it to the next caller in the queue. */
export interface Slot extends Disposable {
  /** How long the caller waited for the slot, in milliseconds. */
  readonly waitedMs: number;
}

/** Weight of the newest sample in the moving average of how long a slot is held. */
const NEWEST_WEIGHT = 0.1;

/**
 * Hands out a fixed number of slots, first come, first served.
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { ConcurrencyLimiter } from "./concurrency_limiter.ts";
 *
 * const limiter = new ConcurrencyLimiter({ maxConcurrency: 1, maxQueued: 0 });
 * {
 *   using _slot = await limiter.acquire();
 *   assertEquals(await limiter.acquire(), undefined);
 * }
 * assert(await limiter.acquire());
 * ```
 */
export class ConcurrencyLimiter {
  readonly #options: Required<ConcurrencyLimiterOptions>;
  /** Settles the waiting callers, oldest first: each gets a slot, or is rejected. */
  readonly #queue = new Set<(isGranted: boolean) => void>();
  #inFlight = 0;
  /** Moving average of how long a slot is held, in milliseconds. */
  #averageMs = 0;

  /** Creates a limiter whose slots are all free. */
  constructor(options: ConcurrencyLimiterOptions) {
    this.#options = {
      maxQueued: Infinity,
      maxWaitMs: Infinity,
      onChange() {},
      now: () => performance.now(),
      ...options,
    };
  }

  /**
   * Waits for a slot. Resolves to `undefined` if the queue is full or would take longer than
   * `maxWaitMs`, after `maxWaitMs`, or when {@linkcode rejectQueued} is called. Without bounds it
   * always resolves to a slot.
   */
  acquire(): Promise<Slot | undefined> {
    const { maxConcurrency, maxQueued, maxWaitMs, now } = this.#options;
    const queuedAt = now();
    if (this.#inFlight < maxConcurrency) return Promise.resolve(this.#grant(queuedAt));
    const isFull = this.#queue.size >= maxQueued || this.estimateWaitMs() > maxWaitMs;
    if (isFull) return Promise.resolve(undefined);
    const { promise, resolve } = Promise.withResolvers<Slot | undefined>();
    const settle = (isGranted: boolean) => {
      clearTimeout(timer);
      this.#queue.delete(settle);
      if (isGranted) return resolve(this.#grant(queuedAt));
      this.#changed();
      resolve(undefined);
    };
    const timer = maxWaitMs === Infinity ? undefined : setTimeout(settle, maxWaitMs, false);
    this.#queue.add(settle);
    this.#changed();
    return promise;
  }

  /** Rejects every caller in the queue. Slots that are taken stay so. */
  rejectQueued(): void {
    for (const settle of this.#queue) settle(false);
  }

  /** Estimates how long it takes to serve this many callers, by default the queue, in milliseconds. */
  estimateWaitMs(callers: number = this.#queue.size): number {
    return callers * this.#averageMs / this.#options.maxConcurrency;
  }

  #grant(queuedAt: number): Slot {
    const { now } = this.#options;
    const grantedAt = now();
    this.#inFlight++;
    this.#changed();
    return {
      waitedMs: grantedAt - queuedAt,
      [Symbol.dispose]: () => this.#release(now() - grantedAt),
    };
  }

  #release(heldMs: number): void {
    this.#inFlight--;
    this.#averageMs += (heldMs - this.#averageMs) * (this.#averageMs === 0 ? 1 : NEWEST_WEIGHT);
    const [next] = this.#queue;
    if (next === undefined) this.#changed();
    else next(true);
  }

  #changed(): void {
    this.#options.onChange(this.#inFlight, this.#queue.size);
  }
}
