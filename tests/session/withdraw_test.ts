/**
 * Tests of topics that are taken from a session, whatever is under way just then.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { messageOf, turn } from "../hub/fakes.ts";
import { createSessionBench, outline, type SessionBench } from "./fakes.ts";

const GONE = '{"type":"unsubscribed","topic":"a:1","reason":"forbidden"}';
const FORBIDDEN = "error a:1 forbidden";

/** Asserts that nothing of the topic is sent from now on, and that nobody listens to it. */
async function assertGone({ bench, socket }: SessionBench): Promise<void> {
  const { length } = socket.frames;
  socket.bufferedAmount = 0;
  await bench.publish("a:1", "secret");
  bench.time.tick(10_000);
  await bench.time.runMicrotasks();
  assertEquals(socket.frames.slice(length), []);
  assertEquals([bench.metrics.gauges.topics ?? 0, bench.metrics.gauges.subscriptions ?? 0], [0, 0]);
}

Deno.test("Session.withdraw() tells the client, and sends nothing more of the topic", async () => {
  await using setup = createSessionBench();
  await setup.subscribe("a:1");
  await setup.bench.publish("a:1", 1);
  assertEquals(setup.withdraw("a:1"), true);
  assertEquals(setup.socket.frames.slice(1), [messageOf("a:1", 1, 1), GONE]);
  await assertGone(setup);
});

Deno.test("Session.withdraw() leaves other topics alone", async () => {
  await using setup = createSessionBench();
  await setup.subscribe("a:1");
  await setup.subscribe("b:1");
  setup.withdraw("a:1");
  await setup.bench.publish("b:1", 1);
  assertEquals(setup.socket.frames.at(-1), messageOf("b:1", 1, 1));
});

Deno.test("Session.withdraw() does nothing about a topic that the session does not have", async () => {
  await using setup = createSessionBench();
  await setup.subscribe("a:1");
  await setup.unsubscribe("a:1");
  assertEquals([setup.withdraw("a:1"), setup.withdraw("b:1")], [false, false]);
  assertEquals(outline(setup.socket), ["subscribed a:1", "unsubscribed a:1"]);
});

Deno.test("Session.withdraw() refuses a topic that is just being asked for, whatever the answer", async () => {
  await using setup = createSessionBench({ asks: true, maxTopics: 1 });
  const handled = setup.subscribe("a:1", "1");
  await turn();
  assertEquals(setup.withdraw("a:1"), false);
  setup.authority.answer("a:1", "allowed"); // says who was asked before
  await handled;
  assertEquals(outline(setup.socket), [`${FORBIDDEN} 1`]);
  await assertGone(setup);
});

Deno.test("Session.withdraw() refuses a topic that is just being opened", async () => {
  await using setup = createSessionBench();
  await setup.bench.publish("a:1", "secret");
  setup.bench.broker.hold();
  const handled = setup.subscribe("a:1", "1");
  await turn();
  setup.withdraw("a:1");
  setup.bench.broker.letGo();
  await handled;
  assertEquals(outline(setup.socket), [`${FORBIDDEN} 1`]);
  await assertGone(setup);
});

Deno.test("Session.withdraw() refuses a start that waits for room", async () => {
  await using setup = createSessionBench();
  const { bench, socket } = setup;
  await bench.publish("a:1", "secret");
  socket.bufferedAmount = 65_537;
  const handled = setup.subscribe("a:1", "1");
  await turn();
  setup.withdraw("a:1");
  socket.bufferedAmount = 0;
  bench.time.tick(20);
  await handled;
  assertEquals(outline(socket), [`${FORBIDDEN} 1`]);
  await assertGone(setup);
});

Deno.test("Session.withdraw() refuses a second start that waits for room, and ends the first", async () => {
  await using setup = createSessionBench();
  const { bench, socket } = setup;
  await setup.subscribe("a:1", "1");
  socket.bufferedAmount = 65_537;
  const handled = setup.subscribe("a:1", "2");
  await turn();
  assertEquals(setup.withdraw("a:1"), true);
  socket.bufferedAmount = 0;
  bench.time.tick(20);
  await handled;
  const sent = ["subscribed a:1 1", "unsubscribed a:1 forbidden", `${FORBIDDEN} 2`];
  assertEquals(outline(socket), sent);
  await assertGone(setup);
});

Deno.test("Session.withdraw() leaves out whom a walk has not reached yet", async () => {
  await using setup = createSessionBench();
  const { bench, socket } = setup;
  const others = await Promise.all(Array.from({ length: 100 }, () => bench.join("a:1")));
  for (const other of others) other.socket.onSend = () => bench.clock.ms++;
  await setup.subscribe("a:1");
  await bench.publish("a:1", "secret");
  assert(others.some((other) => other.socket.frames.length === 0), "the walk is over");
  setup.withdraw("a:1");
  await bench.metrics.whenBroadcasts(1);
  assertEquals(outline(socket), ["subscribed a:1", "unsubscribed a:1 forbidden"]);
  assert(others.every((other) => other.socket.frames.length === 1));
});

Deno.test("Session.withdraw() leaves nothing for a socket that lags", async () => {
  await using setup = createSessionBench();
  const { bench, socket } = setup;
  await setup.subscribe("a:1");
  socket.bufferedAmount = 65_537;
  await bench.publish("a:1", "secret");
  setup.withdraw("a:1");
  assertEquals(outline(socket).slice(1), ["unsubscribed a:1 forbidden"]);
  await assertGone(setup);
});

Deno.test("Session.withdraw() says nothing about what is asked for afterwards", async () => {
  await using setup = createSessionBench({ asks: true });
  const first = setup.subscribe("a:1", "1");
  const second = setup.subscribe("a:1", "2");
  await turn();
  setup.withdraw("a:1");
  setup.authority.answer("a:1", "allowed");
  await first;
  await turn();
  setup.authority.answer("a:1", "allowed");
  await second;
  const third = setup.subscribe("a:1", "3");
  await turn();
  setup.authority.answer("a:1", "allowed");
  await third;
  const sent = [`${FORBIDDEN} 1`, "subscribed a:1 2", "subscribed a:1 3"];
  assertEquals(outline(setup.socket), sent);
});

Deno.test("Session tells a guard of the topics that it has, and of those it is about to have", async () => {
  await using setup = createSessionBench({ asks: true });
  const { guard, authority } = setup;
  const names = () => guard.members.flatMap(({ topics }) => topics.map(({ name }) => name));
  const handled = [setup.subscribe("a:1"), setup.subscribe("b:1")];
  await turn();
  authority.answer("a:1", "allowed");
  await handled[0];
  assertEquals(names(), ["a:1", "b:1"]);
  authority.answer("b:1", "forbidden");
  await handled[1];
  await setup.unsubscribe("a:1");
  assertEquals(names(), []);
  setup.connection.end(1001, "gone");
  assertEquals([guard.members, guard.groups], [[], []]);
});
