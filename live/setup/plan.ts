/**
 * The steps that create in Directus what Live needs, and those that remove it.
 *
 * @module
 */

import type { Collection, Fields, Piece } from "./blueprint.ts";

/** Rows that Directus has, by collection. */
export type State = Readonly<Record<Collection, readonly Fields[]>>;

/** One call that changes Directus. */
export interface Step {
  /** What happens, for people. */
  readonly text: string;
  /** HTTP method. */
  readonly method: "POST" | "PATCH" | "DELETE";
  /** Route of the API. */
  readonly path: string;
  /** What is sent. */
  readonly body?: Fields;
}

/** Collections whose deleted rows take others with them: operations, permissions, access. */
const OWNERS: readonly Collection[] = ["flows", "users", "policies"];

/** Returns the steps that make the pieces. There are none if Directus has them all. */
export function planSetup(pieces: readonly Piece[], state: State): Step[] {
  const made = new Set<string>();
  return pieces.flatMap((piece) => {
    const { title, collection, key, fields, initial } = piece;
    const row = find(piece, state);
    if (row !== undefined) {
      const changed = Object.entries(fields).filter(([name, value]) => !isEqual(row[name], value));
      if (changed.length === 0) return [];
      const text = `change ${changed.map(([name]) => name).join(", ")} of ${title}`;
      return patch(text, collection, row["id"], Object.fromEntries(changed));
    }
    const name = JSON.stringify([collection, key]);
    // A row can have a second piece that completes it: a Flow names its first operation, which can only be
    // made after the Flow.
    if (made.has(name)) return patch(`complete ${title}`, collection, key["id"], fields);
    made.add(name);
    const body = { ...initial, ...key, ...fields };
    return [{ text: `create ${title}`, method: "POST", path: `/${collection}`, body }];
  });
}

/** Returns the steps that remove the pieces, and nothing else. */
export function planRemoval(pieces: readonly Piece[], state: State): Step[] {
  return OWNERS.flatMap((owner) => {
    const titles = new Map<unknown, string>();
    for (const piece of pieces.filter(({ collection }) => collection === owner)) {
      const row = find(piece, state);
      if (row !== undefined) titles.set(row["id"], piece.title);
    }
    return [...titles].map(([id, title]): Step => ({
      text: `delete ${title}`,
      method: "DELETE",
      path: `/${owner}/${id}`,
    }));
  });
}

function find({ collection, key }: Piece, state: State): Fields | undefined {
  return state[collection].find((row) =>
    Object.entries(key).every(([name, value]) => row[name] === value)
  );
}

function patch(text: string, collection: Collection, id: unknown, body: Fields): Step[] {
  return [{ text, method: "PATCH", path: `/${collection}/${id}`, body }];
}

/**
 * Compares values as Directus stores them: the order of a list of names does not matter, and an
 * empty rule is stored as `null` or `{}`.
 */
function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(normal(a)) === JSON.stringify(normal(b));
}

function normal(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(normal);
    return items.every((item) => typeof item === "string") ? items.toSorted() : items;
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => a < b ? -1 : 1);
  if (entries.length === 0) return null;
  return Object.fromEntries(entries.map(([name, item]) => [name, normal(item)]));
}
