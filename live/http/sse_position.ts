/**
 * Where a stream of server-sent events stands, and how it goes on after a break.
 *
 * @module
 */

import type { Cursor } from "../domain/broker.ts";

/** As much of a message as says where its topic stands. */
export interface PositionMessage {
  /** The message's type. */
  readonly type: string;
  /** Name of the topic, if it is about one. */
  readonly topic?: string;
  /** Name of the log's life, in `subscribed`. */
  readonly epoch?: string;
  /** Up to where the client has read with this message. */
  readonly offset?: number;
}

/** One topic's position: the epoch, a colon, the offset. */
const POSITION = /^(.+):(\d{1,16})$/;

/**
 * The positions of a stream's topics. They go out as the events' `id`, one for each topic in the
 * order in which the URL names them: `epoch:offset,epoch:offset`, and nothing for a topic that has
 * not begun. An `EventSource` that lost its connection sends the last one it got as
 * `Last-Event-ID`, to the same URL, and so misses nothing.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { StreamPosition } from "./sse_position.ts";
 *
 * const position = new StreamPosition(["event:1", "event:2"], "a1:17,");
 * assertEquals(position.since("event:1"), { epoch: "a1", offset: 17 });
 * assertEquals(position.advance({ type: "message", topic: "event:1", offset: 18 }), "a1:18,");
 * ```
 */
export class StreamPosition {
  /** By topic, in the URL's order. */
  readonly #cursors: Map<string, Cursor | undefined>;

  /**
   * Creates a position.
   *
   * @param topics Names of the stream's topics, each once.
   * @param lastEventId Where the client stands; what is malformed counts as not told.
   */
  constructor(topics: readonly string[], lastEventId: string | null) {
    const told = lastEventId?.split(",") ?? [];
    const fits = told.length === topics.length;
    this.#cursors = new Map(
      topics.map((topic, index) => [topic, fits ? parseCursor(told[index]) : undefined]),
    );
  }

  /** Returns up to where the client has read a topic, if that is known. */
  since(topic: string): Cursor | undefined {
    return this.#cursors.get(topic);
  }

  /** Moves on with a message that is sent, and returns the id of its event if it moves anything. */
  advance({ type, topic, epoch, offset }: PositionMessage): string | undefined {
    if (topic === undefined || offset === undefined || !this.#cursors.has(topic)) return undefined;
    const known = type === "subscribed" ? epoch : this.#cursors.get(topic)?.epoch;
    if (known === undefined) return undefined;
    this.#cursors.set(topic, { epoch: known, offset });
    return this.#id();
  }

  #id(): string {
    return Array.from(
      this.#cursors.values(),
      (cursor) => cursor === undefined ? "" : `${cursor.epoch}:${cursor.offset}`,
    ).join();
  }
}

function parseCursor(text = ""): Cursor | undefined {
  const [, epoch, digits] = POSITION.exec(text) ?? [];
  const offset = Number(digits);
  if (epoch === undefined || !Number.isSafeInteger(offset)) return undefined;
  return { epoch, offset };
}
