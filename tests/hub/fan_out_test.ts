/**
 * Tests of the fan-out: how it spreads broadcasts over turns of the event loop.
 *
 * @module
 */

import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { type Client, messageOf } from "../support/fake_client.ts";
import { turn } from "../support/queue.ts";
import { HubSetup, type HubSetupOptions, messagesOf } from "./setup.ts";

/** Enough clients that a broadcast to them takes several turns. */
const MANY = 100;

/** Creates a hub with many subscribers; each send takes a millisecond of the hub's clock. */
async function setUp(
  options: HubSetupOptions = {},
): Promise<{ setup: HubSetup; clients: Client[] }> {
  const setup = new HubSetup(options);
  const clients = await Promise.all(Array.from({ length: MANY }, () => setup.join("a:1")));
  for (const { socket } of clients) socket.onSend = () => setup.clock.ms++;
  return { setup, clients };
}

/** Divides clients into those that were sent something and those that were not. */
function divide(clients: readonly Client[]): { reached: Client[]; missing: Client[] } {
  const reached = clients.filter(({ socket }) => socket.frames.length > 0);
  return { reached, missing: clients.filter((client) => !reached.includes(client)) };
}

function offsets(client: Client): number[] {
  return messagesOf(client).map(({ offset }) => offset);
}

function finished({ metrics }: HubSetup, broadcasts: number): Promise<void> {
  return metrics.until((metrics) => metrics.broadcasts >= broadcasts);
}

Deno.test("FanOut stops when a turn has taken too long, and continues turn by turn", async () => {
  const { setup, clients } = await setUp();
  await using _setup = setup;
  await setup.publish("a:1", 1);
  const first = divide(clients).reached.length;
  assertGreater(first, 0);
  await turn();
  const second = divide(clients).reached.length;
  assertGreater(second, first);
  assertLess(second, MANY);
  await finished(setup, 1);
  for (const { socket } of clients) assertEquals(socket.frames, [messageOf("a:1", 1, 1)]);
  assertEquals(setup.metrics.outbound.message, MANY);
});

for (
  const [name, data, min, max] of [["short", "", 30, 61], [
    "long",
    "x".repeat(60_000),
    1,
    10,
  ]] as const
) {
  Deno.test(`FanOut sends ${min} to ${max} ${name} frames a turn, even if sending is fast`, async () => {
    await using setup = new HubSetup();
    const clients = await Promise.all(Array.from({ length: MANY }, () => setup.join("a:1")));
    await setup.publish("a:1", data);
    const { length } = divide(clients).reached;
    assert(min <= length && length <= max, `${length}`); // Deno writes 61 before it looks up
    await turn();
    assertEquals(divide(clients).reached.length, Math.min(2 * length, MANY));
  });
}

Deno.test("FanOut sends what is published between two turns in the same frame, once", async () => {
  const { setup, clients } = await setUp({ historySize: 0 });
  await using _setup = setup;
  await setup.publish("a:1", 1);
  const { reached, missing } = divide(clients);
  await setup.publish("a:1", 2, 3);
  await finished(setup, 2);
  const later = [messageOf("a:1", 2, 2), messageOf("a:1", 3, 3)];
  for (const { socket } of reached) {
    assertEquals(socket.frames, [messageOf("a:1", 1, 1), `[${later}]`]);
  }
  for (const { socket } of missing) {
    assertEquals(socket.frames, [`[${[messageOf("a:1", 1, 1), ...later]}]`]);
  }
});

Deno.test("FanOut handles subscribers that leave, join and start again between two turns", async () => {
  const { setup, clients } = await setUp();
  await using _setup = setup;
  await setup.publish("a:1", 1);
  const { reached: [early, again], missing: [late, lateAgain] } = divide(clients);
  assert(early && again && late && lateAgain);
  for (const { connection } of [early, late]) setup.hub.unsubscribe(connection, "a:1");
  for (const client of [again, lateAgain]) await setup.subscribe(client, "a:1");
  const newcomer = await setup.join("a:1");
  await setup.publish("a:1", 2);
  await finished(setup, 2);
  assertEquals([early, late, newcomer].map(offsets), [[1], [], [2]]);
  assertEquals([again, lateAgain].map(offsets), [[1, 1, 2], [1, 2]]); // `subscribed` has 1, too
  for (const client of clients) {
    if (![early, again, late, lateAgain].includes(client)) assertEquals(offsets(client), [1, 2]);
  }
});

Deno.test("FanOut ends a broadcast whose subscribers have all left", async () => {
  const { setup, clients } = await setUp();
  await using _setup = setup;
  await setup.publish("a:1", 1);
  const { missing } = divide(clients);
  for (const { connection } of clients) setup.hub.unsubscribe(connection, "a:1");
  await turn();
  assertEquals([divide(missing).reached, setup.metrics.broadcasts], [[], 0]);
  const newcomer = await setup.join("a:1");
  await setup.publish("a:1", 2);
  await finished(setup, 1);
  assertEquals(newcomer.socket.frames, [messageOf("a:1", 2, 2)]);
});

Deno.test("FanOut broadcasts topics in the order in which they grew", async () => {
  const { setup, clients } = await setUp();
  await using _setup = setup;
  const other = await setup.join("b:1");
  setup.publish("a:1", 1);
  await setup.publish("b:1", 1);
  while (other.socket.frames.length === 0) await turn();
  assertEquals(divide(clients).missing, []);
});

Deno.test("FanOut lets the log drop only what all subscribers were sent", async () => {
  await using setup = new HubSetup({ historySize: 0 });
  const [slow] = [await setup.join("a:1"), await setup.join("a:1")];
  const log = await setup.broker.open("a:1");
  await setup.publish("a:1", 1, 2);
  assertEquals(log.read(1, Infinity), undefined);
  slow.socket.bufferedAmount = 100_000;
  await setup.publish("a:1", 3, 4);
  assertEquals(log.read(2, Infinity)?.length, 2);
  slow.socket.bufferedAmount = 0;
  await setup.pass(20);
  assertEquals([offsets(slow), log.read(3, Infinity)], [[1, 2, 3, 4], undefined]);
});

Deno.test("FanOut times a broadcast from its first publication on", async () => {
  await using setup = new HubSetup();
  const times: string[] = [];
  Object.assign(setup.metrics, {
    publishToSend: (ms: number) => times.push(`began after ${ms}`),
    broadcast: (ms: number) => times.push(`ended after ${ms}`),
  });
  const { socket } = await setup.join("a:1");
  socket.onSend = () => setup.clock.ms += 2;
  setup.publish("a:1", 1);
  await setup.publish("a:1", 2);
  assertEquals(times, ["began after 10", "ended after 12"]);
});

Deno.test("FanOut gathers messages for the flush interval, over all topics", async () => {
  await using setup = new HubSetup({ flushIntervalMs: 100 });
  const { socket } = await setup.join("a:1", "b:1");
  await setup.publish("a:1", 1);
  await setup.publish("b:1", 2);
  setup.time.tick(99);
  await turn();
  assertEquals(socket.frames, []);
  setup.time.tick(1);
  await turn();
  assertEquals(socket.frames, [`[${messageOf("a:1", 1, 1)},${messageOf("b:1", 1, 2)}]`]);
  await setup.publish("a:1", 3);
  assertEquals(socket.frames.length, 1);
});

Deno.test("FanOut gathers for the whole interval even if another subscriber lags", async () => {
  await using setup = new HubSetup({ flushIntervalMs: 100, historySize: 0 });
  const [client, slow] = [await setup.join("a:1", "b:1"), await setup.join("a:1")];
  slow.socket.bufferedAmount = 100_000;
  await setup.publish("a:1", 1);
  await setup.pass(100);
  assertEquals(client.socket.frames.length, 1);
  await setup.publishAll({ topic: "a:1", data: 2 }, { topic: "b:1", data: 1 });
  await setup.pass(60);
  assertEquals(client.socket.frames.length, 1);
  slow.socket.bufferedAmount = 0;
  await setup.pass(40);
  assertEquals(client.socket.frames.length, 2);
  assertEquals([offsets(client), offsets(slow)], [[1, 2, 1], [1, 2]]);
});
