/**
 * The position of a stream of server-sent events, from which it resumes after a break.
 *
 * @module
 */

import type { Cursor } from "../domain/broker.ts";
import type { LogName } from "../domain/wire.ts";

/** A position in one topic: the epoch, a colon, the offset. */
const POSITION = /^(.+):(\d{1,16})$/;

/**
 * The positions in a stream's topics. They are sent as the events' `id`, one for each topic in the
 * order of the URL: `epoch:offset,epoch:offset`, and nothing for a topic that has not started. An
 * `EventSource` that lost its connection sends the last id as `Last-Event-ID`, to the same URL, and
 * so misses nothing.
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
   * @param lastEventId The header that the client sent; a malformed position counts as none.
   */
  constructor(topics: readonly string[], lastEventId: string | null) {
    const sent = lastEventId?.split(",") ?? [];
    const fits = sent.length === topics.length;
    this.#cursors = new Map(
      topics.map((topic, index) => [topic, fits ? parseCursor(sent[index]) : undefined]),
    );
  }

  /** Returns the position up to which the client has read a topic, if it is known. */
  since(topic: string): Cursor | undefined {
    return this.#cursors.get(topic);
  }

  /** Advances one topic, and returns the id of the event that does so. */
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
