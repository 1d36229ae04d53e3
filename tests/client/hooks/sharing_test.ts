/**
 * Components share one connection, and one subscription for each topic and view.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { createLive, type Progress, type Store } from "../../../live/client/hooks/shared.ts";
import { message } from "../setup.ts";
import { follow, SharedSetup } from "./setup.ts";

Deno.test("createLive() connects only when something is followed", () => {
  using setup = new SharedSetup();
  const stores = [setup.live.topic("event:1"), setup.live.view("events"), setup.live.connection];
  assertEquals(stores.map((store) => store.get() === store.initial), [true, true, true]);
  assertEquals(setup.sockets.length, 0);

  const { leave } = follow(setup.live.topic("event:1"));

  assertEquals(setup.sockets.length, 1);
  leave();
  setup.linger();
});

Deno.test("createLive() throws if the address is not a URL", () => {
  assertThrows(() => createLive("/live-socket"), TypeError);
});

Deno.test("everything that is followed shares one connection", () => {
  using setup = new SharedSetup();
  const followed = [
    follow(setup.live.connection),
    follow(setup.live.topic("event:1")),
    follow(setup.live.topic("event:1")),
    follow(setup.live.view("events", { limit: 2 })),
    follow(setup.live.view("events", { limit: 2 })),
  ];
  setup.socket.open();

  assertEquals(setup.sockets.length, 1);
  assertEquals(setup.socket.sent, [
    { type: "subscribe", topic: "event:1", id: "1" },
    { type: "subscribe", view: { collection: "events", query: { limit: 2 } }, id: "2" },
  ]);
  for (const { leave } of followed) leave();
  setup.linger();
});

Deno.test("an effect that ends and begins again, as in StrictMode, subscribes once", () => {
  using setup = new SharedSetup();
  const topic = setup.live.topic("event:1");
  follow(topic).leave();
  const { leave } = follow(topic);
  setup.socket.open();
  follow(setup.live.topic("event:2")).leave();
  const other = follow(setup.live.topic("event:2"));
  setup.linger();

  assertEquals(setup.sockets.length, 1);
  assertEquals(setup.socket.sent.length, 2);
  leave();
  other.leave();
  setup.linger();
});

Deno.test("a follower that joins within a second after the last one left finds the topic's state", async () => {
  using setup = new SharedSetup();
  const topic = setup.live.topic("event:1");
  const first = follow(topic);
  setup.socket.open();
  setup.socket.start("e", 1, [message(1, "a")]);
  await Promise.resolve();
  first.leave();
  setup.time.tick(999);

  const second = follow(setup.live.topic("event:1"));
  setup.linger();

  assertEquals([...topic.get().items], [["a", 1]]);
  assertEquals(setup.socket.sent.length, 1);
  assertEquals(setup.socket.closed, undefined);
  second.leave();
  setup.linger();
});

Deno.test("a topic is unsubscribed when its last follower has been gone for a second", () => {
  using setup = new SharedSetup();
  const state = follow(setup.live.connection);
  const topics = [follow(setup.live.topic("event:1")), follow(setup.live.topic("event:1"))];
  setup.socket.open();
  setup.socket.start("e", 0);

  topics[0]?.leave();
  topics[0]?.leave(); // leaving twice is leaving once
  setup.linger();
  assertEquals(setup.socket.sent.length, 1);
  topics[1]?.leave();
  setup.linger();

  assertEquals(setup.socket.last, { type: "unsubscribe", topic: "event:1" });
  assertEquals(setup.live.topic("event:1").get().status, "loading");
  assertEquals(setup.socket.closed, undefined);
  state.leave();
  setup.linger();
});

Deno.test("the connection closes when the last follower has been gone for a second", () => {
  using setup = new SharedSetup();
  const { leave } = follow(setup.live.topic("event:1"));
  setup.socket.open();

  leave();
  setup.time.tick(999);
  assertEquals(setup.socket.closed, undefined);
  setup.time.tick(1);

  assertEquals(setup.socket.closed, { code: 1000 });
  assertEquals(setup.live.connection.get(), { phase: "connecting" });
});

Deno.test("a follower that leaves during the connect leaves nothing open", () => {
  using setup = new SharedSetup();

  follow(setup.live.topic("event:1")).leave();
  setup.linger();

  assertEquals(setup.socket.closed, { code: 1000 });
  setup.time.tick(60_000);
  assertEquals(setup.sockets.length, 1);
});

Deno.test("a follower that joins after the connection closed opens a new one", () => {
  using setup = new SharedSetup();
  const topic = setup.live.topic("event:1");
  follow(topic).leave();
  setup.linger();

  const { leave } = follow(topic);
  setup.socket.open();

  assertEquals(setup.sockets.length, 2);
  assertEquals(setup.socket.sent.length, 1);
  leave();
  setup.linger();
});

Deno.test("undefined follows nothing", () => {
  using setup = new SharedSetup();
  const stores: Store<Progress>[] = [setup.live.topic(undefined), setup.live.view(undefined)];
  for (const store of stores) follow(store).leave();
  setup.live.subscribe(undefined, {})();

  assertEquals(setup.sockets.length, 0);
  assertEquals(stores.map((store) => store.get().status), ["loading", "loading"]);
});
