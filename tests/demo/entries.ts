/**
 * The entries of the race, as Directus holds them. They change all the time.
 *
 * @module
 */

import type { Database } from "../directus/stand_in/database.ts";

/** An entry: a vehicle as the race control knows it. */
export type Entry = {
  /** Primary key: the number of the vehicle. */
  readonly id: number;
  /** Name of the vehicle. */
  readonly name: string;
  /** Where it is; `review` if the stewards look at it. */
  readonly status: "track" | "pits" | "review";
  /** How often it was in the pits. */
  readonly stops: number;
  /** How much fuel it has, in percent. */
  readonly fuel: number;
};

/** The name of the collection. */
export const COLLECTION = "entries";

/** Its fields, all of them. */
const FIELDS: readonly (keyof Entry)[] = ["id", "name", "status", "stops", "fuel"];

/** A vehicle with less fuel than this goes to the pits, in percent. */
const LOW_FUEL = 20;

/** How likely a vehicle on the track comes under review with a change. */
const REVIEW = 0.15;

/** Keeps the entries, and changes one at a time. */
export class Entries {
  readonly #rows = new Map<number, Entry>();
  readonly #random: () => number;

  /** Creates a collection with one entry for each name, all on the track. */
  constructor(database: Database, names: readonly string[], random: () => number = Math.random) {
    this.#random = random;
    database.tables.set(COLLECTION, { fields: FIELDS, rows: this.#rows });
    for (const [index, name] of names.entries()) {
      const fuel = Math.round(LOW_FUEL + (100 - LOW_FUEL) * random());
      this.#rows.set(index + 1, { id: index + 1, name, status: "track", stops: 0, fuel });
    }
  }

  /** All entries, in the order of their keys. */
  get rows(): Entry[] {
    return [...this.#rows.values()];
  }

  /** Changes one entry. Returns its key and what has changed. */
  change(): { readonly key: number; readonly payload: Partial<Entry> } {
    const key = 1 + Math.floor(this.#random() * this.#rows.size);
    const entry = this.#rows.get(key) as Entry;
    const payload = this.#next(entry);
    this.#rows.set(key, { ...entry, ...payload });
    return { key, payload };
  }

  #next({ status, stops, fuel }: Entry): Partial<Entry> {
    if (status === "pits") return { status: "track", fuel: 100 };
    if (status === "review") return { status: "track" };
    if (this.#random() < REVIEW) return { status: "review" };
    const left = Math.max(0, fuel - 10 - Math.round(15 * this.#random()));
    return left < LOW_FUEL ? { status: "pits", stops: stops + 1, fuel: left } : { fuel: left };
  }
}
