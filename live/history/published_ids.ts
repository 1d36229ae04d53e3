/**
 * The ids of publications that were already published.
 *
 * @module
 */

import type { Position } from "../domain/broker.ts";
import type { Publication } from "../domain/publication.ts";

/** The most ids that are kept; the oldest are dropped. Each takes about 300 bytes. */
const MAX_IDS = 100_000;

/**
 * Ids that are added between two looks at the oldest. A deleted entry of a map leaves a gap until V8
 * rebuilds the map, and each look walks over the gaps at the front, up to 160,000.
 */
const DROP_EVERY = 256;

/** Remembers the position of each id for a time, so that a publisher can safely try again. */
export class PublishedIds {
  readonly #ttlMs: number;
  /** By topic and id, oldest first. */
  readonly #positions = new Map<string, { readonly position: Position; readonly at: number }>();
  #added = 0;

  /** Creates an empty memory that keeps each id for `ttlMs` milliseconds. */
  constructor(ttlMs: number) {
    this.#ttlMs = ttlMs;
  }

  /**
   * Returns the position at which a publication was first published; `undefined` if it was not, or has no
   * id.
   */
  find(publication: Publication): Position | undefined {
    const key = keyOf(publication);
    const known = key === undefined ? undefined : this.#positions.get(key);
    return known !== undefined && Date.now() - known.at < this.#ttlMs ? known.position : undefined;
  }

  /** Remembers the position of a publication. */
  add(publication: Publication, position: Position): void {
    const key = keyOf(publication);
    if (key === undefined) return;
    const at = Date.now();
    this.#positions.delete(key); // so that it comes last
    this.#positions.set(key, { position, at });
    if (++this.#added % DROP_EVERY !== 0) return;
    for (const [oldest, known] of this.#positions) {
      if (at - known.at < this.#ttlMs && this.#positions.size <= MAX_IDS) break;
      this.#positions.delete(oldest);
    }
  }
}

function keyOf({ topic, id }: Publication): string | undefined {
  return id === undefined ? undefined : `${topic}\n${id}`; // no topic has a line break
}
