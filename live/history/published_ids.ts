/**
 * The ids of publications that were already published.
 *
 * @module
 */

import { AgedMap } from "../domain/aged_map.ts";
import type { Position } from "../domain/broker.ts";
import type { Publication } from "../domain/publication.ts";

/** The most ids that are kept; the oldest are dropped. Each takes about 300 bytes. */
const MAX_IDS = 100_000;

interface KnownId {
  readonly position: Position;
  readonly at: number;
}

/** Remembers the position of each id for a time, so that a publisher can safely try again. */
export class PublishedIds {
  /** By topic and id. */
  readonly #known: AgedMap<KnownId>;
  readonly #isOld: (known: KnownId) => boolean;

  /** Creates an empty memory that keeps each id for `ttlMs` milliseconds. */
  constructor(ttlMs: number) {
    this.#isOld = ({ at }) => Date.now() - at >= ttlMs;
    this.#known = new AgedMap({ maxEntries: MAX_IDS, isOld: this.#isOld });
  }

  /**
   * Returns the position at which a publication was first published; `undefined` if it was not, or has no
   * id.
   */
  find(publication: Publication): Position | undefined {
    const key = keyOf(publication);
    const known = key === undefined ? undefined : this.#known.get(key);
    return known === undefined || this.#isOld(known) ? undefined : known.position;
  }

  /** Remembers the position of a publication. */
  add(publication: Publication, position: Position): void {
    const key = keyOf(publication);
    if (key !== undefined) this.#known.set(key, { position, at: Date.now() });
  }
}

function keyOf({ topic, id }: Publication): string | undefined {
  return id === undefined ? undefined : `${topic}\n${id}`; // no topic has a line break
}
