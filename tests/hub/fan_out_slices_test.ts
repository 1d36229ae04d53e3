/**
 * Tests of walks that take longer than one turn of the event loop may.
 *
 * @module
 */

import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { RETRY_MS } from "../../live/hub/fan_out.ts";
import { Bench } from "./setup.ts";
import { type Client, messageOf, turn } from "./fakes.ts";

const STALL_MS = 1_000;

/** So many that a walk over them takes several slices. */
const MANY = 100;

/** Makes each send take a millisecond of the hub's clock. */
function slowDown(bench: Bench, clients: readonly Client[]): void {
  for (const { socket } of clients) socket.onSend = () => bench.clock.ms++;
}

async function joinMany(bench: Bench, topic: string): Promise<Client[]> {
  const clients = await Promise.all(Array.from({ length: MANY }, () => bench.join(topic)));
  slowDown(bench, clients);
  return clients;
}

/** Returns those who were sent nothing, and those who were sent something. */
function divide(clients: readonly Client[]): { reached: Client[]; missing: Client[] } {
  const reached = clients.filter(({ socket }) => socket.frames.length > 0);
  return { reached, missing: clients.filter((client) => !reached.includes(client)) };
}

function offsets({ socket }: Client): number[] {
  return socket.frames.flatMap((frame) => JSON.parse(frame)).map(({ offset }) => offset);
}

Deno.test("FanOut stops when its slice is over, and goes on turn by turn", async () => {
  await using bench = new Bench();
  const clients = await joinMany(bench, "a:1");
  await bench.publish("a:1", 1);
  const first = divide(clients).reached.length;
  assertGreater(first, 0);
  await turn();
  const second = divide(clients).reached.length;
  assertGreater(second, first);
  assertLess(second, MANY);
  await bench.metrics.whenBroadcasts(1);
  for (const { socket } of clients) assertEquals(socket.frames, [messageOf("a:1", 1, 1)]);
  assertEquals(bench.metrics.sentCounts, { message: MANY });
});

Deno.test("FanOut hands over in one turn what Deno can soon write, fast as handing over is", async () => {
  await using bench = new Bench();
  const clients = await Promise.all(Array.from({ length: 500 }, () => bench.join("a:1")));
  const perTurn: number[] = [];
  await bench.hub.publish([{ topic: "a:1", data: '"small"' }]);
  for (let reached = 0; reached < clients.length;) {
    await turn();
    const now = divide(clients).reached.length;
    perTurn.push(now - reached);
    reached = now;
  }
  const [first = 0] = perTurn;
  assert(30 <= first && first <= 61, `${first}`); // Deno writes 61 before it looks up
  assertEquals(perTurn.slice(0, -1), new Array(perTurn.length - 1).fill(first));
});

Deno.test("FanOut hands over fewer frames in one turn if they are long", async () => {
  await using bench = new Bench();
  const clients = await Promise.all(Array.from({ length: 100 }, () => bench.join("a:1")));
  await bench.publish("a:1", "x".repeat(60_000));
  const { length } = divide(clients).reached;
  assert(1 <= length && length <= 10, `${length}`);
});

Deno.test("FanOut takes along what was published between two slices, once", async () => {
  await using bench = new Bench();
  const clients = await joinMany(bench, "a:1");
  await bench.publish("a:1", 1);
  const { reached, missing } = divide(clients);
  await bench.publish("a:1", 2, 3);
  await bench.metrics.whenBroadcasts(2);
  const later = [messageOf("a:1", 2, 2), messageOf("a:1", 3, 3)];
  for (const { socket } of reached) {
    assertEquals(socket.frames, [messageOf("a:1", 1, 1), `[${later}]`]);
  }
  for (const { socket } of missing) {
    assertEquals(socket.frames, [`[${[messageOf("a:1", 1, 1), ...later]}]`]);
  }
  assertEquals(bench.metrics.sentCounts, { message: 3 * MANY });
});

Deno.test("FanOut loses nothing of a log without history over several slices", async () => {
  await using bench = new Bench({ historySize: 0 });
  const clients = await joinMany(bench, "a:1");
  for (let data = 1; data <= 5; data++) {
    await bench.publish("a:1", data);
    await turn();
  }
  for (let i = 0; i < MANY; i++) await turn();
  for (const client of clients) assertEquals(offsets(client), [1, 2, 3, 4, 5]);
});

Deno.test("FanOut passes by those who leave between two slices", async () => {
  await using bench = new Bench();
  const clients = await joinMany(bench, "a:1");
  await bench.publish("a:1", 1);
  const { reached: [early], missing: [late] } = divide(clients);
  assert(early && late);
  for (const { connection } of [early, late]) bench.hub.unsubscribe(connection, "a:1");
  await bench.publish("a:1", 2);
  await bench.metrics.whenBroadcasts(2);
  for (const client of clients) {
    assertEquals(offsets(client), client === early ? [1] : client === late ? [] : [1, 2]);
  }
});

Deno.test("FanOut sends those who join between two slices what follows their start", async () => {
  await using bench = new Bench();
  await joinMany(bench, "a:1");
  await bench.publish("a:1", 1);
  const newcomer = await bench.join("a:1");
  await bench.publish("a:1", 2);
  await bench.metrics.whenBroadcasts(2);
  assertEquals(newcomer.socket.frames, [messageOf("a:1", 2, 2)]);
});

Deno.test("FanOut goes on from the new start of those who subscribe again", async () => {
  await using bench = new Bench();
  const clients = await joinMany(bench, "a:1");
  await bench.publish("a:1", 1);
  const { reached: [early], missing: [late] } = divide(clients);
  assert(early && late);
  for (const client of [early, late]) await bench.subscribe(client, "a:1");
  await bench.publish("a:1", 2);
  await bench.metrics.whenBroadcasts(2);
  assertEquals([offsets(early), offsets(late)], [[1, 1, 2], [1, 2]]); // `subscribed` says 1, too
});

Deno.test("FanOut ends a walk whose subscribers have all left", async () => {
  await using bench = new Bench();
  const clients = await joinMany(bench, "a:1");
  await bench.publish("a:1", 1);
  const { missing } = divide(clients);
  for (const { connection } of clients) bench.hub.unsubscribe(connection, "a:1");
  await turn();
  assertEquals([divide(missing).reached, bench.metrics.broadcasts], [[], []]);
  assertEquals(bench.broker.calls, ["open a:1", "close a:1"]);
  const newcomer = await bench.join("a:1");
  await bench.publish("a:1", 2);
  await bench.metrics.whenBroadcasts(1);
  assertEquals(newcomer.socket.frames, [messageOf("a:1", 2, 2)]);
});

Deno.test("FanOut leaves to one who joins a walk whose subscribers have all left", async () => {
  await using bench = new Bench();
  const clients = await joinMany(bench, "a:1");
  await bench.publish("a:1", 1);
  const joined = bench.join("a:1");
  for (const { connection } of clients) bench.hub.unsubscribe(connection, "a:1");
  const newcomer = await joined;
  await bench.publish("a:1", 2);
  await bench.metrics.whenBroadcasts(1);
  assertEquals(newcomer.socket.frames, [messageOf("a:1", 2, 2)]);
  assertEquals(bench.broker.calls, ["open a:1"]);
});

Deno.test("FanOut goes on to other topics when the last subscriber of one gets 1008", async () => {
  await using bench = new Bench({ thresholdBytes: 1_000 });
  const stuck = await bench.join("a:1", "b:1");
  const well = await bench.join("c:1");
  stuck.socket.bufferedAmount = 5_000;
  await bench.hub.publish(["a:1", "b:1", "c:1"].map((topic) => ({ topic, data: "1" })));
  await bench.pass(STALL_MS + RETRY_MS);
  assertEquals(stuck.socket.closes, [[1008, "back-pressure threshold exceeded"]]);
  assertEquals([stuck.socket.frames, well.socket.frames], [[], [messageOf("c:1", 1, 1)]]);
  assertEquals([bench.metrics.gauges.topics, bench.metrics.gauges.subscriptions], [1, 1]);
  const newcomer = await bench.join("a:1");
  await bench.publish("a:1", 2);
  assertEquals(newcomer.socket.frames, [messageOf("a:1", 2, 2)]);
});

Deno.test("FanOut lays no claim to a log whose last subscriber gets 1008", async () => {
  await using bench = new Bench({ thresholdBytes: 1_000, historySize: 0 });
  const { socket, connection } = await bench.join("a:1");
  socket.bufferedAmount = 5_000;
  await bench.publish("a:1", 1);
  await bench.pass(STALL_MS + RETRY_MS);
  assertEquals([connection.ended, bench.metrics.broadcasts.length], [true, 1]);
  await bench.publish("a:1", 2, 3);
  assertEquals(bench.metrics.gauges.historyBytes, 0);
});

Deno.test("FanOut slices a walk over many topics as well", async () => {
  await using bench = new Bench();
  const topics = Array.from({ length: MANY }, (_, index) => `a:${index}`);
  const clients = await Promise.all(topics.map((topic) => bench.join(topic)));
  slowDown(bench, clients);
  await bench.hub.publish(topics.map((topic) => ({ topic, data: "1" })));
  await turn();
  const first = divide(clients).reached.length;
  assertGreater(first, 0);
  await turn();
  const second = divide(clients).reached.length;
  assertGreater(second, first);
  assertLess(second, MANY);
  await bench.metrics.whenBroadcasts(MANY);
  clients.forEach(({ socket }, index) =>
    assertEquals(socket.frames, [messageOf(`a:${index}`, 1, 1)])
  );
});

Deno.test("FanOut serves the topic that has been dirty longest", async () => {
  await using bench = new Bench();
  const [first] = await joinMany(bench, "a:1");
  const other = await bench.join("b:1");
  assert(first);
  const sends: string[] = [];
  first.socket.onSend = () => sends.push("a:1");
  other.socket.onSend = () => sends.push("b:1");
  await bench.publish("a:1", 1);
  await bench.publish("b:1", 1);
  await bench.publish("a:1", 2);
  await bench.metrics.whenBroadcasts(3);
  assertEquals(sends, ["a:1", "b:1", "a:1"]);
});

Deno.test("Hub.stop() gives up a walk between two slices", async () => {
  await using bench = new Bench();
  const clients = await joinMany(bench, "a:1");
  await bench.publish("a:1", 1);
  const { missing } = divide(clients);
  await bench.hub.stop();
  await turn();
  assertEquals(divide(missing).reached, []);
});
