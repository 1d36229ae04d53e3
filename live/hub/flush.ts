/**
 * The work of the fan-out in one turn of the event loop.
 *
 * @module
 */

import type { Metrics } from "../domain/metrics.ts";
import type { Wire } from "../domain/wire.ts";
import { type Frame, type FrameTarget, makeFrame } from "./frame.ts";
import type { OpenTopic } from "./subscription.ts";

/**
 * How much one turn may send, as the time in microseconds that Deno needs to write it. A send only
 * queues: Deno writes about 60 frames (tokio's event interval is 61) before it looks at sockets and
 * timers again. Sending more at once would delay upgrades, publish calls and pongs.
 */
const BUDGET_US = 600;

/** Cost of a write of any size, in microseconds: measured, and rounded. */
const FRAME_US = 10;

/** Cost of each UTF-16 code unit of a write, in microseconds. */
const UNIT_US = 0.0015;

/** Cost of visiting a subscriber, in microseconds. */
const VISIT_US = 0.1;

/** Upper bound of one turn, in milliseconds, even if it has sent little. */
const MAX_TURN_MS = 4;

/** Rendered frames by position: see {@linkcode positionOf}. */
type FramesByPosition = Map<number | string, Frame | undefined>;

/**
 * One turn: its remaining budget, the frames rendered in it, and counts of what was sent.
 *
 * No log grows during a turn, so all subscribers of a topic with the same wire and position share one
 * frame, which is rendered once.
 */
export class Flush {
  readonly #now: () => number;
  readonly #until: number;
  readonly #frames = new Map<OpenTopic, Map<Wire, FramesByPosition>>();
  #leftUs = BUDGET_US;
  #messages = 0;
  #starts = 0;
  #skipped = 0;
  #conflated = 0;

  /** Begins a turn. */
  constructor(now: () => number) {
    this.#now = now;
    this.#until = now() + MAX_TURN_MS;
  }

  /** Whether this turn's budget is spent. */
  get isOver(): boolean {
    return this.#leftUs <= 0 || this.#now() > this.#until;
  }

  /** Charges a visit to the budget. */
  visited(): void {
    this.#leftUs -= VISIT_US;
  }

  /** Charges a sent frame to the budget. */
  sent(length: number): void {
    this.#leftUs -= FRAME_US + length * UNIT_US;
  }

  /** Counts what a sent frame carried. */
  count({ isStart, isConflated, parts, skipped }: Frame): void {
    if (isStart) this.#starts++;
    else this.#messages += parts.length;
    this.#skipped += skipped;
    if (isConflated) this.#conflated += skipped;
  }

  /**
   * Returns the next frame for a subscriber; `undefined` if the log no longer holds anything that is due.
   *
   * @param conflate Whether it gets the newest state instead of everything.
   */
  frameFor(target: FrameTarget, conflate: boolean): Frame | undefined {
    const frames = this.#framesOf(target);
    const position = positionOf(target, conflate);
    if (!frames.has(position)) frames.set(position, makeFrame(target, { conflate }));
    return frames.get(position);
  }

  /**
   * Reports the counts to the metrics. It is called once a turn, because a report costs as much as a
   * message.
   */
  report(metrics: Metrics): void {
    if (this.#messages > 0) metrics.sent("message", this.#messages);
    if (this.#starts > 0) metrics.sent("subscribed", this.#starts);
    if (this.#skipped > 0) metrics.skipped(this.#skipped);
    if (this.#conflated > 0) metrics.conflated(this.#conflated);
  }

  #framesOf({ topic, subscriber: { wire } }: FrameTarget): FramesByPosition {
    let wires = this.#frames.get(topic);
    if (wires === undefined) this.#frames.set(topic, wires = new Map());
    let frames = wires.get(wire);
    if (frames === undefined) wires.set(wire, frames = new Map());
    return frames;
  }
}

/** Returns a position as a key for maps. It is nearly always a number, which allocates nothing. */
function positionOf(target: FrameTarget, conflate: boolean): number | string {
  const { topic: { log }, epoch, offset, snapshotUpTo } = target;
  if (epoch !== log.epoch) return epoch;
  const position = conflate ? -1 - offset : offset;
  return snapshotUpTo === 0 ? position : `${position} ${snapshotUpTo}`;
}
