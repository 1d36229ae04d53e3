/**
 * What the fan-out does in one turn of the event loop.
 *
 * @module
 */

import type { Metrics } from "../domain/metrics.ts";
import type { Wire } from "../domain/wire.ts";
import { type Frame, type FrameTarget, makeFrame } from "./frame.ts";
import type { OpenTopic } from "./subscription.ts";

/**
 * What one turn may hand over, as the time in microseconds that Deno needs to write it. A send only
 * queues: Deno writes about 60 frames (tokio's event interval is 61) before it looks at sockets and
 * timers again. Anything beyond that would delay what comes in meanwhile: upgrades, publish calls,
 * pongs.
 */
const BUDGET_US = 600;

/** What a write costs, whatever its size, in microseconds: measured, and rounded. */
const FRAME_US = 10;

/** What each UTF-16 code unit adds, in microseconds. */
const UNIT_US = 0.0015;

/** What visiting a subscriber costs to which nothing is due, in microseconds. */
const VISIT_US = 0.1;

/** How long one turn may hold the event loop whatever happens, in milliseconds. */
const MAX_TURN_MS = 4;

/** Rendered frames by the position that they start from: see {@linkcode positionOf}. */
type FramesByPosition = Map<number | string, Frame | undefined>;

/**
 * One turn: how much of its budget is left, the frames rendered in it, and what was sent.
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

  /** Takes the cost of a visit from the budget. */
  visited(): void {
    this.#leftUs -= VISIT_US;
  }

  /** Takes the cost of a sent frame from the budget. */
  sent(length: number): void {
    this.#leftUs -= FRAME_US + length * UNIT_US;
  }

  /** Counts what a sent frame carried. */
  count({ isStart, parts, skipped }: Frame, conflated: boolean): void {
    if (isStart) this.#starts++;
    else this.#messages += parts.length;
    this.#skipped += skipped;
    if (conflated) this.#conflated += skipped;
  }

  /**
   * Returns the next frame for a subscriber; `undefined` if nothing that is due is still held.
   *
   * @param conflate Whether it gets the newest state instead of everything.
   */
  frameFor(target: FrameTarget, conflate: boolean): Frame | undefined {
    const frames = this.#framesOf(target);
    const position = positionOf(target, conflate);
    if (!frames.has(position)) frames.set(position, makeFrame(target, { conflate }));
    return frames.get(position);
  }

  /** Reports to the metrics what was sent: once a turn, as a count costs as much as a message. */
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

/** Returns what tells positions apart; a number in all but rare cases. */
function positionOf(target: FrameTarget, conflate: boolean): number | string {
  const { topic: { log }, epoch, offset, snapshotUpTo } = target;
  if (epoch !== log.epoch) return epoch;
  const position = conflate ? -1 - offset : offset;
  return snapshotUpTo === 0 ? position : `${position} ${snapshotUpTo}`;
}
