/**
 * Tests of what the memory broker forgets: by time, and by what all topics hold.
 *
 * @module
 */

import { assert, assertEquals, assertLessOrEqual, assertNotEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { MAX_IDLE_TOPICS, MemoryBroker } from "../../live/history/memory_broker.ts";
import { createRecordingMetrics, messageOf, type RecordingMetrics } from "../hub/fakes.ts";

const TTL_MS = 60_000;

/** Past the time to live and the sweep that follows it. */
const LONG_MS = 1.25 * TTL_MS;

/** What each of these tests' publications holds. */
const LENGTH = messageOf("a:1", 1, 0).length;

interface Setup extends AsyncDisposable {
  readonly broker: MemoryBroker;
  readonly metrics: RecordingMetrics;
  /** Publishes one message of {@linkcode LENGTH}, and resolves to the topic's epoch. */
  publish(topic: string, key?: string): Promise<string>;
}

function setUp(historyMaxBytes = 1_000_000): Setup {
  const metrics = createRecordingMetrics();
  const broker = new MemoryBroker({
    historySize: 10,
    historyTtlMs: TTL_MS,
    historyMaxBytes,
    metrics,
  });
  return {
    broker,
    metrics,
    async publish(topic, key) {
      const [position] = await broker.publish([{ topic, data: "0", ...(key ? { key } : {}) }]);
      assert(position);
      return position.epoch;
    },
    [Symbol.asyncDispose]: () => broker.stop(),
  };
}

Deno.test("MemoryBroker forgets a topic that nobody used for the time to live", async () => {
  using time = new FakeTime(0);
  await using setup = setUp();
  const epoch = await setup.publish("a:1", "k");
  time.tick(LONG_MS);
  assertEquals(setup.metrics.gauges.historyBytes, 0);
  const log = await setup.broker.open("a:1");
  assertEquals([log.head, log.latest(), log.read(0, Infinity)], [0, [], []]);
  assertNotEquals(log.epoch, epoch);
});

Deno.test("MemoryBroker counts a topic's time to live from its last publication", async () => {
  using time = new FakeTime(0);
  await using setup = setUp();
  const epoch = await setup.publish("a:1");
  time.tick(TTL_MS - 1);
  assertEquals(await setup.publish("a:1"), epoch);
  time.tick(TTL_MS - 1);
  const log = await setup.broker.open("a:1");
  assertEquals([log.epoch, log.head], [epoch, 2]);
});

Deno.test("MemoryBroker counts a topic's time to live from its last reader's leaving", async () => {
  using time = new FakeTime(0);
  await using setup = setUp();
  const epoch = await setup.publish("a:1");
  await setup.broker.open("a:1");
  time.tick(10 * TTL_MS);
  setup.broker.close("a:1");
  time.tick(TTL_MS - 1);
  const log = await setup.broker.open("a:1");
  assertEquals([log.epoch, log.head], [epoch, 1]);
  setup.broker.close("a:1");
  time.tick(LONG_MS);
  assertNotEquals((await setup.broker.open("a:1")).epoch, epoch);
});

Deno.test("MemoryBroker drops an open topic's old messages, and keeps its place", async () => {
  using time = new FakeTime(0);
  await using setup = setUp();
  const log = await setup.broker.open("a:1");
  await setup.publish("a:1", "k");
  log.release(1);
  time.tick(LONG_MS);
  assertEquals([log.head, log.latest(), log.read(0, Infinity)], [1, [], undefined]);
  assertEquals(setup.metrics.gauges.historyBytes, 0);
  assertEquals(await setup.publish("a:1"), log.epoch);
  assertEquals(log.read(1, Infinity), [messageOf("a:1", 2, 0)]);
});

Deno.test("MemoryBroker never drops for its age what a reader has not read", async () => {
  using time = new FakeTime(0);
  await using setup = setUp();
  const log = await setup.broker.open("a:1");
  await setup.publish("a:1");
  time.tick(10 * TTL_MS);
  assertEquals(log.read(0, Infinity), [messageOf("a:1", 1, 0)]);
});

Deno.test("MemoryBroker holds up to its bound", async () => {
  await using setup = setUp(2 * LENGTH);
  const epochs = [await setup.publish("a:1"), await setup.publish("b:1")];
  assertEquals(setup.metrics.gauges.historyBytes, 2 * LENGTH);
  assertEquals((await setup.broker.open("a:1")).epoch, epochs[0]);
  assertEquals((await setup.broker.open("b:1")).epoch, epochs[1]);
});

for (
  const [name, use, forgotten] of [
    ["the one published to first", () => {}, "a:1"],
    ["not one that was opened since", ({ broker }) => broker.open("a:1"), "b:1"],
    ["not one that was read since", async ({ broker }) => {
      await broker.open("a:1");
      await broker.publish([{ topic: "b:1", data: "0" }]);
      broker.close("a:1");
    }, "b:1"],
    ["not one published to since", ({ publish }) => publish("a:1"), "b:1"],
  ] satisfies [string, (setup: Setup) => unknown, string][]
) {
  Deno.test(`MemoryBroker past its bound forgets the longest unused: ${name}`, async () => {
    await using setup = setUp(3 * LENGTH);
    await setup.publish("a:1");
    await setup.publish("b:1");
    await use(setup);
    const free = 3 - (setup.metrics.gauges.historyBytes ?? 0) / LENGTH;
    for (let i = 0; i < free; i++) await setup.publish("c:1");
    await setup.publish("d:1");
    assertLessOrEqual(setup.metrics.gauges.historyBytes ?? Infinity, 3 * LENGTH);
    const heads = [(await setup.broker.open("a:1")).head, (await setup.broker.open("b:1")).head];
    assertEquals(heads.map((head) => head === 0), [forgotten === "a:1", forgotten === "b:1"]);
  });
}

Deno.test("MemoryBroker clears an open topic for its bound, and keeps its place", async () => {
  await using setup = setUp(LENGTH);
  const log = await setup.broker.open("a:1");
  await setup.publish("a:1");
  log.release(1);
  const { epoch } = log;
  await setup.publish("b:1");
  assertEquals(log.read(0, Infinity), undefined);
  assertEquals(log.latest(), []);
  assertEquals(await setup.publish("a:1"), epoch);
  assertEquals(log.head, 2);
  assertEquals(log.read(1, Infinity), [messageOf("a:1", 2, 0)]);
});

Deno.test("MemoryBroker never drops for its bound what a reader has not read", async () => {
  await using setup = setUp(0);
  const log = await setup.broker.open("a:1");
  await setup.publish("a:1");
  await setup.publish("b:1");
  await setup.publish("a:1");
  assertEquals(log.read(0, Infinity), [messageOf("a:1", 1, 0), messageOf("a:1", 2, 0)]);
  assertEquals(setup.metrics.gauges.historyBytes, 2 * LENGTH);
  log.release(2);
  await setup.publish("b:1");
  assertEquals([log.read(1, Infinity), setup.metrics.gauges.historyBytes], [undefined, 0]);
});

Deno.test("MemoryBroker accounts for a message once that is in the log and a key's latest", async () => {
  await using setup = setUp();
  await setup.publish("a:1", "k");
  assertEquals(setup.metrics.gauges.historyBytes, messageOf("a:1", 1, 0, "k").length);
});

Deno.test("MemoryBroker accounts for a key's latest that has left the log", async () => {
  const metrics = createRecordingMetrics();
  const bounds = { historySize: 0, historyTtlMs: TTL_MS, historyMaxBytes: 1_000_000 };
  const broker = new MemoryBroker({ ...bounds, metrics });
  const keyed = { topic: "a:1", data: "0", key: "k" };
  await broker.publish([keyed, keyed, { topic: "a:1", data: "0" }]);
  await broker.stop();
  assertEquals(metrics.gauges.historyBytes, messageOf("a:1", 2, 0, "k").length);
});

Deno.test("MemoryBroker forgets the longest unused of too many topics that hold nothing", async () => {
  await using setup = setUp();
  const { broker } = setup;
  const first = (await broker.open("a:first")).epoch;
  const kept = (await broker.open("a:open")).epoch; // not idle
  broker.close("a:first");
  const epochs: string[] = [first];
  for (let count = 1; count < MAX_IDLE_TOPICS; count++) {
    epochs.push((await broker.open(`a:${count}`)).epoch);
    broker.close(`a:${count}`);
  }
  const again = await broker.open("a:first");
  assertEquals(again.epoch, first);
  broker.close("a:first");
  await broker.open("a:last");
  broker.close("a:last");
  await broker.open("a:more");
  broker.close("a:more");
  const epochOf = async (topic: string) => (await broker.open(topic)).epoch;
  assertEquals([await epochOf("a:open"), await epochOf("a:first")], [kept, first]);
  assertEquals(await epochOf("a:3"), epochs[3]);
  assertNotEquals(await epochOf("a:1"), epochs[1]);
});

Deno.test("MemoryBroker forgets many topics in slices", async () => {
  using time = new FakeTime(0);
  await using setup = setUp();
  const count = 50_000;
  for (let id = 0; id < count; id++) await setup.publish(`a:${id}`);
  time.tick(LONG_MS);
  while (setup.metrics.gauges.historyBytes !== 0) time.next();
  assertEquals((await setup.broker.open("a:0")).head, 0);
  assertEquals((await setup.broker.open(`a:${count - 1}`)).head, 0);
});
