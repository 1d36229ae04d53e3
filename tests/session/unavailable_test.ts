/**
 * Tests of what sessions answer while topics cannot be read.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { BrokerUnavailable } from "../../live/domain/broker.ts";
import { messageOf, turn } from "../hub/fakes.ts";
import { createSessionBench, outline } from "./fakes.ts";

const GONE = new BrokerUnavailable("Redis: gone", 2_000);

Deno.test("Session.handle() says when to try again if the topic cannot be read", async () => {
  await using setup = createSessionBench({ maxTopics: 1 });
  setup.bench.broker.hold();
  const handled = setup.subscribe("a:1", "1");
  await turn();

  setup.bench.broker.letGo(GONE);

  await handled;
  assertEquals(setup.socket.frames, [
    '{"type":"error","code":"unavailable","message":"The topic cannot be read now; try again",' +
    '"id":"1","topic":"a:1","retryAfterMs":2000}',
  ]);
  assertEquals([setup.connection.ended, setup.bench.metrics.gauges.topics], [false, 0]);
  await setup.subscribe("b:1"); // its place is free
  assertEquals(outline(setup.socket).slice(1), ["subscribed b:1"]);
});

Deno.test("Session.handle() subscribes to a topic that can be read again", async () => {
  await using setup = createSessionBench();
  setup.bench.broker.hold();
  const handled = setup.subscribe("a:1", "1");
  await turn();
  setup.bench.broker.letGo(GONE);
  await handled;

  await setup.subscribe("a:1", "2");

  await setup.bench.publish("a:1", 1);
  assertEquals(outline(setup.socket), [
    "error a:1 unavailable 1",
    "subscribed a:1 2",
    "message a:1",
  ]);
  assertEquals(setup.socket.frames.at(-1), messageOf("a:1", 1, 1));
});

Deno.test("Session.handle() answers everybody who waits for a topic that cannot be read", async () => {
  await using setup = createSessionBench();
  setup.bench.broker.hold();
  const handled = [setup.subscribe("a:1", "1"), setup.subscribe("b:1", "2")];
  await turn();

  setup.bench.broker.letGo(GONE);

  await Promise.all(handled);
  assertEquals(outline(setup.socket).toSorted(), [
    "error a:1 unavailable 1",
    "error b:1 unavailable 2",
  ]);
});

Deno.test("Session.handle() keeps other topics while one cannot be read", async () => {
  await using setup = createSessionBench();
  await setup.subscribe("a:1");
  setup.bench.broker.hold();
  const handled = setup.subscribe("b:1");
  await turn();
  setup.bench.broker.letGo(GONE);
  await handled;

  await setup.bench.publish("a:1", 1);

  assertEquals(outline(setup.socket), ["subscribed a:1", "error b:1 unavailable", "message a:1"]);
});

Deno.test("Session.handle() takes no other failure for that", async () => {
  await using setup = createSessionBench();
  setup.bench.broker.hold();
  const handled = setup.subscribe("a:1");
  const rejected = assertRejects(() => handled, TypeError, "a fault");
  await turn();

  setup.bench.broker.letGo(new TypeError("a fault"));

  await rejected;
  assertEquals(setup.socket.frames, []);
});
