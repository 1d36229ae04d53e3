/**
 * A client of a view, and what REST answers to the same query.
 *
 * @module
 */

import type { RealDirectus } from "./real_directus.ts";

/** What a client asks for. */
export interface ViewRequest {
  /** The collection. */
  readonly collection: string;
  /** The query. */
  readonly query: Readonly<Record<string, unknown>>;
}

/** A row as Directus returns it. */
export type Item = Readonly<Record<string, unknown>>;

/** Resolves to what REST answers; to the status if that is not 200. */
export async function restRows(
  directus: RealDirectus,
  cookie: string,
  { collection, query }: ViewRequest,
): Promise<Item[] | number> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    const isList = name === "fields" || name === "sort";
    const text = isList ? (value as string[]).join() : JSON.stringify(value);
    search.set(name, typeof value === "string" ? value : text);
  }
  const response = await directus.fetch(`/items/${collection}?${search}`, { headers: { cookie } });
  const { data } = await response.json();
  return response.ok ? data : response.status;
}

/** A message of a view's topic. */
interface ViewMessage {
  readonly key: string;
  readonly offset: number;
  readonly rank?: string;
  readonly data?: Item;
  readonly removed?: boolean;
}

/** The rows of a view, as a client keeps them. */
export class ViewRows {
  readonly #rows = new Map<string, { readonly rank: string; readonly data: Item }>();

  /** The rows in order of their rank, by code unit. */
  get list(): Item[] {
    return [...this.#rows.values()].toSorted((a, b) => a.rank < b.rank ? -1 : 1)
      .map(({ data }) => data);
  }

  /** Returns whether there is a row with this key. */
  has(key: string): boolean {
    return this.#rows.has(key);
  }

  /** Forgets all rows: a snapshot follows. */
  clear(): void {
    this.#rows.clear();
  }

  /** Applies a message. */
  apply({ key, rank = "", data, removed }: ViewMessage): void {
    if (removed || data === undefined) this.#rows.delete(key);
    else this.#rows.set(key, { rank, data });
  }
}
