/**
 * A limit on how much runs at the same time.
 *
 * @module
 */

/** Callers of one kind, which queue among themselves. */
export interface Lane {
  /**
   * The lane's share of the freed slots while other lanes queue too, relative to the weights of these.
   * @default {1}
   */
  readonly weight?: number;
  /** Callers that may wait for a slot. @default {Infinity} */
  readonly maxQueued?: number;
  /** Longest wait for a slot, in milliseconds. @default {Infinity} */
  readonly maxWaitMs?: number;
}

/** Bounds of a {@linkcode ConcurrencyLimiter}. */
export interface ConcurrencyLimiterOptions<L extends string = "only"> {
  /** Slots that may be taken at the same time. */
  readonly maxConcurrency: number;
  /** The lanes by name. @default {one lane without bounds} */
  readonly lanes?: Readonly<Record<L, Lane>>;
  /** Called when a slot is taken or freed, and when a queue changes. @default {nothing} */
  readonly onChange?: (inFlight: number, queued: number) => void;
  /** Monotonic clock, in milliseconds. @default {performance.now} */
  readonly now?: () => number;
}

/** A lane with its queue. */
interface QueuedLane extends Required<Lane> {
  /** Settles the waiting callers, oldest first: each gets a slot, or is rejected. */
  readonly queue: Set<(isGranted: boolean) => void>;
  /** Slots that the lane got, divided by its weight: the lane with the lowest number is next. */
  served: number;
}

/** Weight of the newest sample in the moving average of how long a slot is held. */
const NEWEST_WEIGHT = 0.1;

/**
 * Hands out a fixed number of slots. Within a lane callers are served in order. Lanes share the freed slots
 * by weight, so that a flood in one lane cannot keep the others waiting (stride scheduling). A lane that
 * was idle gets no extra slots later.
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { ConcurrencyLimiter } from "./concurrency_limiter.ts";
 *
 * const limiter = new ConcurrencyLimiter({ maxConcurrency: 1, lanes: { only: { maxQueued: 0 } } });
 * {
 *   using _slot = await limiter.acquire();
 *   assertEquals(await limiter.acquire(), undefined);
 * }
 * assert(await limiter.acquire());
 * ```
 */
export class ConcurrencyLimiter<L extends string = "only"> {
  readonly #maxConcurrency: number;
  readonly #onChange: (inFlight: number, queued: number) => void;
  readonly #now: () => number;
  readonly #lanes: ReadonlyMap<string, QueuedLane>;
  #inFlight = 0;
  /** The `served` of the lane that got the newest slot, before it got that slot. */
  #served = 0;
  /** Moving average of how long a slot is held, in milliseconds. */
  #averageMs = 0;

  /** Creates a limiter whose slots are all free. */
  constructor(options: ConcurrencyLimiterOptions<L>) {
    const { lanes = { only: {} }, onChange = () => {}, now = () => performance.now() } = options;
    this.#maxConcurrency = options.maxConcurrency;
    this.#onChange = onChange;
    this.#now = now;
    this.#lanes = new Map(
      Object.entries<Lane>(lanes).map(([name, lane]) => [name, {
        weight: 1,
        maxQueued: Infinity,
        maxWaitMs: Infinity,
        ...lane,
        queue: new Set(),
        served: 0,
      }]),
    );
  }

  /**
   * Waits for a slot. Resolves to `undefined` if the lane's queue is full or would take longer than
   * its `maxWaitMs`, after `maxWaitMs`, or when {@linkcode rejectQueued} is called. Without bounds it
   * always resolves to a slot. Disposing of the slot passes it on.
   *
   * @param name The caller's lane. @default {the first}
   */
  acquire(name?: L): Promise<Disposable | undefined> {
    const lane = this.#lane(name);
    const { queue, maxQueued, maxWaitMs } = lane;
    if (queue.size === 0) lane.served = Math.max(lane.served, this.#served);
    if (this.#inFlight < this.#maxConcurrency) return Promise.resolve(this.#grant(lane));
    const isFull = queue.size >= maxQueued || this.estimateWaitMs(name) > maxWaitMs;
    if (isFull) return Promise.resolve(undefined);
    const { promise, resolve } = Promise.withResolvers<Disposable | undefined>();
    const settle = (isGranted: boolean) => {
      clearTimeout(timer);
      queue.delete(settle);
      if (isGranted) return resolve(this.#grant(lane));
      this.#changed();
      resolve(undefined);
    };
    const timer = maxWaitMs === Infinity ? undefined : setTimeout(settle, maxWaitMs, false);
    queue.add(settle);
    this.#changed();
    return promise;
  }

  /** Rejects every caller in a queue. Slots that are taken stay taken. */
  rejectQueued(): void {
    for (const { queue } of this.#lanes.values()) for (const settle of queue) settle(false);
  }

  /**
   * Estimates how long it takes to serve callers of a lane, in milliseconds. It assumes that the lanes that
   * queue now continue to queue.
   *
   * @param name The lane. @default {the first}
   * @param callers How many. @default {its queue}
   */
  estimateWaitMs(name?: L, callers?: number): number {
    const lane = this.#lane(name);
    const weight = [...this.#lanes.values()]
      .filter(({ queue, weight }) => queue.size > 0 && weight < Infinity)
      .reduce((sum, { weight }) => sum + weight, lane.queue.size > 0 ? 0 : lane.weight);
    const share = lane.weight === Infinity ? 1 : lane.weight / weight;
    return (callers ?? lane.queue.size) * this.#averageMs / (this.#maxConcurrency * share);
  }

  #lane(name: L | undefined): QueuedLane {
    const [first] = this.#lanes.values();
    const lane = name === undefined ? first : this.#lanes.get(name);
    if (lane === undefined) throw new TypeError(`Cannot find the lane: current value is ${name}`);
    return lane;
  }

  #grant(lane: QueuedLane): Disposable {
    const grantedAt = this.#now();
    this.#served = lane.served;
    lane.served += 1 / lane.weight;
    this.#inFlight++;
    this.#changed();
    return { [Symbol.dispose]: () => this.#release(this.#now() - grantedAt) };
  }

  #release(heldMs: number): void {
    this.#inFlight--;
    this.#averageMs += (heldMs - this.#averageMs) * (this.#averageMs === 0 ? 1 : NEWEST_WEIGHT);
    const [lane] = [...this.#lanes.values()].filter(({ queue }) => queue.size > 0)
      .sort((a, b) => a.served - b.served);
    const [next] = lane?.queue ?? [];
    if (next === undefined) this.#changed();
    else next(true);
  }

  #changed(): void {
    const queued = [...this.#lanes.values()].reduce((sum, { queue }) => sum + queue.size, 0);
    this.#onChange(this.#inFlight, queued);
  }
}
