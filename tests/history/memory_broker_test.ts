/**
 * Tests of the memory broker: what it appends, reports and keeps.
 *
 * @module
 */

import { assertEquals, assertMatch, assertNotEquals, assertStrictEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { offsets, show, TestMemoryBroker, TTL_MS } from "./setup.ts";

Deno.test("MemoryBroker.publish() numbers each topic's publications from 1", async () => {
  await using broker = new TestMemoryBroker();
  const positions = await broker.put(
    { topic: "a:1", data: 10 },
    { topic: "b:1", data: 20 },
    { topic: "a:1", data: 30 },
  );
  const [a = "", b = ""] = positions.map(({ epoch }) => epoch);
  assertEquals(positions, [
    { topic: "a:1", offset: 1, epoch: a },
    { topic: "b:1", offset: 1, epoch: b },
    { topic: "a:1", offset: 2, epoch: a },
  ]);
  assertMatch(a, /^[0-9a-f-]{13}$/);
  assertNotEquals(a, b);
  assertEquals(await broker.put({ topic: "a:1", data: 40 }), [
    { topic: "a:1", offset: 3, epoch: a },
  ]);
});

Deno.test("MemoryBroker.publish() keeps the order in the log, keys and removals included", async () => {
  await using broker = new TestMemoryBroker();
  const log = await broker.open("a:1");
  await broker.put(
    { topic: "a:1", data: 10, key: "k" },
    { topic: "a:1", data: 20 },
    { topic: "a:1", data: 30, key: "l" },
    { topic: "a:1", removed: true, key: "k" },
  );
  assertEquals(show(log.read(0, Infinity)), ["1:k=10", "2:=20", "3:l=30", "4:k"]);
  assertEquals(show(log.latest(0)), ["3:l=30"]);
});

Deno.test("MemoryBroker.publish() reports changes of open topics only", async () => {
  await using broker = new TestMemoryBroker();
  const changed: string[] = [];
  await broker.open("a:1");
  await broker.fill("a:1"); // before anything listens
  broker.listen({ changed: (topic) => changed.push(topic) });
  await broker.put({ topic: "a:1", data: 20 }, { topic: "b:1", data: 30 }, {
    topic: "a:1",
    data: 40,
  });
  assertEquals(changed, ["a:1"]);
  broker.close("a:1");
  await broker.fill("a:1");
  assertEquals(changed, ["a:1"]);
});

Deno.test("MemoryBroker.publish() appends a whole batch before it reports a change", async () => {
  await using broker = new TestMemoryBroker();
  const logs = [await broker.open("a:1"), await broker.open("b:1")];
  const heads = new Set<string>();
  broker.listen({ changed: () => heads.add(logs.map(({ head }) => head).join()) });
  const data = 0;
  await broker.put({ topic: "a:1", data }, { topic: "a:1", data }, { topic: "b:1", data });
  assertEquals([...heads], ["2,1"]);
});

Deno.test("MemoryBroker.publish() counts publications", async () => {
  await using broker = new TestMemoryBroker();
  await broker.fill("a:1", 3);
  await broker.put();
  assertEquals(broker.metrics.publications, 3);
});

Deno.test("MemoryBroker.open() resolves to the same log until the topic is dropped", async () => {
  await using broker = new TestMemoryBroker();
  const log = await broker.open("a:1");
  await broker.fill("a:1");
  assertStrictEquals(await broker.open("a:1"), log);
  broker.close("a:1");
  broker.close("a:1");
  assertStrictEquals(await broker.open("a:1"), log);
  assertEquals(log.head, 1);
});

for (const historySize of [0, 1]) {
  Deno.test(`MemoryBroker keeps what is unread past a history of ${historySize}, while open`, async () => {
    await using broker = new TestMemoryBroker({ historySize });
    const log = await broker.open("a:1");
    await broker.fill("a:1", 3);
    assertEquals(log.read(0, Infinity)?.length, 3);
    log.release(1);
    assertEquals([log.read(0, Infinity), log.read(1, Infinity)?.length], [undefined, 2]);
    broker.close("a:1");
    assertEquals(log.read(3 - historySize, Infinity)?.length, historySize);
    assertEquals(log.read(2 - historySize, Infinity), undefined);
  });
}

Deno.test("MemoryBroker.open() after a close keeps for readers only what follows", async () => {
  await using broker = new TestMemoryBroker({ historySize: 1 });
  await broker.open("a:1");
  broker.close("a:1");
  await broker.fill("a:1", 3);
  const log = await broker.open("a:1");
  await broker.fill("a:1", 2);
  assertEquals([log.read(2, 0), offsets(log.read(3, Infinity))], [undefined, [4, 5]]);
});

Deno.test("MemoryBroker keeps everything for a single reader that comes back in time", async () => {
  using time = new FakeTime(0);
  await using broker = new TestMemoryBroker();
  const log = await broker.open("a:1");
  await broker.fill("a:1", 2);
  broker.close("a:1");
  time.tick(TTL_MS / 2);
  await broker.fill("a:1", 2);
  time.tick(TTL_MS - 1);
  assertStrictEquals(await broker.open("a:1"), log);
  assertEquals(offsets(log.read(2, Infinity)), [3, 4]);
});

Deno.test("MemoryBroker.stop() ends the sweeps", async () => {
  using time = new FakeTime(0);
  const broker = new TestMemoryBroker();
  assertEquals(time.next(), true);
  await broker.stop();
  assertEquals(time.next(), false);
});
