/**
 * `SEARCH /items/:collection` with fields, filter, sort, limit, search and alias, within the rights of a
 * user.
 *
 * @module
 */

import type { Database, DatabaseRow } from "./database.ts";
import { InvalidQuery } from "./database.ts";
import { type Case, fieldsOf, type Filter, grantsField, type Person } from "./rights.ts";
import { type Refusal, refusals, refuse, respond } from "./responses.ts";
import { compareRows } from "./search_order.ts";

/** A query, as in a request's body. */
export interface SearchQuery {
  /** Paths of the fields. @default {["*"]} */
  readonly fields?: readonly string[];
  /** A filter. */
  readonly filter?: Filter;
  /** Fields to sort by, `-` before a descending one. @default {["id"]} */
  readonly sort?: readonly string[];
  /** How many rows; -1 for all. @default {100} */
  readonly limit?: number;
  /** A text to search for. */
  readonly search?: string;
  /** Fields under other names. */
  readonly alias?: Readonly<Record<string, string>>;
}

/** A field that the user may not use, or that does not exist: 403. */
class ForbiddenField extends Error {}

/** The fields of one level, by name, with those of the rows that they lead to. */
type FieldTree = Map<string, FieldTree>;

/** Responds with the rows that a user may read. */
export function search(
  database: Database,
  person: Person,
  collection: string,
  query: SearchQuery,
): Response {
  try {
    return respond(new Search(database, person).rows(collection, query));
  } catch (error) {
    if (error instanceof ForbiddenField) return refuse(withReason(refusals.forbidden, error));
    if (error instanceof InvalidQuery) return refuse(withReason(refusals.query, error));
    throw error;
  }
}

/** Returns the rows that a user may read; `undefined` if the query is refused. */
export function searchRows(
  database: Database,
  person: Person,
  collection: string,
  query: SearchQuery,
): unknown[] | undefined {
  try {
    return new Search(database, person).rows(collection, query);
  } catch (error) {
    if (error instanceof ForbiddenField || error instanceof InvalidQuery) return undefined;
    throw error;
  }
}

/** Reads with the rights of one user. */
class Search {
  readonly #database: Database;
  readonly #person: Person;

  constructor(database: Database, person: Person) {
    this.#database = database;
    this.#person = person;
  }

  rows(collection: string, query: SearchQuery): unknown[] {
    const { fields = ["*"], filter = {}, sort = [], limit = 100, search, alias = {} } = query;
    const tree = this.#treeOf(collection, fields.map((path) => path.split(".")), alias);
    this.#checkFilter(collection, filter);
    for (const path of sort) this.#checkPath(collection, path.replace(/^-/, "").split("."));
    const rows = this.#visible(collection, tree, alias)
      .filter((row) => this.#database.matches(collection, row, filter, this.#person))
      .filter((row) => search === undefined || this.#isFound(collection, row, search))
      .toSorted((one, other) => one.id - other.id)
      .toSorted((one, other) => compareRows(this.#database, collection, sort, one, other));
    const page = limit < 0 ? rows : rows.slice(0, limit);
    if (tree.size === 0) return page.map(({ id }) => id);
    return page.map((row) => this.#project(collection, row, tree, alias));
  }

  /** Returns the rows that any rule shows which grants one of the requested fields, if there are any. */
  #visible(collection: string, tree: FieldTree, alias: Readonly<Record<string, string>> = {}) {
    const names = [...tree.keys()].map((name) => alias[name] ?? name);
    const cases = this.#cases(collection)
      .filter((rule) => names.some((name) => grantsField(rule, name)) || tree.size === 0);
    const rows = this.#database.tables.get(collection)?.rows.values() ?? [];
    return [...rows].filter((row) => cases.some((rule) => this.#meets(collection, row, rule)));
  }

  /** Projects a row. A field that no rule grants which the row meets is null. */
  #project(
    collection: string,
    row: DatabaseRow,
    tree: FieldTree,
    alias: Readonly<Record<string, string>> = {},
  ): Record<string, unknown> {
    const cases = this.#cases(collection).filter((rule) => this.#meets(collection, row, rule));
    const shown: Record<string, unknown> = {};
    for (const [name, nested] of tree) {
      const field = alias[name] ?? name;
      const isGranted = cases.some((rule) => grantsField(rule, field));
      shown[name] = isGranted ? this.#value(collection, row, field, nested) : null;
    }
    return shown;
  }

  #value(collection: string, row: DatabaseRow, field: string, nested: FieldTree): unknown {
    const target = this.#database.target(collection, field);
    if (target === undefined || (target.backField === undefined && nested.size === 0)) {
      return row[field] ?? null;
    }
    const tree = nested.size > 0 ? nested : new Map([["id", new Map()]]) as FieldTree;
    const visible = new Set(this.#visible(target.collection, tree));
    const rows = this.#database.related(row, field, target).filter((other) => visible.has(other))
      .toSorted((one, other) => one.id - other.id)
      .map((other) => this.#project(target.collection, other, tree));
    if (target.backField === undefined) return rows[0] ?? null;
    return nested.size > 0 ? rows : rows.map((other) => other["id"]);
  }

  /** Parses paths; `*` stands for all fields that the user may read. */
  #treeOf(
    collection: string,
    paths: readonly (readonly string[])[],
    alias: Readonly<Record<string, string>> = {},
  ): FieldTree {
    const nested = new Map<string, string[][]>();
    for (const [name = "", ...rest] of paths) {
      for (const field of name === "*" ? this.#allFields(collection) : [name]) {
        const target = this.#database.target(collection, field);
        const leads = target !== undefined && (rest.length > 0 || target.backField !== undefined);
        if (leads && !this.#mayRead(target.collection)) continue; // it is left out
        this.#checkField(collection, alias[field] ?? field);
        const paths = nested.get(field) ?? [];
        nested.set(field, rest.length > 0 ? [...paths, rest] : paths);
      }
    }
    return new Map(
      [...nested].map(([field, paths]) => {
        const target = this.#database.target(collection, field);
        if (paths.length > 0 && target === undefined) throw new ForbiddenField(field);
        return [field, target ? this.#treeOf(target.collection, paths) : new Map()] as const;
      }),
    );
  }

  #allFields(collection: string): string[] {
    const granted = fieldsOf(this.#cases(collection));
    const fields = this.#database.tables.get(collection)?.fields ?? [];
    return fields.filter((field) => grantsField({ fields: granted }, field));
  }

  #checkFilter(collection: string, filter: Filter): void {
    for (const [name, value] of Object.entries(filter)) {
      const filters = Array.isArray(value) ? value as Filter[] : [];
      if (name === "_and" || name === "_or") {
        filters.forEach((nested) => this.#checkFilter(collection, nested));
        continue;
      }
      if (typeof value !== "object" || value === null) throw new InvalidQuery(name);
      const target = this.#checkField(collection, name);
      if (target === undefined) {
        const unknown = Object.keys(value).find((key) => !key.startsWith("_"));
        if (unknown !== undefined) throw new ForbiddenField(unknown);
        continue;
      }
      for (const [key, nested] of Object.entries(value)) {
        if (key === "_some" || key === "_none") this.#checkFilter(target, nested as Filter);
        else if (!key.startsWith("_")) this.#checkFilter(target, { [key]: nested });
      }
    }
  }

  #checkPath(collection: string, [name = "", ...rest]: readonly string[]): void {
    const target = this.#checkField(collection, name);
    if (rest.length === 0) return;
    if (target === undefined) throw new ForbiddenField(name);
    this.#checkPath(target, rest);
  }

  /** Refuses a field that the user may not read; returns the collection that it leads to. */
  #checkField(collection: string, field: string): string | undefined {
    const table = this.#database.tables.get(collection);
    const isGranted = grantsField({ fields: fieldsOf(this.#cases(collection)) }, field);
    if (!table?.fields.includes(field) || !isGranted) {
      throw new ForbiddenField(
        `You don't have permission to access field "${field}" in collection "${collection}" or it does not exist.`,
      );
    }
    return this.#database.target(collection, field)?.collection;
  }

  #isFound(collection: string, row: DatabaseRow, text: string): boolean {
    return this.#allFields(collection)
      .some((field) =>
        typeof row[field] === "string" && row[field].toLowerCase().includes(text.toLowerCase())
      );
  }

  #cases(collection: string): readonly Case[] {
    const cases = this.#database.rights.casesOf(this.#person, collection);
    if (cases.length === 0 || !this.#database.tables.has(collection)) {
      throw new ForbiddenField(
        `You don't have permission to access collection "${collection}" or it does not exist.`,
      );
    }
    return cases;
  }

  #mayRead(collection: string): boolean {
    return this.#database.rights.casesOf(this.#person, collection).length > 0;
  }

  #meets(collection: string, row: DatabaseRow, { permissions }: Case): boolean {
    return this.#database.matches(collection, row, permissions, this.#person);
  }
}

function withReason(refusal: Refusal, { message }: Error): Refusal {
  return { ...refusal, reason: message };
}
