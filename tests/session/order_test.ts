/**
 * Tests of the order in which sessions do what they were asked, and of what may come between.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { turn } from "../hub/fakes.ts";
import { createSessionBench, outline } from "./fakes.ts";

Deno.test("Session.handle() does what concerns one topic in the order it was asked", async () => {
  await using setup = createSessionBench({ asks: true });
  const handled = [
    setup.subscribe("a:1", "1"),
    setup.unsubscribe("a:1", "2"),
    setup.subscribe("a:1", "3"),
    setup.unsubscribe("a:1", "4"),
    setup.subscribe("a:1", "5"),
  ];
  for (const answer of ["allowed", "forbidden", "allowed"] as const) {
    await turn();
    setup.authority.answer("a:1", answer);
  }
  await Promise.all(handled);
  assertEquals(outline(setup.socket), [
    "subscribed a:1 1",
    "unsubscribed a:1 2",
    "error a:1 forbidden 3",
    "unsubscribed a:1 4",
    "subscribed a:1 5",
  ]);
});

Deno.test("Session.handle() asks about one topic once at a time", async () => {
  await using setup = createSessionBench({ asks: true });
  const handled = [setup.subscribe("a:1", "1"), setup.subscribe("a:1", "2")];
  await turn();
  assertEquals(setup.authority.asked.length, 1);
  setup.authority.answer("a:1", "allowed");
  await turn();
  assertEquals([outline(setup.socket), setup.authority.asked.length], [["subscribed a:1 1"], 2]);
  setup.authority.answer("a:1", "allowed");
  await Promise.all(handled);
  assertEquals(outline(setup.socket), ["subscribed a:1 1", "subscribed a:1 2"]);
});

Deno.test("Session.handle() queues behind what is under way, though earlier ones are done", async () => {
  await using setup = createSessionBench({ asks: true });
  const handled = [setup.subscribe("a:1", "1"), setup.subscribe("a:1", "2")];
  await turn();
  setup.authority.answer("a:1", "allowed");
  await turn();
  handled.push(setup.unsubscribe("a:1", "3"));
  await turn();
  assertEquals(outline(setup.socket), ["subscribed a:1 1"]);
  setup.authority.answer("a:1", "allowed");
  await Promise.all(handled);
  assertEquals(outline(setup.socket).slice(1), ["subscribed a:1 2", "unsubscribed a:1 3"]);
});

Deno.test("Session.handle() lets no topic wait for another", async () => {
  await using setup = createSessionBench({ asks: true });
  const slow = setup.subscribe("a:1");
  const quick = setup.subscribe("b:1");
  await Promise.resolve();
  setup.authority.answer("b:1", "allowed");
  await quick;
  await setup.unsubscribe("c:1");
  assertEquals(outline(setup.socket), ["subscribed b:1", "unsubscribed c:1"]);
  setup.authority.answer("a:1", "allowed");
  await slow;
  assertEquals(outline(setup.socket).slice(2), ["subscribed a:1"]);
});

Deno.test("Session.handle() ends a subscription that was given up while it was pending", async () => {
  await using setup = createSessionBench({ asks: true });
  const handled = [setup.subscribe("a:1", "1"), setup.unsubscribe("a:1", "2")];
  await turn();
  assertEquals(setup.socket.frames, []);
  setup.authority.answer("a:1", "allowed");
  await Promise.all(handled);
  await setup.bench.publish("a:1", 1);
  assertEquals(outline(setup.socket), ["subscribed a:1 1", "unsubscribed a:1 2"]);
  assertEquals(setup.bench.metrics.gauges.topics, 0);
});

Deno.test("Session.handle() counts pending topics towards the limit", async () => {
  await using setup = createSessionBench({ asks: true, maxTopics: 2 });
  const handled = ["a:1", "b:1", "c:1"].map((topic) => setup.subscribe(topic));
  await handled[2];
  assertEquals(outline(setup.socket), ["error c:1 limit"]);
  for (const topic of ["a:1", "b:1"]) setup.authority.answer(topic, "allowed");
  await Promise.all(handled);
  assertEquals(outline(setup.socket).slice(1), ["subscribed a:1", "subscribed b:1"]);
  assertEquals(setup.authority.asked.length, 2);
});

Deno.test("Session.handle() counts no topic twice while it becomes subscribed", async () => {
  for (let microtasks = 0; microtasks < 20; microtasks++) {
    await using setup = createSessionBench({ asks: true, maxTopics: 2 });
    const first = setup.subscribe("a:1");
    await turn();
    setup.authority.answer("a:1", "allowed");
    for (let i = 0; i < microtasks; i++) await Promise.resolve();
    const second = setup.subscribe("b:1");
    await turn();
    assertEquals(outline(setup.socket), ["subscribed a:1"], `after ${microtasks} microtasks`);
    setup.authority.answer("b:1", "allowed");
    await Promise.all([first, second]);
  }
});

Deno.test("Session.handle() leaves nothing behind if the connection ends meanwhile", async () => {
  await using setup = createSessionBench({ asks: true });
  const handled = [setup.subscribe("a:1"), setup.unsubscribe("a:1"), setup.subscribe("a:1")];
  await turn();
  setup.connection.end(1001, "gone");
  setup.authority.answer("a:1", "allowed");
  await Promise.all(handled);
  assertEquals([setup.socket.frames, setup.authority.asked.length], [[], 1]);
  const { topics = 0, subscriptions = 0 } = setup.bench.metrics.gauges;
  assertEquals([topics, subscriptions], [0, 0]);
});

for (const answer of ["forbidden", "unauthorized"] as const) {
  Deno.test(`Session.handle() ignores ${answer} if the connection has ended meanwhile`, async () => {
    await using setup = createSessionBench({ asks: true });
    const handled = setup.subscribe("a:1");
    await turn();
    setup.connection.end(1001, "gone");
    setup.authority.answer("a:1", answer);
    await handled;
    assertEquals([setup.socket.frames, setup.socket.closes], [[], [[1001, "gone"]]]);
  });
}

Deno.test("Session.handle() leaves nothing behind if the connection ends as a topic opens", async () => {
  await using setup = createSessionBench();
  setup.bench.broker.hold();
  const handled = setup.subscribe("a:1");
  await turn();
  setup.connection.end(1001, "gone");
  setup.bench.broker.letGo();
  await handled;
  assertEquals([setup.socket.frames, setup.bench.metrics.gauges.topics], [[], 0]);
  assertEquals(setup.bench.broker.calls, ["open a:1", "close a:1"]);
});

Deno.test("Session.handle() rejects if the authority does, and goes on", async () => {
  await using setup = createSessionBench({ asks: true, maxTopics: 1 });
  const failed = setup.subscribe("a:1", "1");
  const queued = setup.subscribe("a:1", "2");
  await turn();
  setup.authority.fail("a:1", new Error("fault"));
  await assertRejects(() => failed, Error, "fault");
  await turn();
  setup.authority.answer("a:1", "allowed");
  await queued;
  assertEquals(outline(setup.socket), ["subscribed a:1 2"]);
});

Deno.test("Session.handle() rejects if the topic cannot open, and goes on", async () => {
  await using setup = createSessionBench({ maxTopics: 1 });
  setup.bench.broker.hold();
  const failed = setup.subscribe("a:1", "1");
  await turn();
  setup.bench.broker.letGo(new Error("out of reach"));
  await assertRejects(() => failed, Error, "out of reach");
  await setup.subscribe("a:1", "2");
  assertEquals(outline(setup.socket), ["subscribed a:1 2"]);
});
