/**
 * A client that applies its messages in order, and the truth that it is held to.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Cursor } from "../../live/domain/broker.ts";
import type { Publication } from "../../live/domain/publication.ts";

/** A message as a client parses it. */
export interface Message {
  readonly type: string;
  readonly topic: string;
  readonly id?: string;
  readonly epoch: string;
  readonly offset: number;
  readonly key?: string;
  readonly data?: unknown;
  readonly removed?: true;
  readonly skipped?: number;
  readonly recovered?: boolean;
  readonly messages?: readonly Message[];
}

/** All that was published in one life of a log. */
export class Life {
  /** In order: the first has offset 1. */
  readonly publications: Publication[] = [];
  /** The latest payload of each key. */
  readonly state = new Map<string, string>();

  get head(): number {
    return this.publications.length;
  }

  append(publication: Publication, offset: number): void {
    const { key, json } = publication;
    assertEquals(this.publications.push(publication), offset);
    if (key === undefined) return;
    if (json === undefined) this.state.delete(key);
    else this.state.set(key, json);
  }
}

/** Counts of events, to check that a run was not idle. */
export class Seen {
  received = 0;
  removed = 0;
  skipped = 0;
  recovered = 0;
  snapshots = 0;
  slices = 0;
  restarts = 0;
}

/**
 * One client's view of a topic. It outlives connections, as an application's view does. It fails on
 * every message that must not be sent to it.
 */
export class Reader {
  /** What the client would send as `since`. */
  cursor: Cursor = { epoch: "", offset: 0 };
  /** The subscription that is not answered yet. */
  asked: { readonly since: Cursor | undefined } | undefined;
  isSubscribed = false;
  readonly #lifeOf: (epoch: string) => Life;
  readonly #seen: Seen;
  readonly #state = new Map<string, string>();
  /** Up to this offset, messages are the rest of the snapshot. */
  #snapshotUpTo = 0;

  constructor(lifeOf: (epoch: string) => Life, seen: Seen) {
    this.#lifeOf = lifeOf;
    this.#seen = seen;
  }

  get #life(): Life {
    return this.#lifeOf(this.cursor.epoch);
  }

  /** Takes a `subscribed` message, sent when the log's head was at an offset. */
  start({ id, epoch, offset, recovered = false, messages = [] }: Message, head: number): void {
    const since = id === undefined ? undefined : this.asked?.since;
    this.#seen[id === undefined ? "restarts" : recovered ? "recovered" : "snapshots"]++;
    if (id !== undefined) this.asked = undefined;
    this.isSubscribed = true;
    if (recovered) assertEquals(since?.epoch, epoch, "recovered from another life");
    else this.#state.clear();
    this.cursor = { epoch, offset: recovered ? since?.offset ?? 0 : 0 };
    // An empty start at 0 belongs to a new life, which is read from its first publication.
    const isSnapshot = !recovered && offset > 0;
    this.#snapshotUpTo = isSnapshot ? head : 0;
    for (const message of messages) this.#apply(message);
    if (offset < this.#snapshotUpTo) this.#seen.slices++;
    if (!isSnapshot) assertEquals(this.cursor.offset, offset);
    this.cursor = { epoch, offset };
    this.#checkAtHead();
  }

  /** Takes a `message`. */
  receive(message: Message): void {
    this.#apply(message);
    this.#seen.received++;
    this.#checkAtHead();
  }

  /** Checks that the client holds a log's state. Earlier state is tolerated, if it is still true. */
  check(
    epoch: string,
    latest: Iterable<{ key: string | undefined; json: string | undefined }>,
  ): void {
    assertEquals(this.cursor.epoch, epoch);
    this.#checkNothingOutdated();
    for (const { key = "", json } of latest) assertEquals(this.#state.get(key), json, key);
  }

  #apply({ offset, key, data, removed, skipped = 0 }: Message): void {
    const { epoch, offset: from } = this.cursor;
    const publication = this.#life.publications[offset - 1];
    assert(publication !== undefined && offset > from, `${offset} after ${from}`);
    assertEquals([key, removed ? undefined : JSON.stringify(data)], [
      publication.key,
      publication.json,
    ]);
    if (offset <= this.#snapshotUpTo) {
      assertEquals([skipped, key === undefined, removed], [0, false, undefined]);
    } else assertEquals(skipped, offset - Math.max(from, this.#snapshotUpTo) - 1);
    if (key !== undefined && removed) this.#state.delete(key);
    else if (key !== undefined) this.#state.set(key, publication.json ?? "");
    this.cursor = { epoch, offset };
    this.#seen.skipped += skipped;
    if (removed) this.#seen.removed++;
  }

  #checkAtHead(): void {
    if (this.cursor.offset === this.#life.head) this.#checkNothingOutdated();
  }

  #checkNothingOutdated(): void {
    const { state } = this.#life;
    for (const [key, json] of this.#state) assertEquals(json, state.get(key), `outdated: ${key}`);
  }
}
