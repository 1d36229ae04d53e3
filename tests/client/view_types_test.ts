/**
 * The types of views: what the compiler infers from a schema and a query.
 *
 * @module
 */

import type { Live, View } from "../../live/client/mod.ts";

interface Author {
  id: number;
  name: string;
}

interface Event {
  id: number;
  title: string;
  starts_at: string;
  author: Author | number;
}

interface Schema {
  events: Event[];
  settings: { motto: string };
}

/** Compiles only if both types are the same. */
function same<A, B>(
  _: (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false,
): void {}

/** Never called: the compiler alone looks at it. */
function check(live: Live<Schema>, untyped: Live): void {
  const all = live.view("events");
  same<typeof all, View<Event>>(true);

  const some = live.view("events", { fields: ["id", "title"], sort: ["-starts_at"], limit: 5 });
  same<typeof some, View<Pick<Event, "id" | "title">>>(true);

  const nested = live.view("events", { fields: ["id", "author.name", "count(author)"] });
  same<typeof nested, View<Pick<Event, "id" | "author">>>(true);

  const stars = live.view("events", { fields: ["*", "author.*"] });
  same<typeof stars, View<Event>>(true);

  const computed: "id"[] = [];
  const listed = live.view("events", { fields: computed });
  same<typeof listed, View<Pick<Event, "id">>>(true);

  const singleton = live.view("settings");
  same<typeof singleton, View<{ motto: string }>>(true);

  live.view("events", { fields: ["title"] }, {
    onChange(rows) {
      same<typeof rows, readonly Pick<Event, "title">[]>(true);
    },
  });

  const unknown = untyped.view("events", { fields: ["id"] });
  same<typeof unknown, View<Pick<Record<string, unknown>, "id">>>(true);

  // @ts-expect-error -- not a collection of the schema
  live.view("evnets");
  // @ts-expect-error -- not a field of the collection
  live.view("events", { fields: ["titel"] });
  // @ts-expect-error -- the list is immutable
  all.rows?.push();
}

Deno.test("the compiler infers the rows of a view", () => {
  void check;
});
