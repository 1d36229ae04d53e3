/**
 * Views: lists that follow the messages of a topic whose name the server chooses.
 *
 * @module
 */

import { assertEquals, assertStrictEquals } from "@std/assert";
import { openSetup, Setup } from "./setup.ts";
import { followView, type Row, row, rowRemoval, startView } from "./view_setup.ts";

const QUERY = { fields: ["id", "title"], filter: { status: { _eq: "published" } }, limit: 50 };

Deno.test("LiveClient.view() subscribes by collection and query once the connection is open", () => {
  using setup = new Setup();
  followView(setup, QUERY);
  followView(setup);

  setup.socket.open();

  assertEquals(setup.socket.sent, [
    { type: "subscribe", view: { collection: "events", query: QUERY }, id: "1" },
    { type: "subscribe", view: { collection: "events", query: {} }, id: "2" },
  ]);
});

Deno.test("a view lists its rows by rank, compared by code unit", async () => {
  using setup = openSetup();
  const { lists, view } = followView(setup);
  assertEquals(view.rows, undefined);

  startView(setup, [row(1, 1, "a1"), row(2, 2, "Zz"), row(3, 3, "a0V"), row(4, 4, "a0")]);
  await Promise.resolve();

  assertEquals(lists, [[2, 4, 3, 1]]);
  assertEquals(view.rows?.[0], { id: 2, title: "event 2" });
});

Deno.test("a view without rows reports its empty list once", async () => {
  using setup = openSetup();
  const { lists, view } = followView(setup);

  startView(setup, []);
  await Promise.resolve();

  assertEquals([lists, view.rows], [[[]], []]);
});

for (
  const [what, messages, ids] of [
    ["a row that appears", [row(4, 4, "a0V")], [1, 4, 2, 3]],
    ["a row that moves", [row(4, 3, "Zz")], [3, 1, 2]],
    ["a row whose fields change", [row(4, 2, "a1", { data: { id: 20 } })], [1, 20, 3]],
    ["a row that leaves", [rowRemoval(4, 2)], [1, 3]],
    ["all that a frame brings, at once", [
      rowRemoval(4, 1),
      row(5, 4, "a0"),
      rowRemoval(6, 4),
      row(7, 5, "a3"),
    ], [2, 3, 5]],
  ] as const
) {
  Deno.test(`a view shows ${what}, in a new array with the same other rows`, async () => {
    using setup = openSetup();
    const { lists, view } = followView(setup);
    startView(setup, [row(1, 1, "a0"), row(2, 2, "a1"), row(3, 3, "a2")]);
    await Promise.resolve();
    const former = view.rows;

    setup.socket.receive(...messages);
    await Promise.resolve();

    assertEquals(lists.slice(1), [[...ids]]);
    assertEquals(former?.map(({ id }) => id), [1, 2, 3]);
    const other = (rows?: readonly Row[]) => rows?.at(-1)?.id === 3 ? rows.at(-1) : rows?.[0];
    if (ids[0] === 1) assertStrictEquals(other(view.rows), other(former));
  });
}

Deno.test("a view's list is frozen", async () => {
  using setup = openSetup();
  const { view } = followView(setup);
  startView(setup, [row(1, 1, "a0")]);
  await Promise.resolve();

  assertEquals(Object.isFrozen(view.rows), true);
});

for (
  const [what, messages] of [
    ["the same row again", [row(3, 1, "a0")]],
    ["a new rank that keeps the order", [row(3, 2, "a5")]],
    ["a row that comes and goes", [row(3, 3, "a2"), rowRemoval(4, 3)]],
    ["the removal of a row that it does not have", [rowRemoval(3, 3)]],
  ] as const
) {
  Deno.test(`a view keeps its array after ${what}`, async () => {
    using setup = openSetup();
    const { lists, view } = followView(setup);
    startView(setup, [row(1, 1, "a0"), row(2, 2, "a1")]);
    await Promise.resolve();
    const { rows } = view;

    setup.socket.receive(...messages);
    await Promise.resolve();

    assertStrictEquals(view.rows, rows);
    assertEquals(lists.length, 1);
  });
}

Deno.test("a view keeps its query even if the program changes the object", () => {
  using setup = new Setup();
  const query = { filter: { id: { _in: [1] } } };
  followView(setup, query);

  query.filter.id._in.push(2);
  setup.socket.open();

  assertEquals(setup.socket.last["view"], {
    collection: "events",
    query: { filter: { id: { _in: [1] } } },
  });
});

Deno.test("a view continues if onChange throws, and the client reports the error", async () => {
  using setup = openSetup();
  const error = new Error("mine");
  const { view } = followView(setup, {}, {
    onChange() {
      throw error;
    },
  });

  startView(setup, [row(1, 1, "a0")]);
  await Promise.resolve();
  setup.socket.receive(row(2, 2, "a1"));
  await Promise.resolve();
  await Promise.resolve();

  assertEquals(view.rows?.length, 2);
  assertEquals(setup.errors, [error, error]);
});
