/**
 * Views that resume, start over, end and are retried.
 *
 * @module
 */

import { assertEquals, assertStrictEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { LiveError } from "../../live/client/error.ts";
import { openSetup } from "./setup.ts";
import { followView, row, rowRemoval, startView, TOPIC } from "./view_setup.ts";

const QUERY = { fields: ["id", "title"], filter: { status: { _eq: "published" } }, limit: 50 };

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

Deno.test("a view that starts over keeps the objects of equal rows", async () => {
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
