/**
 * Views: lists that follow the messages of a topic whose name the server chooses.
 *
 * @module
 */

import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { LiveError } from "../../live/client/error.ts";
import { turn } from "../support/queue.ts";
import { openSetup, Setup } from "./setup.ts";
import { followView, type Row, row, rowRemoval, startView, TOPIC } from "./view_setup.ts";

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

Deno.test("a view that has no rows says so once", async () => {
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

Deno.test("a view resumes where it stopped", async () => {
  using setup = openSetup();
  const { lists } = followView(setup, QUERY);
  startView(setup, [row(1, 1, "a0"), row(2, 2, "a1")]);
  setup.socket.receive(row(3, 3, "a2"));

  setup.reconnect();
  assertEquals(setup.socket.sent, [{
    type: "subscribe",
    view: { collection: "events", query: QUERY },
    id: "2",
    since: { epoch: "e", offset: 3 },
  }]);
  startView(setup, [rowRemoval(4, 1)], { topic: "view:other", recovered: true, offset: 4 });
  setup.socket.receive(row(5, 4, "a3", { topic: "view:other" }), row(6, 5, "a4"));
  await Promise.resolve();

  assertEquals(lists, [[2, 3, 4]]); // nothing of the former name
});

Deno.test("a view that starts over keeps what is equal", async () => {
  using setup = openSetup();
  const { lists, view } = followView(setup);
  startView(setup, [row(1, 1, "a0"), row(2, 2, "a1")]);
  await Promise.resolve();
  const { rows = [] } = view;

  setup.reconnect();
  startView(setup, [row(1, 1, "a0"), row(2, 2, "a1")], { epoch: "f" });
  await Promise.resolve();
  assertStrictEquals(view.rows, rows);
  setup.reconnect();
  startView(setup, [row(1, 1, "a0"), row(2, 3, "a1")], { epoch: "g" });
  await Promise.resolve();

  assertEquals(lists, [[1, 2], [1, 3]]);
  assertStrictEquals(view.rows?.[0], rows[0]);
});

Deno.test("a view whose rights have changed starts over at once, without an empty list between", async () => {
  using setup = openSetup();
  const { lists, notes } = followView(setup);
  startView(setup, [row(1, 1, "a0"), row(2, 2, "a1")]);
  await Promise.resolve();

  setup.socket.receive(
    { type: "unsubscribed", topic: TOPIC, reason: "changed" },
    row(3, 3, "a2"), // too late
  );
  await Promise.resolve();
  assertEquals(setup.socket.sent.slice(1), [
    { type: "subscribe", view: { collection: "events", query: {} }, id: "2" },
  ]);
  startView(setup, [row(1, 2, "a0")], { topic: "view:other", epoch: "f" });
  await Promise.resolve();

  assertEquals([lists, notes], [[[1, 2], [2]], []]);
});

Deno.test("a view ends when the user loses the right to it", async () => {
  using setup = openSetup();
  const { lists, notes } = followView(setup);
  startView(setup, [row(1, 1, "a0")]);
  await Promise.resolve();

  setup.socket.receive(row(2, 2, "a1"), {
    type: "unsubscribed",
    topic: TOPIC,
    reason: "forbidden",
  });
  await Promise.resolve();

  assertEquals([lists, notes], [[[1]], ["error forbidden", "end"]]);
});

for (const code of ["bad-view", "forbidden", "limit"]) {
  Deno.test(`a view ends after ${code}, and the client does not retry`, () => {
    using setup = openSetup();
    const errors: LiveError[] = [];
    const { notes } = followView(setup, {}, { onError: (error) => errors.push(error) });
    followView(setup, QUERY);

    // Such an error names no topic.
    setup.socket.receive({ type: "error", code, message: "No", id: "1" });
    setup.reconnect();

    assertEquals(errors.map(({ code, message }) => [code, message]), [[
      code,
      "No: view of events",
    ]]);
    assertEquals(notes, ["end"]);
    assertEquals(setup.socket.sent.length, 1); // the other view
  });
}

Deno.test("LiveClient retries a view that is unavailable", async () => {
  using time = new FakeTime(0);
  using setup = openSetup();
  const { lists } = followView(setup);

  setup.socket.receive({ type: "error", code: "unavailable", message: "", id: "1" });
  time.tick(1_500);
  startView(setup, [row(1, 1, "a0")]);
  await time.runMicrotasks();

  assertEquals(setup.socket.sent.length, 2);
  assertEquals(lists, [[1]]);
});

Deno.test("equal views share one subscription on the wire", async () => {
  using setup = openSetup();
  const first = followView(setup, QUERY);
  startView(setup, [row(1, 1, "a0")]);
  const second = followView(setup, { ...QUERY });
  await turn();
  setup.socket.receive(row(2, 2, "a1"));
  await Promise.resolve();

  assertEquals([first.lists, second.lists], [[[1], [1, 2]], [[1], [1, 2]]]);
  assertEquals(setup.socket.sent.length, 1);
  first.view.unsubscribe();
  assertEquals(setup.socket.sent.length, 1);
  second.view.unsubscribe();
  assertEquals(setup.socket.last, { type: "unsubscribe", topic: TOPIC });
});

Deno.test("views that only the server takes for equal share the topic's messages", async () => {
  using setup = openSetup();
  const first = followView(setup, {});
  startView(setup, [row(1, 1, "a0")]);
  const second = followView(setup, { limit: 100 });
  startView(setup, [row(1, 1, "a0"), row(2, 2, "a1")]); // the server has begun the topic again
  setup.socket.receive(row(3, 3, "a2"));
  await Promise.resolve();

  assertEquals([first.lists, second.lists], [[[1, 2, 3]], [[1, 2, 3]]]);
  first.view.unsubscribe();
  assertEquals(setup.socket.sent.length, 2); // the second view needs the topic
  second.view.unsubscribe();
  assertEquals(setup.socket.last, { type: "unsubscribe", topic: TOPIC });
});

Deno.test("a view subscribes again if the server ends its topic for another view", async () => {
  using setup = openSetup();
  const first = followView(setup, {});
  startView(setup, [row(1, 1, "a0")]);
  const second = followView(setup, { limit: 100 });
  first.view.unsubscribe(); // the client cannot know that the second view has the same topic
  const [, , unsubscribe] = setup.socket.sent;
  assertEquals(unsubscribe, { type: "unsubscribe", topic: TOPIC });

  setup.socket.receive({
    type: "subscribed",
    topic: TOPIC,
    id: "2",
    epoch: "e",
    offset: 1,
    recovered: false,
    messages: [row(1, 1, "a0")],
  }, { type: "unsubscribed", topic: TOPIC });
  startView(setup, [row(1, 1, "a0")]);
  setup.socket.receive(row(2, 2, "a1"));
  await Promise.resolve();

  assertEquals(second.lists, [[1, 2]]);
});

Deno.test("a view that ends before its answer is unsubscribed by the name in the answer", () => {
  using setup = openSetup();
  const { notes, view } = followView(setup);

  view.unsubscribe();
  assertEquals(setup.socket.sent.length, 1);
  startView(setup, [row(1, 1, "a0")]);

  assertEquals(setup.socket.sent.slice(1), [{ type: "unsubscribe", topic: TOPIC }]);
  assertEquals(notes, ["end"]);
});

Deno.test("View.unsubscribe() keeps the frame that was just handled from the handlers", async () => {
  using setup = openSetup();
  const { lists, notes, view } = followView(setup);

  startView(setup, [row(1, 1, "a0")]);
  view.unsubscribe();
  await Promise.resolve();

  assertEquals([lists, notes], [[], ["end"]]);
});

Deno.test("a view keeps the query that it was given, though the program changes it", () => {
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

Deno.test("a view goes on whatever onChange throws, and the client reports it", async () => {
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

Deno.test("an iteration of a view yields the newest list, and ends the view when it is left", async () => {
  using setup = openSetup();
  const { view } = followView(setup);
  const lists: number[][] = [];
  startView(setup, [row(1, 1, "a0")]);

  for await (const rows of view) {
    lists.push(rows.map(({ id }) => id));
    if (rows.length >= 3) break;
    setup.socket.receive(row(2, 2, "a1"));
    await Promise.resolve();
    setup.socket.receive(row(3, 3, "a2"));
    await Promise.resolve();
  }

  assertEquals(lists, [[1], [1, 2, 3]]);
  assertEquals(setup.socket.last, { type: "unsubscribe", topic: TOPIC });
});

Deno.test("an iteration of a view waits for the next list", async () => {
  using setup = openSetup();
  const lists = followView(setup).view[Symbol.asyncIterator]();
  const first = lists.next();

  startView(setup, [row(1, 1, "a0")]);
  assertEquals((await first).value?.length, 1);
  const second = lists.next();
  setup.socket.receive(row(2, 1, "a0"), row(3, 2, "a1"));

  assertEquals((await second).value?.length, 2);
});

Deno.test("an iteration of a view throws why the view ended", async () => {
  using setup = openSetup();
  const lists = Array.fromAsync(followView(setup).view);

  setup.socket.receive({ type: "error", code: "bad-view", message: "No", id: "1" });

  const error = await assertRejects(() => lists, LiveError, "No: view of events");
  assertEquals(error.code, "bad-view");
});

Deno.test("an iteration of a view ends with the client", async () => {
  using setup = openSetup();
  const { view } = followView(setup);
  startView(setup, [row(1, 1, "a0")]);
  await Promise.resolve();

  setup.live.close();

  const lists = await Array.fromAsync(view);
  assertEquals(lists.map(({ length }) => length), [1]);
});
