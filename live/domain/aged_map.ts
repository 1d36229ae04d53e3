/**
 * A map that drops its oldest entries.
 *
 * @module
 */

/** Options of {@linkcode AgedMap}. */
export interface AgedMapOptions<Value> {
  /** Entries that are kept. Beyond it the oldest are dropped, 1 in 128 at a time. */
  readonly maxEntries: number;
  /** Whether an entry is too old to be of use. It is dropped within 128 further entries. @default {never} */
  readonly isOld?: (value: Value) => boolean;
}

/**
 * How often to look for old entries. A deleted entry of a map leaves a gap until V8 rebuilds the map, and
 * each look at the oldest entry walks over all gaps at the front: tens of microseconds in a map of 100,000.
 */
const LOOK_EVERY = 128;

/**
 * A map in the order in which its entries were last set, with a bound.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { AgedMap } from "./aged_map.ts";
 *
 * const map = new AgedMap<number>({ maxEntries: 2 });
 * map.set("a", 1).set("b", 2).set("a", 3).set("c", 4);
 * assertEquals([...map], [["a", 3], ["c", 4]]);
 * ```
 */
export class AgedMap<Value> extends Map<string, Value> {
  readonly #options: AgedMapOptions<Value>;
  #added = 0;

  /** Creates an empty map. */
  constructor(options: AgedMapOptions<Value>) {
    super();
    this.#options = options;
  }

  /** Sets an entry, which is then the newest. */
  override set(key: string, value: Value): this {
    this.delete(key);
    super.set(key, value);
    const isFull = this.size > this.#options.maxEntries;
    if (isFull || ++this.#added % LOOK_EVERY === 0) this.#dropOldest(isFull);
    return this;
  }

  #dropOldest(isFull: boolean): void {
    const { maxEntries, isOld = () => false } = this.#options;
    const kept = isFull ? maxEntries - Math.floor(maxEntries / LOOK_EVERY) : maxEntries;
    for (const [key, value] of this) {
      if (this.size <= kept && !isOld(value)) return;
      this.delete(key);
    }
  }
}
