/**
 * Where a stream of server-sent events stands, and how it resumes after a break.
 *
 * @module
 */

import type { Cursor } from "../domain/broker.ts";
import type { LogName } from "../domain/wire.ts";

/** One topic's position: the epoch, a colon, the offset. */
const POSITION = /^(.+):(\d{1,16})$/;

/**
 * The positions of a stream's topics. They go out as the events' `id`, one for each topic in the
 * order of the URL: `epoch:offset,epoch:offset`, and nothing for a topic that has not begun. An
 * `EventSource` that lost its connection sends the last one it got as `Last-Event-ID`, to the same
 * URL, and so misses nothing.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { StreamPosition } from "./sse_position.ts";
 *
 * const position = new StreamPosition(["event:1", "event:2"], "a1:17,");
 * assertEquals(position.since("event:1"), { epoch: "a1", offset: 17 });
 * assertEquals(position.advance({ topic: "event:1", epoch: "a1" }, 18), "a1:18,");
 * ```
 */
export class StreamPosition {
  /** By topic, in the URL's order. */
  readonly #cursors: Map<string, Cursor | undefined>;

  /**
   * Creates a position.
   *
   * @param topics Names of the stream's topics, each once.
   * @param lastEventId What the client sent; a malformed position counts as none.
   */
  constructor(topics: readonly string[], lastEventId: string | null) {
    const sent = lastEventId?.split(",") ?? [];
    const fits = sent.length === topics.length;
    this.#cursors = new Map(
      topics.map((topic, index) => [topic, fits ? parseCursor(sent[index]) : undefined]),
    );
  }

  /** Returns up to where the client has read a topic, if that is known. */
  since(topic: string): Cursor | undefined {
    return this.#cursors.get(topic);
  }

  /** Moves one topic on, and returns the id of the event that does so. */
  advance({ topic, epoch }: LogName, offset: number): string {
    this.#cursors.set(topic, { epoch, offset });
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
