/**
 * What may reach the clients of the property.
 *
 * @module
 */

import { canonicalText } from "../../../live/domain/view_query.ts";
import type { PropertyClient } from "../../views/reader_setup.ts";
import type { WorldModel } from "../../views/world_model.ts";

type Query = Readonly<Record<string, unknown>>;

/**
 * All that Directus would have shown to a user since things were last quiet.
 *
 * Directus reads related rows after the rows themselves, so a row can show the one before a change and
 * the other after it. Rows of queries with relations are therefore compared value by value.
 */
export class Allowed {
  readonly #model: WorldModel;
  /** By user and query. */
  readonly #parts = new Map<string, Set<string>>();

  /** Creates it with nothing allowed. */
  constructor(model: WorldModel) {
    this.#model = model;
  }

  /** Adds what Directus shows now. */
  record(clients: readonly PropertyClient[]): void {
    for (const { user, views } of clients) {
      for (const { query } of views) {
        const key = keyOf(user, query);
        const parts = this.#parts.get(key) ?? new Set();
        this.#parts.set(key, parts);
        for (const row of this.#model.rowsFor(user, query) ?? []) {
          for (const part of partsOf(query, row)) parts.add(part);
        }
      }
    }
  }

  /** Returns the parts of a row that Directus has never shown. */
  hidden(user: string, query: Query, row: unknown): string[] {
    const parts = this.#parts.get(keyOf(user, query));
    return partsOf(query, row).filter((part) => parts?.has(part) !== true);
  }

  /** Allows nothing. */
  clear(): void {
    this.#parts.clear();
  }
}

function keyOf(user: string, query: Query): string {
  return `${user} ${JSON.stringify(query)}`;
}

function partsOf({ fields }: Query, row: unknown): string[] {
  const isFlat = Array.isArray(fields) && !fields.some((field) => field.includes("."));
  if (isFlat) return [canonicalText(row)];
  const { id } = row as { id: unknown };
  return Object.entries(row as Record<string, unknown>).flatMap(([name, value]) => {
    const values = Array.isArray(value) ? value : [value];
    return values.map((value) => `${id} ${name} ${canonicalText(value)}`);
  });
}
