/**
 * What the stores show: topics, views, messages and the connection.
 *
 * @module
 */

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { LiveState } from "../../../live/client/types.ts";
import { message, removal } from "../setup.ts";
import { row, rowRemoval, startView } from "../view_setup.ts";
import { follow, SharedSetup } from "./setup.ts";

Deno.test("a topic shows the newest payload of each key, once for all messages of a frame", async () => {
  using setup = new SharedSetup();
  const topic = setup.live.topic<number>("event:1");
  const { values, leave } = follow(topic);
  setup.socket.open();
  setup.socket.start("e", 2, [message(1, "a"), message(2, "b")]);
  await Promise.resolve();
  setup.socket.receive(message(3, "a"), message(4), removal(5, "b"));
  await Promise.resolve();

  assertEquals(values.map(({ status }) => status), ["live", "live"]);
  assertEquals(values.map(({ items }) => [...items]), [[["a", 1], ["b", 2]], [["a", 3]]]);
  assertEquals(values.map(({ last }) => last?.offset), [2, 5]);
  assertStrictEquals(topic.get(), topic.get());
  leave();
  setup.linger();
});

Deno.test("a topic that starts over shows its former items until the new ones have arrived", async () => {
  using setup = new SharedSetup();
  const { values, leave } = follow(setup.live.topic("event:1"));
  setup.socket.open();
  setup.socket.start("e", 2, [message(1, "a"), message(2, "b")]);
  await Promise.resolve();

  setup.socket.end(1006);
  setup.live.retry();
  setup.socket.open();
  setup.socket.start("f", 1, [message(1, "c")]);
  await Promise.resolve();

  assertEquals(setup.sockets.length, 2);
  assertEquals(values.map(({ items }) => [...items.keys()]), [["a", "b"], ["c"]]);
  leave();
  setup.linger();
});

Deno.test("a view shows its rows, and keeps the objects of unchanged rows", async () => {
  using setup = new SharedSetup();
  const { values, leave } = follow(setup.live.view("events", { fields: ["id", "title"] }));
  setup.socket.open();
  startView(setup, [row(1, 7, "a1"), row(2, 8, "a2")]);
  await Promise.resolve();
  setup.socket.receive(row(3, 9, "a0"), rowRemoval(4, 8));
  await Promise.resolve();

  assertEquals(values.map(({ rows }) => rows?.map(({ id }) => id)), [[7, 8], [9, 7]]);
  assertStrictEquals(values[1]?.rows?.[1], values[0]?.rows?.[0]);
  leave();
  setup.linger();
});

Deno.test("the connection shows its state from the moment it is followed", () => {
  using setup = new SharedSetup();
  const topic = follow(setup.live.topic("event:1"));
  setup.socket.open();
  const { values, leave } = follow(setup.live.connection);
  assertEquals(setup.live.connection.get().phase, "open");

  setup.socket.end(1006);
  setup.live.retry();

  assertEquals(values.map(({ phase }) => phase), ["waiting", "connecting"]);
  topic.leave();
  leave();
  setup.linger();
});

Deno.test("subscribe() passes on each message until it is unsubscribed", () => {
  using setup = new SharedSetup();
  const notes: unknown[] = [];
  const leave = setup.live.subscribe("event:1", {
    onStart: ({ recovered }) => notes.push(recovered),
    onMessage: ({ offset }) => notes.push(offset),
  });
  setup.socket.open();
  setup.socket.start("e", 1, [message(1)]);
  setup.socket.receive(message(2), message(3));

  leave();
  setup.socket.receive(message(4));

  assertEquals(notes, [false, 1, 2, 3]);
  setup.linger();
  assertEquals(setup.socket.closed, { code: 1000 });
});

Deno.test("a topic or a view that the server refuses ends with the error, and retry() asks again", async () => {
  using setup = new SharedSetup();
  const topic = setup.live.topic("event:1");
  const view = setup.live.view("events");
  const errors: unknown[] = [];
  const leaves = [
    follow(topic).leave,
    follow(view).leave,
    setup.live.subscribe("event:2", { onError: ({ code }) => errors.push(code) }),
  ];
  setup.socket.open();
  for (const { id } of setup.socket.sent as { id: string }[]) {
    setup.socket.receive({ type: "error", id, code: "forbidden", message: "no" });
  }
  assertEquals([topic.get().status, view.get().status], ["ended", "ended"]);
  assertEquals([topic.get().error?.code, errors], ["forbidden", ["forbidden"]]);

  setup.live.retry();
  await Promise.resolve();

  assertEquals(setup.socket.sent.length, 6);
  assertEquals([topic.get(), view.get().status], [
    { ...topic.initial, error: undefined },
    "loading",
  ]);
  setup.live.retry();
  assertEquals(setup.socket.sent.length, 6);
  for (const leave of leaves) leave();
  setup.linger();
});

Deno.test("retry() connects again after the connection was closed permanently", async () => {
  const states: LiveState[] = [];
  using setup = new SharedSetup({ onState: (state) => states.push(state) });
  const connection = follow(setup.live.connection);
  const topic = follow(setup.live.topic("event:1"));
  setup.socket.end(4501, "no session");
  assertEquals(topic.values.at(-1)?.error?.code, 4501);

  setup.live.retry();
  setup.socket.open();
  setup.socket.start("e", 1, [message(1, "a")]);
  await Promise.resolve();

  assertEquals(setup.sockets.length, 2);
  assertEquals(topic.values.map(({ status }) => status), ["ended", "loading", "live"]);
  const phases = ["closed", "connecting", "open"];
  assertEquals(connection.values.map(({ phase }) => phase), phases);
  assertEquals(states.map(({ phase }) => phase), ["closed", "open"]);
  topic.leave();
  connection.leave();
  setup.linger();
  assert(setup.sockets.every(({ readyState }) => readyState > 1));
});
