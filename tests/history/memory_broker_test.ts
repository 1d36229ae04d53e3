/**
 * Tests of the memory broker: what it appends, tells and keeps.
 *
 * @module
 */

import { assertEquals, assertMatch, assertNotEquals, assertStrictEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { Publication } from "../../live/domain/broker.ts";
import { MemoryBroker, type MemoryBrokerOptions } from "../../live/history/memory_broker.ts";
import { createRecordingMetrics, messageOf } from "../hub/fakes.ts";

const TTL_MS = 60_000;

class TestBroker extends MemoryBroker implements AsyncDisposable {
  constructor(options: Partial<MemoryBrokerOptions> = {}) {
    super({
      historySize: 10,
      historyTtlMs: TTL_MS,
      historyMaxBytes: 1_000_000,
      metrics: createRecordingMetrics(),
      ...options,
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

function publications(topic: string, ...data: number[]): Publication[] {
  return data.map((item) => ({ topic, data: `${item}` }));
}

Deno.test("MemoryBroker.publish() numbers each topic's publications from 1", async () => {
  await using broker = new TestBroker();
  const positions = await broker.publish([
    ...publications("a:1", 10),
    ...publications("b:1", 20),
    ...publications("a:1", 30),
  ]);
  const [a, b] = positions.map(({ epoch }) => epoch);
  assertEquals(positions, [
    { topic: "a:1", offset: 1, epoch: a },
    { topic: "b:1", offset: 1, epoch: b },
    { topic: "a:1", offset: 2, epoch: a },
  ]);
  assertMatch(String(a), /^[0-9a-f-]{13}$/);
  assertNotEquals(a, b);
});

Deno.test("MemoryBroker.publish() goes on counting, in the same epoch", async () => {
  await using broker = new TestBroker();
  const [first] = await broker.publish(publications("a:1", 10));
  const [second] = await broker.publish(publications("a:1", 20));
  assertEquals(second, { topic: "a:1", offset: 2, epoch: first?.epoch });
});

Deno.test("MemoryBroker.publish() keeps the order in the log, keys included", async () => {
  await using broker = new TestBroker();
  const log = await broker.open("a:1");
  await broker.publish([
    { topic: "a:1", data: "10", key: "k" },
    { topic: "a:1", data: "20" },
    { topic: "a:1", data: "30", key: "k" },
  ]);
  assertEquals(log.read(0, Infinity), [
    messageOf("a:1", 1, 10, "k"),
    messageOf("a:1", 2, 20),
    messageOf("a:1", 3, 30, "k"),
  ]);
  assertEquals(log.latest(), [messageOf("a:1", 3, 30, "k")]);
});

Deno.test("MemoryBroker.publish() tells of open topics only, until they are closed", async () => {
  await using broker = new TestBroker();
  const told: string[] = [];
  broker.listen({ changed: (topic) => told.push(topic) });
  await broker.publish(publications("a:1", 10));
  await broker.open("a:1");
  await broker.publish([...publications("a:1", 20), ...publications("b:1", 30)]);
  assertEquals(told, ["a:1"]);
  broker.close("a:1");
  await broker.publish(publications("a:1", 40));
  assertEquals(told, ["a:1"]);
});

Deno.test("MemoryBroker.publish() appends a whole batch before it tells of any of it", async () => {
  await using broker = new TestBroker();
  const logs = [await broker.open("a:1"), await broker.open("b:1")];
  const heads = new Set<string>();
  broker.listen({ changed: () => heads.add(logs.map(({ head }) => head).join()) });
  await broker.publish([
    ...publications("a:1", 10, 20),
    ...publications("b:1", 30),
  ]);
  assertEquals([...heads], ["2,1"]);
});

Deno.test("MemoryBroker.publish() works before anybody listens", async () => {
  await using broker = new TestBroker();
  await broker.open("a:1");
  const [position] = await broker.publish(publications("a:1", 10));
  assertEquals(position?.offset, 1);
});

Deno.test("MemoryBroker.publish() counts publications", async () => {
  const metrics = createRecordingMetrics();
  await using broker = new TestBroker({ metrics });
  await broker.publish([...publications("a:1", 10, 20), ...publications("b:1", 30)]);
  await broker.publish([]);
  assertEquals(metrics.publishedCount, 3);
});

Deno.test("MemoryBroker.open() resolves to the one log there is", async () => {
  await using broker = new TestBroker();
  const log = await broker.open("a:1");
  await broker.publish(publications("a:1", 10));
  assertStrictEquals(await broker.open("a:1"), log);
  assertEquals(log.head, 1);
});

for (const historySize of [0, 1]) {
  Deno.test(`MemoryBroker.open() holds what is unread past a history of ${historySize}`, async () => {
    await using broker = new TestBroker({ historySize });
    const log = await broker.open("a:1");
    await broker.publish(publications("a:1", 10, 20, 30));
    assertEquals(log.read(0, Infinity)?.length, 3);
    log.release(1);
    assertEquals([log.read(0, Infinity), log.read(1, Infinity)?.length], [undefined, 2]);
    log.release(3);
    assertEquals(log.read(3 - historySize, Infinity)?.length, historySize);
    assertEquals(log.read(2 - historySize, Infinity), undefined);
  });

  Deno.test(`MemoryBroker.close() cuts back to a history of ${historySize}`, async () => {
    await using broker = new TestBroker({ historySize });
    const log = await broker.open("a:1");
    await broker.publish(publications("a:1", 10, 20, 30));
    broker.close("a:1");
    assertEquals(log.read(3 - historySize, Infinity)?.length, historySize);
    assertEquals(log.read(2 - historySize, Infinity), undefined);
  });
}

Deno.test("MemoryBroker.open() does not bring back a claim on what was read before", async () => {
  await using broker = new TestBroker({ historySize: 1 });
  await broker.open("a:1");
  broker.close("a:1");
  await broker.publish(publications("a:1", 10, 20, 30));
  const log = await broker.open("a:1");
  await broker.publish(publications("a:1", 40));
  assertEquals(log.read(3, Infinity), [messageOf("a:1", 4, 40)]);
  assertEquals(log.read(2, Infinity), undefined);
});

Deno.test("MemoryBroker.close() of a topic that is not open changes nothing", async () => {
  await using broker = new TestBroker();
  broker.close("a:1");
  const [position] = await broker.publish(publications("a:1", 10));
  broker.close("a:1");
  assertEquals((await broker.open("a:1")).epoch, position?.epoch);
});

Deno.test("MemoryBroker keeps all for the only reader, who comes back in time", async () => {
  using time = new FakeTime(0);
  await using broker = new TestBroker();
  const log = await broker.open("a:1");
  await broker.publish(publications("a:1", 10, 20));
  const { epoch, head } = log;
  broker.close("a:1");
  time.tick(TTL_MS / 2);
  await broker.publish(publications("a:1", 30, 40));
  time.tick(TTL_MS - 1);
  const again = await broker.open("a:1");
  assertEquals(again.epoch, epoch);
  assertEquals(again.read(head, Infinity), [messageOf("a:1", 3, 30), messageOf("a:1", 4, 40)]);
});

Deno.test("MemoryBroker.stop() ends the sweep", async () => {
  using time = new FakeTime(0);
  const broker = new TestBroker();
  assertEquals(time.next(), true);
  await broker.stop();
  assertEquals(time.next(), false);
});
