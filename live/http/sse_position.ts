/**
 * The position of a stream of server-sent events, from which it resumes after a break.
 *
 * @module
 */

import type { Cursor } from "../domain/broker.ts";
import type { LogName } from "../domain/wire.ts";

/** A position in one topic: the epoch, a colon, the offset. */
const POSITION = /^(.+):(\d{1,16})$/;

/** The part of an answer that identifies its target. */
interface Answer {
  readonly topic?: string | undefined;
  readonly id?: string | undefined;
}

/**
 * The positions in a stream's topics and views. They are sent as the events' `id`: one position for each
 * target in the order of the URL, `epoch:offset,epoch:offset`, and an empty one for a target that has not
 * started. An `EventSource` that lost its connection sends the last id to the same URL as `Last-Event-ID`,
 * and so misses nothing.
 *
 * No event has an id before every target has got its first answer. Otherwise the length of a start would
 * grow with the square of the number of targets. A client that disconnects before that starts over.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { StreamPosition } from "./sse_position.ts";
 *
 * const position = new StreamPosition(["event:1", "event:2"], "a1:17,");
 * assertEquals(position.since("event:1"), { epoch: "a1", offset: 17 });
 * assertEquals(position.advance({ topic: "event:1", epoch: "a1" }, 18), undefined);
 * assertEquals(position.advance({ topic: "event:2", epoch: "b2" }, 3), "a1:18,b2:3");
 * ```
 */
export class StreamPosition {
  /** By target, in the URL's order. */
  readonly #cursors: Map<string, Cursor | undefined>;
  /** Keys of targets without an answer. */
  readonly #unanswered: Set<string>;
  /** Keys of views by the topic that carries them; a topic is its own key. */
  readonly #keys = new Map<string, string>();

  /**
   * Creates a position.
   *
   * @param keys Keys of the stream's targets, each once.
   * @param lastEventId The header that the client sent; a malformed position counts as none.
   */
  constructor(keys: readonly string[], lastEventId: string | null) {
    this.#unanswered = new Set(keys);
    const sent = lastEventId?.split(",") ?? [];
    const fits = sent.length === keys.length;
    this.#cursors = new Map(
      keys.map((key, index) => [key, fits ? parseCursor(sent[index]) : undefined]),
    );
  }

  /** Returns the position up to which the client has read a target, if it is known. */
  since(key: string): Cursor | undefined {
    return this.#cursors.get(key);
  }

  /** Notes an answer, and returns the key of its target. An answer with an `id` names a view. */
  answered({ topic = "", id }: Answer): string {
    if (id !== undefined) this.#keys.set(topic, id);
    const key = id ?? this.#keys.get(topic) ?? topic;
    this.#unanswered.delete(key);
    return key;
  }

  /** Advances one target, and returns the id of the event that does so, if it has one. */
  advance(log: LogName & Answer, offset: number): string | undefined {
    this.#cursors.set(this.answered(log), { epoch: log.epoch, offset });
    if (this.#unanswered.size > 0) return undefined;
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
