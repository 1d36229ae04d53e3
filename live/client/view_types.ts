/**
 * The public types of views.
 *
 * @module
 */

import type { LiveError } from "./error.ts";
import type { FieldFunction, PathIn, Selected } from "./row_types.ts";

/**
 * The collections of a project whose schema is not known. A schema maps the name of each collection to
 * an array of its items, or to one item for a singleton, as in Directus's SDK.
 */
export type AnySchema = Record<string, Record<string, unknown>[]>;

/** The type of a collection's items. */
export type ItemOf<Schema, Collection extends keyof Schema> = Schema[Collection] extends
  readonly (infer Item)[] ? Item : Schema[Collection];

/** A field, a path of relational fields such as `author.name`, all fields (`*`), or a function. */
export type FieldPath<Item> =
  | "*"
  | `*.${string}`
  | keyof Item & string
  | `${keyof Item & string}.${string}`
  | `${keyof Item & string}:${string}.${string}`
  | `${FieldFunction}(${keyof Item & string})`;

/** Selects the rows of a view and their fields, as Directus's query parameters do. */
export interface ViewQuery<
  Schema = AnySchema,
  Collection extends keyof Schema = keyof Schema,
  Path = FieldPath<ItemOf<Schema, Collection>>,
> {
  /** Fields of each row. @default {["*"]} */
  readonly fields?: readonly Path[];
  /** A Directus filter. */
  readonly filter?: object;
  /** Fields to sort by, `-` before a descending one. @default {the primary key} */
  readonly sort?: readonly (Path | `-${Path & string}`)[];
  /** How many rows at most. @default {100} */
  readonly limit?: number;
  /** A text that the rows contain. */
  readonly search?: string;
  /** Filters, sorts and limits of nested rows. */
  readonly deep?: object;
}

/**
 * The type of a view's rows: the requested fields and no others, as Directus's SDK types them. A
 * relational field is a key unless the query asks for fields of the related item.
 */
export type RowOf<Schema, Collection extends keyof Schema, Query> = Query extends
  { readonly fields: readonly (infer Path)[] } ? Selected<Schema, ItemOf<Schema, Collection>, Path>
  : Selected<Schema, ItemOf<Schema, Collection>, "*">;

/**
 * A query whose paths all lead to fields of the schema. For any other path, the compiler's message lists
 * the valid ones.
 */
export type Checked<Schema, Collection extends keyof Schema, Query> = Query extends
  { readonly fields: infer Paths extends readonly unknown[] } ? {
    readonly fields: {
      readonly [Index in keyof Paths]: PathIn<Schema, ItemOf<Schema, Collection>, Paths[Index]>;
    };
  }
  : unknown;

/** Handlers of a view. Their errors are reported, and the view continues. */
export interface ViewOptions<Row = unknown> {
  /**
   * Called with the rows when they have arrived and whenever they have changed, at most once for all
   * messages that arrive together.
   */
  onChange?(rows: readonly Row[]): void;
  /** Called if the view ends although the program did not end it. */
  onError?(error: LiveError): void;
  /** Called once, when nothing more will follow, whatever the reason. */
  onEnd?(): void;
}

/**
 * A list of items that follows Directus: what the same query over REST would answer to the user.
 *
 * Iterating it yields the list when it has arrived and whenever it has changed; a slow loop gets only the
 * newest list. Leaving the loop ends the view. The iteration ends with the view; it throws if that ended
 * with an error.
 */
export interface View<Row = unknown> extends AsyncIterable<readonly Row[]> {
  /**
   * The rows in the query's order; `undefined` until they have arrived. The array is frozen. A change
   * makes another array, in which the rows that have not changed are the same objects.
   */
  readonly rows: readonly Row[] | undefined;
  /** Ends the view. No handler but `onEnd` is called any more. */
  unsubscribe(): void;
}
