/**
 * The types of rows, from a schema and the paths of a query. They follow those of Directus's SDK, with
 * paths in place of nested objects.
 *
 * @module
 */

/** A function of a field, such as `year(starts_at)`. Its value is in `starts_at_year`. */
export type FieldFunction =
  | "year"
  | "month"
  | "week"
  | "day"
  | "weekday"
  | "hour"
  | "minute"
  | "second"
  | "count";

/** Any JSON value. */
export type JsonValue = null | boolean | number | string | JsonValue[] | {
  [name: string]: JsonValue;
};

/** What Directus returns for the field types that a schema may name. */
export interface FieldTypes {
  /** A JSON field. */
  json: JsonValue;
  /** A list of texts. */
  csv: string[];
  /** A date and a time. */
  datetime: string;
  /** A date. */
  date: string;
  /** A time. */
  time: string;
}

/** The items of all collections, one or many: what a relational field may hold. */
export type ItemsOf<Schema> =
  | Schema[keyof Schema]
  | { [Name in keyof Schema]: Schema[Name] extends readonly (infer Item)[] ? Item : never }[
    keyof Schema
  ];

/** The related items in the type of a field; `never` if it is not relational. */
export type Related<Schema, Value> = Extract<Value, ItemsOf<Schema>>;

/** An object type, written out. */
type Plain<T> = { [Name in keyof T]: T[Name] } & unknown;

/**
 * The fields of an item that paths select.
 *
 * @internal
 */
export type Selected<Schema, Item, Path> = Plain<
  & Values<Schema, Pick<Item, Extract<Named<Item, Path>, keyof Item>>, Path>
  & { [Call in Path as ResultOf<Call>]: number }
>;

/** The fields that paths name; `*` stands for all of them. */
type Named<Item, Path> = Path extends "*" | `*.${string}` ? keyof Item : HeadOf<Path>;

/** The values of the named fields. */
type Values<Schema, Fields, Path> = {
  [Field in keyof Fields]: ValueOf<
    Schema,
    Fields[Field],
    Below<Schema, Fields[Field], Field, Path>,
    Scoped<Field, Path>
  >;
};

/** The field that a path begins with. */
type HeadOf<Path> = Path extends `${infer Head}.${string}` ? HeadOf<Head>
  : Path extends `${infer Field}:${string}` ? Field
  : Path;

/** The paths below a field, which select fields of the related items. */
type Below<Schema, Value, Field, Path> = Path extends `${Field & string}.${infer Rest}` ? Rest
  : Path extends `*.${infer Rest}` ? ([Related<Schema, Value>] extends [never] ? never : Rest)
  : never;

/** The paths of a many-to-any field: its collection and what is selected there. */
type Scoped<Field, Path> = Path extends `${Field & string}:${infer Collection}.${infer Rest}`
  ? [Collection, Rest]
  : never;

/** The value of a field: the selected fields of related items, or else their keys, or the value. */
type ValueOf<Schema, Value, Rest, Scope> = [Scope] extends [never]
  ? [Rest] extends [never] ? KeyOrValue<Schema, Value>
  : [Related<Schema, Value>] extends [never] ? Value
  : RelatedOf<Schema, Related<Schema, Value>, Rest> | Extract<Value, null | undefined>
  : ScopedOf<Schema, Scope> | Extract<Value, null | undefined>;

type RelatedOf<Schema, Items, Rest> = Items extends readonly (infer Item)[]
  ? Selected<Schema, Item, Rest>[] | null
  : Selected<Schema, Items, Rest>;

/** The item of a many-to-any field, in one of the collections that the paths name. */
type ScopedOf<Schema, Scope> = Scope extends [infer Collection, unknown]
  ? Collection extends keyof Schema
    ? Selected<Schema, OneOf<Schema[Collection]>, PathsOf<Scope, Collection>>
  : never
  : never;

type PathsOf<Scope, Collection> = Scope extends [Collection, infer Rest] ? Rest : never;

type OneOf<Items> = Items extends readonly (infer Item)[] ? Item : Items;

/** The value of a field without related items: their keys, and the types that a schema may name. */
type KeyOrValue<Schema, Value> = [Related<Schema, Value>] extends [never] ? Mapped<Value>
  : Mapped<Exclude<Value, ItemsOf<Schema>>>;

type Mapped<Value> = 0 extends 1 & Value ? Value
  : Extract<Value, keyof FieldTypes> extends infer Name ? [Name] extends [never] ? Value
    : Name extends keyof FieldTypes ? FieldTypes[Name] | Exclude<Value, Name>
    : never
  : never;

/** The name of a function's result. */
type ResultOf<Call> = Call extends `${infer Name extends FieldFunction}(${infer Field})`
  ? `${Field}_${Name}`
  : never;

/**
 * The path itself if it leads to a field. Otherwise, for the compiler's message, the valid paths that begin
 * like it.
 *
 * @internal
 */
export type PathIn<Schema, Item, Path> = string extends Path ? Path
  : Path extends `${infer Head}.${infer Rest}` ? Head extends "*" ? Path
    : string extends Rest ? Path // a path that is not known yet
    : Head extends `${infer Field}:${infer Collection}`
      ? Field extends keyof Item
        ? Collection extends keyof Schema
          ? `${Head}.${PathIn<Schema, OneOf<Schema[Collection]>, Rest> & string}`
        : `${Field}:${keyof Schema & string}.${string}`
      : keyof Item
    : Head extends keyof Item
      ? [Related<Schema, Item[Head]>] extends [never] ? (unknown extends Item[Head] ? Path : Head)
      : `${Head}.${PathIn<Schema, OneOf<Related<Schema, Item[Head]>>, Rest> & string}`
    : keyof Item
  : Path extends "*" | keyof Item | `${FieldFunction}(${keyof Item & string})` ? Path
  : "*" | keyof Item;
