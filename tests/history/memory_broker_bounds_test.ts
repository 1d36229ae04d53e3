/**
 * Tests of what the memory broker drops: by time, and by the size of all topics together.
 *
 * @module
 */

import { assertEquals, assertLess, assertNotEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { messageLength } from "../../live/domain/broker.ts";
import { MAX_IDLE_TOPICS } from "../../live/history/memory_broker.ts";
import { offsets, show, TestMemoryBroker, TTL_MS } from "./setup.ts";

/** Past the time to live and the sweep that follows it. */
const LONG_MS = 1.25 * TTL_MS;

/** Length of a publication of `fill`, and of one with a key. */
const LENGTH = messageLength("a:1", { key: undefined, json: "0" });
const KEYED_LENGTH = LENGTH + 1;

Deno.test("MemoryBroker drops a topic that was unused for the time to live, state included", async () => {
  using time = new FakeTime(0);
  await using broker = new TestMemoryBroker();
  const [position] = await broker.put({ topic: "a:1", key: "k", data: 0 });
  time.tick(LONG_MS);
  assertEquals(broker.used, 0);
  const log = await broker.open("a:1");
  assertEquals([log.head, show(log.latest(0)), log.read(0, Infinity)], [0, [], []]);
  assertNotEquals(log.epoch, position?.epoch);
});

Deno.test("MemoryBroker counts a topic's time to live from its last publication", async () => {
  using time = new FakeTime(0);
  await using broker = new TestMemoryBroker();
  await broker.put({ topic: "a:1", key: "k", data: 0 });
  const epoch = await broker.fill("a:1");
  for (let i = 0; i < 5; i++) {
    time.tick(TTL_MS - 1);
    assertEquals(await broker.fill("a:1"), epoch);
  }
  const log = await broker.open("a:1");
  assertEquals([log.epoch, show(log.latest(0))], [epoch, ["1:k=0"]]);
});

Deno.test("MemoryBroker counts a topic's time to live from when its last reader left", async () => {
  using time = new FakeTime(0);
  await using broker = new TestMemoryBroker();
  const epoch = await broker.fill("a:1");
  await broker.open("a:1");
  time.tick(10 * TTL_MS);
  broker.close("a:1");
  time.tick(TTL_MS - 1);
  assertEquals((await broker.open("a:1")).epoch, epoch);
  broker.close("a:1");
  time.tick(LONG_MS);
  assertNotEquals((await broker.open("a:1")).epoch, epoch);
});

Deno.test("MemoryBroker keeps an open topic's state for ever, and drops its old messages", async () => {
  using time = new FakeTime(0);
  await using broker = new TestMemoryBroker();
  const log = await broker.open("a:1");
  await broker.put({ topic: "a:1", key: "k", data: 0 }, { topic: "a:1", data: 0 });
  time.tick(10 * TTL_MS);
  assertEquals(offsets(log.read(0, Infinity)), [1, 2]); // not read yet
  log.release(2);
  time.tick(LONG_MS);
  assertEquals([log.read(1, 0), log.read(2, 0)], [undefined, []]);
  assertEquals(show(log.latest(0)), ["1:k=0"]);
  assertEquals(broker.used, KEYED_LENGTH);
  assertEquals(await broker.fill("a:1"), log.epoch);
});

for (
  const [name, use, dropped] of [
    ["drops nothing within its bound", async () => {}, undefined],
    ["drops the topic published to first", (broker) => broker.fill("c:1"), "a:1"],
    ["keeps a topic that was published to since", async (broker) => {
      await broker.fill("a:1");
      await broker.fill("c:1");
    }, "b:1"],
    ["keeps a topic that was open since", async (broker) => {
      await broker.open("a:1");
      broker.close("a:1");
      await broker.fill("c:1");
    }, "b:1"],
    ["drops unused topics before open ones", async (broker) => {
      await broker.open("a:1");
      await broker.fill("c:1");
    }, "b:1"],
  ] satisfies [string, (broker: TestMemoryBroker) => Promise<unknown>, string | undefined][]
) {
  Deno.test(`MemoryBroker ${name}`, async () => {
    await using broker = new TestMemoryBroker({ historyMaxBytes: 3.5 * LENGTH });
    await broker.fill("a:1");
    await broker.fill("b:1", 2);
    await use(broker);
    assertLess(broker.used, 3.5 * LENGTH);
    for (const topic of ["a:1", "b:1"]) {
      assertEquals((await broker.open(topic)).head === 0, topic === dropped, topic);
    }
  });
}

Deno.test("MemoryBroker drops the logs of open topics before their states, the least used first", async () => {
  await using broker = new TestMemoryBroker({ historyMaxBytes: 6 * KEYED_LENGTH });
  const logs = [await broker.open("a:1"), await broker.open("b:1")] as const;
  const outline = () => logs.map((log) => [offsets(log.latest(0)), offsets(log.held(0))]);
  for (const topic of ["a:1", "b:1"]) {
    await broker.put(...[1, 2, 3].map((data) => ({ topic, key: "k", data })));
  }
  for (const log of logs) log.release(3);
  assertEquals(outline(), [[[3], [1, 2, 3]], [[3], [1, 2, 3]]]);
  await broker.put({ topic: "b:1", key: "k", data: 4 });
  assertEquals(outline(), [[[3], [3]], [[4], [1, 2, 3, 4]]]);

  await broker.put({ topic: "b:1", key: "l", data: "x".repeat(4 * KEYED_LENGTH) });
  for (const log of logs) log.release(5);
  await broker.fill("b:1");
  assertEquals([logs[0].epoch, logs[0].head, outline()[0]], [logs[0].epoch, 3, [[], []]]);
});

Deno.test("MemoryBroker never drops unread messages to stay within its bound", async () => {
  await using broker = new TestMemoryBroker({ historyMaxBytes: 0 });
  const log = await broker.open("a:1");
  await broker.fill("a:1");
  await broker.fill("b:1");
  await broker.fill("a:1");
  assertEquals(offsets(log.read(0, Infinity)), [1, 2]);
  assertEquals(broker.used, 2 * LENGTH);
  log.release(2);
  await broker.fill("b:1");
  assertEquals([log.read(1, Infinity), broker.used], [undefined, 0]);
});

for (const [historySize, count] of [[10, 3], [0, 1]] as const) {
  Deno.test(`MemoryBroker counts ${count} of three versions of a key with a history of ${historySize}`, async () => {
    await using broker = new TestMemoryBroker({ historySize });
    const keyed = { topic: "a:1", data: 0, key: "k" };
    await broker.put(keyed, keyed, keyed);
    assertEquals(broker.used, count * KEYED_LENGTH);
    await broker.put({ topic: "a:1", key: "k", removed: true });
    assertEquals(broker.used === 0, historySize === 0);
  });
}

Deno.test("MemoryBroker drops the least recently used of too many unused topics, even if they are empty", async () => {
  await using broker = new TestMemoryBroker();
  const epochOf = async (topic: string) => (await broker.open(topic)).epoch;
  const open = await epochOf("a:open");
  const epochs: string[] = [];
  for (let count = 0; count < MAX_IDLE_TOPICS; count++) {
    epochs.push(await epochOf(`a:${count}`));
    broker.close(`a:${count}`);
  }
  assertEquals(await epochOf("a:0"), epochs[0]);
  broker.close("a:0");
  await broker.fill("b:1");
  assertEquals([await epochOf("a:open"), await epochOf("a:0")], [open, epochs[0]]);
  const middle = MAX_IDLE_TOPICS / 2; // some are dropped at a time, but not half of them
  assertEquals(await epochOf(`a:${middle}`), epochs[middle]);
  assertNotEquals(await epochOf("a:1"), epochs[1]);
});

Deno.test("MemoryBroker drops many topics in slices", async () => {
  using time = new FakeTime(0);
  await using broker = new TestMemoryBroker();
  const count = 20_000;
  for (let id = 0; id < count; id++) await broker.fill(`a:${id}`);
  time.tick(LONG_MS);
  while (broker.used !== 0) time.next();
  assertEquals((await broker.open("a:0")).head, 0);
  assertEquals((await broker.open(`a:${count - 1}`)).head, 0);
});
