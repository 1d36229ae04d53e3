/**
 * What the fan-out does in one turn of the event loop.
 *
 * @module
 */

import type { Metrics } from "../domain/metrics.ts";
import { type Frame, makeFrame } from "./frame.ts";
import type { OpenTopic, Subscription } from "./subscription.ts";

/**
 * What a turn may hand over, as the time in microseconds that Deno needs to write it. A send only
 * queues: Deno writes some 60 frames (tokio's event interval is 61) before it looks at sockets and
 * timers again. What is handed over beyond that piles up before all that comes in meanwhile:
 * upgrades, publish calls, pongs.
 */
const BUDGET_US = 600;

/** What a write costs, whatever its size; as measured, and no more exact than it needs to be. */
const FRAME_US = 10;

/** What each UTF-16 code unit of it adds. */
const UNIT_US = 0.0015;

/** What passing by a subscriber costs that lacks nothing. */
const VISIT_US = 0.1;

/** How long a turn may hold the event loop, in milliseconds, whatever takes so long. */
const MOST_MS = 4;

/** Frames by the place that they are for: see {@linkcode Turn.frameFor}. */
type Places = Map<number | string, Frame | undefined>;

/**
 * One turn: how much of it is left, the frames made in it, and what was sent.
 *
 * No log grows during a turn, so all subscribers of a topic that stand at the same place share one
 * frame, a string that is made once.
 */
export class Turn {
  readonly #now: () => number;
  readonly #until: number;
  readonly #frames = new Map<OpenTopic, Places>();
  #leftUs = BUDGET_US;
  #messages = 0;
  #starts = 0;
  #skipped = 0;
  #conflated = 0;

  /** Begins a turn. */
  constructor(now: () => number) {
    this.#now = now;
    this.#until = now() + MOST_MS;
  }

  /** Whether others should get theirs. */
  get isOver(): boolean {
    return this.#leftUs <= 0 || this.#now() > this.#until;
  }

  /** Takes note of a subscriber that was looked at. */
  visited(): void {
    this.#leftUs -= VISIT_US;
  }

  /** Takes note of a frame that was handed to a socket. */
  sent(length: number): void {
    this.#leftUs -= FRAME_US + length * UNIT_US;
  }

  /** Counts what a frame that was handed over carried. */
  count({ isStart, count, skipped }: Frame, conflated: boolean): void {
    if (isStart) this.#starts += count;
    else this.#messages += count;
    this.#skipped += skipped;
    if (conflated) this.#conflated += skipped;
  }

  /**
   * Returns the next frame for a subscriber; `undefined` if nothing of what it lacks is held.
   *
   * @param conflate Whether it is to get the newest state instead of everything.
   */
  frameFor({ topic, epoch, offset }: Subscription, conflate: boolean): Frame | undefined {
    let places = this.#frames.get(topic);
    if (places === undefined) this.#frames.set(topic, places = new Map());
    const place = epoch !== topic.log.epoch ? epoch : conflate ? -1 - offset : offset;
    if (!places.has(place)) places.set(place, makeFrame(topic, { epoch, offset }, { conflate }));
    return places.get(place);
  }

  /** Tells the metrics what was sent: once a turn, as each count costs as much as a message. */
  tell(metrics: Metrics): void {
    if (this.#messages > 0) metrics.sent("message", this.#messages);
    if (this.#starts > 0) metrics.sent("subscribed", this.#starts);
    if (this.#skipped > 0) metrics.skipped(this.#skipped);
    if (this.#conflated > 0) metrics.conflated(this.#conflated);
  }
}
