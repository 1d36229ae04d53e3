/**
 * Collections with relations, and the filters on their rows.
 *
 * @module
 */

import { type Filter, type Person, Rights } from "./rights.ts";

/** A row; its primary key is the field `id`. */
export type DatabaseRow = Record<string, unknown> & { readonly id: number };

/** A relation, as `GET /relations` returns it. */
export interface StandInRelation {
  /** The collection with the foreign key. */
  readonly collection: string;
  /** The field with the foreign key. */
  readonly field: string;
  /** The collection that it points to. */
  readonly related_collection: string;
  /** The field on the other side that lists the rows which point here. */
  readonly meta: { readonly one_field: string | null };
}

/** A collection. */
export interface Table {
  /** Names of its fields; those that list related rows included. */
  readonly fields: readonly string[];
  /** Rows by primary key. */
  readonly rows: Map<number, DatabaseRow>;
}

/** What a relational field leads to. */
export interface Target {
  /** The other collection. */
  readonly collection: string;
  /** Its field that points back, if this field lists rows. */
  readonly backField?: string;
}

/** A query that is not valid: 400. */
export class InvalidQuery extends Error {}

/** What the stand-in stores: collections, relations and rights. Tests change it. */
export class Database {
  /** Collections by name. */
  readonly tables: Map<string, Table> = new Map();
  /** Relations between them. */
  readonly relations: StandInRelation[] = [];
  /** Policies, roles and permissions. */
  readonly rights: Rights = new Rights();
  /** What the clock shows, in milliseconds since 1970. */
  now: () => number = Date.now;

  /** Creates a collection. */
  create(name: string, fields: readonly string[], rows: readonly DatabaseRow[] = []): void {
    this.tables.set(name, { fields, rows: new Map(rows.map((row) => [row.id, row])) });
  }

  /** Returns what a field leads to; `undefined` for a field without a relation. */
  target(collection: string, field: string): Target | undefined {
    for (const relation of this.relations) {
      if (relation.collection === collection && relation.field === field) {
        return { collection: relation.related_collection };
      }
      if (relation.related_collection === collection && relation.meta.one_field === field) {
        return { collection: relation.collection, backField: relation.field };
      }
    }
    return undefined;
  }

  /** Returns the rows that a field leads to. */
  related(row: DatabaseRow, field: string, { collection, backField }: Target): DatabaseRow[] {
    const rows = this.tables.get(collection)?.rows ?? new Map<number, DatabaseRow>();
    if (backField !== undefined) {
      return [...rows.values()].filter((other) => other[backField] === row.id);
    }
    const other = rows.get(row[field] as number);
    return other === undefined ? [] : [other];
  }

  /** Returns whether a person's rules show a row. Lists of related rows hold only those. */
  isVisible(collection: string, row: DatabaseRow, person: Person): boolean {
    return this.rights.casesOf(person, collection)
      .some(({ permissions }) => this.matches(collection, row, permissions, person));
  }

  /** Returns whether a row meets a filter. */
  matches(
    collection: string,
    row: DatabaseRow | undefined,
    filter: Filter,
    person: Person,
  ): boolean {
    return Object.entries(filter).every(([name, value]) => {
      const filters = Array.isArray(value) ? value as Filter[] : [];
      const test = (nested: Filter) => this.matches(collection, row, nested, person);
      if (name === "_and") return filters.every(test);
      if (name === "_or") return filters.length === 0 || filters.some(test);
      const condition = value as Filter;
      const target = this.target(collection, name);
      const isPlain = Object.keys(condition).every((key) => key.startsWith("_"));
      if (target === undefined || (target.backField === undefined && isPlain)) {
        return Object.entries(condition).every(([operator, operand]) =>
          compare(row?.[name] ?? null, operator, this.#resolve(operand, person))
        );
      }
      return this.#matchesRelated(row, name, condition, target, person);
    });
  }

  #matchesRelated(
    row: DatabaseRow | undefined,
    field: string,
    condition: Filter,
    target: Target,
    person: Person,
  ): boolean {
    const { collection, backField } = target;
    const rows = row === undefined ? [] : this.related(row, field, target);
    if (backField === undefined) return this.matches(collection, rows[0], condition, person);
    const [[quantifier, nested] = ["_some", condition]] = Object.keys(condition)
        .some((key) => key === "_some" || key === "_none")
      ? Object.entries(condition) as [string, Filter][]
      : [];
    const isSome = rows.filter((other) => this.isVisible(collection, other, person))
      .some((other) => this.matches(collection, other, nested, person));
    return quantifier === "_none" ? !isSome : isSome;
  }

  /** Fills in `$CURRENT_USER`, `$CURRENT_USER.<field>`, `$CURRENT_ROLE` and `$NOW`. */
  #resolve(value: unknown, person: Person): unknown {
    if (Array.isArray(value)) return value.map((member) => this.#resolve(member, person));
    if (value === "$CURRENT_USER") return person.user;
    if (value === "$CURRENT_ROLE") return person.role;
    if (value === "$NOW") return new Date(this.now()).toISOString();
    const [, field] = /^\$CURRENT_USER\.(\w+)$/.exec(String(value)) ?? [];
    return field === undefined ? value : person.row[field] ?? null;
  }
}

/** Compares as SQL does: nothing is true of null but that it is null. */
function compare(actual: unknown, operator: string, expected: unknown): boolean {
  const isNull = actual === null;
  const list = Array.isArray(expected) ? expected.map(String) : [];
  const value = actual as number | string;
  const other = expected as number | string;
  switch (operator) {
    case "_null":
      return isNull === (expected !== false);
    case "_nnull":
      return isNull !== (expected !== false);
    case "_eq":
      return expected === null ? isNull : !isNull && String(actual) === String(expected);
    case "_neq":
      return expected === null ? !isNull : !isNull && String(actual) !== String(expected);
    case "_in":
      return !isNull && list.includes(String(actual));
    case "_nin":
      return !isNull && !list.includes(String(actual));
    case "_lt":
      return !isNull && value < other;
    case "_lte":
      return !isNull && value <= other;
    case "_gt":
      return !isNull && value > other;
    case "_gte":
      return !isNull && value >= other;
    case "_contains":
      return !isNull && String(actual).toLowerCase().includes(String(expected).toLowerCase());
  }
  throw new InvalidQuery(`Invalid operator ${operator}`);
}
