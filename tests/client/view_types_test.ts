/**
 * The types of views: what the compiler infers from a schema and a query.
 *
 * @module
 */

import type { createDirectus, readItems, rest } from "@directus/sdk";
import type { FieldPath, JsonValue, Live, View } from "../../live/client/mod.ts";

interface Author {
  id: number;
  name: string;
  born: "date" | null;
  posts: Post[] | number[];
}

interface Post {
  id: number;
  title: string;
  subtitle?: string;
  status: "draft" | "published";
  starts_at: "datetime";
  tags: "csv" | null;
  options: "json";
  place: { x: number; y: number };
  author: Author | number;
  editor: Author | number | null;
  comments: Comment[] | number[];
  blocks: PostBlock[] | number[];
}

interface Comment {
  id: number;
  text: string;
  post: Post | number;
}

interface PostBlock {
  id: number;
  collection: "headings" | "quotes";
  item: Heading | Quote | string;
}

interface Heading {
  id: string;
  level: number;
}

interface Quote {
  id: string;
  source: string | null;
}

interface Schema {
  posts: Post[];
  authors: Author[];
  comments: Comment[];
  posts_blocks: PostBlock[];
  headings: Heading[];
  quotes: Quote[];
  settings: { motto: string };
}

/** Compiles only if both types are the same. */
function same<A, B>(
  _: (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false,
): void {}

/** Never called: the compiler alone looks at it. */
function check(live: Live<Schema>): void {
  const some = live.view("posts", { fields: ["id", "title"], sort: ["-starts_at"], limit: 5 });
  same<typeof some, View<{ id: number; title: string }>>(true);

  const all = live.view("posts");
  same<typeof all, View<AllOfPost>>(true);
  const stars = live.view("posts", { fields: ["*"] });
  same<typeof stars, View<AllOfPost>>(true);

  const types = live.view("posts", {
    fields: ["subtitle", "status", "starts_at", "tags", "options", "place"],
  });
  same<
    typeof types,
    View<{
      subtitle?: string;
      status: "draft" | "published";
      starts_at: string;
      tags: string[] | null;
      options: JsonValue;
      place: { x: number; y: number };
    }>
  >(true);

  const keys = live.view("posts", { fields: ["author", "editor", "comments"] });
  same<typeof keys, View<{ author: number; editor: number | null; comments: number[] }>>(true);

  const one = live.view("posts", { fields: ["id", "author.name", "author.born", "editor.name"] });
  same<
    typeof one,
    View<{
      id: number;
      author: { name: string; born: string | null };
      editor: { name: string } | null;
    }>
  >(true);

  const many = live.view("posts", { fields: ["comments.text", "comments.post.title"] });
  same<typeof many, View<{ comments: { text: string; post: { title: string } }[] | null }>>(true);

  const both = live.view("authors", { fields: ["*", "posts.id"] });
  same<
    typeof both,
    View<{ id: number; name: string; born: string | null; posts: { id: number }[] | null }>
  >(true);

  const deep = live.view("comments", { fields: ["*.*"] });
  same<typeof deep, View<{ id: number; text: string; post: AllOfPost }>>(true);

  const any = live.view("posts", {
    fields: ["blocks.collection", "blocks.item:headings.level", "blocks.item:quotes.source"],
  });
  same<
    typeof any,
    View<{
      blocks:
        | {
          collection: "headings" | "quotes";
          item: { level: number } | { source: string | null };
        }[]
        | null;
    }>
  >(true);

  const counted = live.view("posts", { fields: ["id", "count(comments)", "year(starts_at)"] });
  same<typeof counted, View<{ id: number; comments_count: number; starts_at_year: number }>>(true);

  const computed: "id"[] = [];
  const listed = live.view("posts", { fields: computed });
  same<typeof listed, View<{ id: number }>>(true);

  const unknown: FieldPath<Post>[] = [];
  live.view("posts", { fields: unknown, limit: 1 });

  const singleton = live.view("settings");
  same<typeof singleton, View<{ motto: string }>>(true);

  live.view("posts", { fields: ["title"] }, {
    onChange(rows) {
      same<typeof rows, readonly { title: string }[]>(true);
    },
  });
}

/** What `*` selects: relational fields are keys. */
interface AllOfPostFields {
  id: number;
  title: string;
  subtitle?: string;
  status: "draft" | "published";
  starts_at: string;
  tags: string[] | null;
  options: JsonValue;
  place: { x: number; y: number };
  author: number;
  editor: number | null;
  comments: number[];
  blocks: number[];
}

type AllOfPost = { [Field in keyof AllOfPostFields]: AllOfPostFields[Field] };

/** Never called. Without a schema, all fields of all collections may be there. */
function checkUntyped(live: Live): void {
  const some = live.view("events", { fields: ["id", "author.name"] });
  same<typeof some, View<{ [name: string]: unknown }>>(true);
  const all = live.view("events");
  same<typeof all, View<{ [name: string]: unknown }>>(true);
}

/** Never called: mistakes that the compiler finds. */
function checkMistakes(live: Live<Schema>): void {
  // @ts-expect-error -- not a collection of the schema
  live.view("psots");
  // @ts-expect-error -- not a field of the collection
  live.view("posts", { fields: ["titel"] });
  // @ts-expect-error -- not a field of the related item
  live.view("posts", { fields: ["id", "author.nmae"] });
  // @ts-expect-error -- not a field two relations away
  live.view("posts", { fields: ["comments.post.titel"] });
  // @ts-expect-error -- not a relation
  live.view("posts", { fields: ["title.name"] });
  // @ts-expect-error -- not a collection of the many-to-any field
  live.view("posts", { fields: ["blocks.item:images.title"] });
  // @ts-expect-error -- not a field of that collection
  live.view("posts", { fields: ["blocks.item:headings.source"] });
  // @ts-expect-error -- not a field to sort by
  live.view("posts", { sort: ["-titel"] });
  // @ts-expect-error -- not a function
  live.view("posts", { fields: ["sum(id)"] });
  // @ts-expect-error -- views have no pages
  live.view("posts", { page: 2 });
  // @ts-expect-error -- the list is immutable
  live.view("posts").rows?.push();
  live.view("posts", { fields: ["id"] }, {
    // @ts-expect-error -- a field that was not requested
    onChange: (rows) => rows.map(({ title }) => title),
  });
}

/** Never called: the rows are those that the SDK's own types give for the same fields. */
function checkSdk(create: typeof createDirectus, read: typeof readItems, over: typeof rest): void {
  const directus = create<Schema>("https://directus.example.com").with(over());
  const rows = () =>
    directus.request(
      read("posts", { fields: ["id", "tags", { author: ["name"], editor: ["id", "born"] }] }),
    );
  const view = (live: Live<Schema>) =>
    live.view("posts", { fields: ["id", "tags", "author.name", "editor.id", "editor.born"] });
  same<RowOf<ReturnType<typeof view>>, Written<Awaited<ReturnType<typeof rows>>[number]>>(true);
}

type RowOf<V> = V extends View<infer Row> ? Row : never;

/** An object type of the SDK, written out all the way down. */
type Written<T> = T extends string | number | null ? T
  : T extends readonly (infer Member)[] ? Written<Member>[]
  : { [Name in keyof T]: Written<T[Name]> };

Deno.test("the compiler infers the rows of a view", () => {
  void [check, checkUntyped, checkMistakes, checkSdk];
});
