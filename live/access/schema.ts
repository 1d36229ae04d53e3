/**
 * How collections are related, and which collections a query touches.
 *
 * @module
 */

import { z } from "zod";
import type { Filter, ViewQuery } from "../domain/view_query.ts";

const text = z.string();

/** A relation as `GET /relations` returns it. */
export const relation = z.object({
  /** The collection with the foreign key. */
  collection: text,
  /** The field with the foreign key. */
  field: text,
  /** The collection that it points to; `null` for many-to-any. */
  related_collection: text.nullable(),
  meta: z.object({
    /** The field on the other side that lists the rows which point here. */
    one_field: text.nullish(),
    /** The collections that many-to-any can point to. */
    one_allowed_collections: z.array(text).nullish(),
  }).nullish(),
});

/** A relation as `GET /relations` returns it. */
export type Relation = z.output<typeof relation>;

/** Operators whose value is a filter, or a list of filters, on the same collection. */
const SAME_COLLECTION: ReadonlySet<string> = new Set(["_and", "_or", "_some", "_none", "_filter"]);

/** A collection that a field leads to. */
interface Target {
  readonly collection: string;
  /** Whether the field lists rows of the other collection, so that showing it shows their keys. */
  readonly isList: boolean;
}

/** The relations of all collections. */
export class Schema {
  readonly #targets = new Map<string, Map<string, Target[]>>();

  /** Creates a schema from all relations. */
  constructor(relations: readonly Relation[]) {
    for (const { collection, field, related_collection: related, meta } of relations) {
      const any = meta?.one_allowed_collections ?? [];
      for (const to of related === null ? any : [related]) this.#add(collection, field, to, false);
      if (related !== null && meta?.one_field) this.#add(related, meta.one_field, collection, true);
    }
  }

  /** Returns the collections that a query touches: its own, and those along its paths. */
  touchedBy(query: ViewQuery): Set<string> {
    const touched = new Set([query.collection]);
    for (const path of query.fields) this.#walkPath(query.collection, path.split("."), touched);
    this.#addSorted(query.collection, query.sort ?? [], touched);
    this.addFiltered(query.collection, query.filter, touched);
    this.addFiltered(query.collection, query.deep, touched);
    return touched;
  }

  /** Adds the collections along the paths of a filter, or of the filters and sorts of `deep`. */
  addFiltered(collection: string, filter: Filter | undefined, touched: Set<string>): void {
    for (const [name, value] of Object.entries(filter ?? {})) {
      if (name === "_sort") this.#addSorted(collection, value, touched);
      const filters = (Array.isArray(value) ? value : [value])
        .filter((member) => typeof member === "object" && member !== null) as Filter[];
      const targets = SAME_COLLECTION.has(name)
        ? [collection]
        : this.#of(collection, name).map((target) => target.collection);
      for (const target of targets) {
        touched.add(target);
        for (const nested of filters) this.addFiltered(target, nested, touched);
      }
    }
  }

  #addSorted(collection: string, paths: unknown, touched: Set<string>): void {
    for (const path of [paths].flat()) {
      this.#walkPath(collection, String(path).replace(/^-/, "").split("."), touched);
    }
  }

  #add(from: string, field: string, collection: string, isList: boolean): void {
    const fields = this.#targets.get(from) ?? new Map<string, Target[]>();
    this.#targets.set(from, fields);
    fields.set(field, [...fields.get(field) ?? [], { collection, isList }]);
  }

  /**
   * Returns the collections that a field leads to. The field can be `author`, `item:cars` for one
   * collection of many-to-any, or `count(tags)`.
   */
  #of(collection: string, name: string): Target[] {
    const [, inner] = /^\w+\((.*)\)$/.exec(name) ?? [];
    const [field = "", only] = (inner ?? name).split(":");
    const targets = this.#targets.get(collection)?.get(field) ?? [];
    return only === undefined ? targets : targets.filter((target) => target.collection === only);
  }

  #walkPath(collection: string, [name, ...rest]: readonly string[], touched: Set<string>): void {
    if (name === undefined) return;
    const targets = name === "*"
      ? [...this.#targets.get(collection)?.values() ?? []].flat()
      : this.#of(collection, name);
    for (const target of targets) {
      if (rest.length === 0 && !target.isList) continue; // shows the foreign key alone
      const isKnown = touched.has(target.collection);
      touched.add(target.collection);
      if (!isKnown || rest.length > 0) this.#walkPath(target.collection, rest, touched);
    }
  }
}

/**
 * Returns whether a query has no paths to other collections. Without the relations nothing more can be
 * said: even a field without a path may list the keys of related rows.
 */
export function isFlat({ fields, sort = [], filter, deep }: ViewQuery): boolean {
  const paths = [...fields, ...sort];
  if (deep !== undefined || paths.some((path) => /[.*(]/.test(path))) return false;
  return isFlatFilter(filter);
}

/** A flat filter is one level of fields with operators, perhaps within `_and` and `_or`. */
function isFlatFilter(filter: Filter | undefined): boolean {
  return Object.entries(filter ?? {}).every(([name, value]) => {
    if (name.includes("(")) return false;
    if (name === "_and" || name === "_or") {
      return Array.isArray(value) && value.every((member) => isFlatFilter(member as Filter));
    }
    if (typeof value !== "object" || value === null) return true;
    return Object.keys(value).every((operator) =>
      operator.startsWith("_") && operator !== "_some" && operator !== "_none"
    );
  });
}
