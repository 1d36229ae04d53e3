/**
 * The contract of all brokers: offsets, order, and which changes they report.
 *
 * @module
 */

import { assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { contract } from "./contract.ts";
import { dataOf, entriesOf, publications } from "./setup.ts";

contract("publish() numbers each topic's publications from 1, in one epoch", async (subject) => {
  const { broker } = subject;
  const positions = await broker.publish([
    ...publications("a:1", 10),
    ...publications("b:1", 20),
    ...publications("a:1", 30),
  ]);
  const [next] = await broker.publish(publications("a:1", 40));

  const [a, b] = positions.map(({ epoch }) => epoch);
  assertEquals([...positions, next], [
    { topic: "a:1", offset: 1, epoch: a },
    { topic: "b:1", offset: 1, epoch: b },
    { topic: "a:1", offset: 2, epoch: a },
    { topic: "a:1", offset: 3, epoch: a },
  ]);
  assertMatch(String(a), /^[0-9a-f-]{13}$/);
});

contract("publish() without publications does nothing", async ({ broker, changed }) => {
  assertEquals(await broker.publish([]), []);
  assertEquals(changed, []);
});

contract("publish() keeps the order of concurrent calls", async (subject) => {
  const { broker } = subject;
  const log = await broker.open("a:1");
  const calls = Array.from({ length: 50 }, (_, i) => broker.publish(publications("a:1", i, i)));

  const offsets = (await Promise.all(calls)).flat().map(({ offset }) => offset);

  assertEquals(offsets, Array.from({ length: 100 }, (_, i) => i + 1));
  await subject.until(() => log.head === 100);
  const data = Array.from({ length: 100 }, (_, i) => Math.floor(i / 2));
  assertEquals(dataOf(log.read(0, Infinity)), data);
});

contract("open() resolves to an empty log if nothing was published", async ({ broker }) => {
  const log = await broker.open("a:1");

  assertEquals([log.head, log.read(0, Infinity), [...log.latest(0)]], [0, [], []]);
  assertMatch(log.epoch, /^[0-9a-f-]{13}$/);
  const [position] = await broker.publish(publications("a:1", 10));
  assertEquals(position?.epoch, log.epoch);
});

contract(
  "open() resolves to a log with what was published before, which grows with what follows",
  async (subject) => {
    const { broker } = subject;
    const [position] = await broker.publish(publications("a:1", 10));
    const log = await broker.open("a:1");
    assertEquals([log.head, log.epoch], [1, position?.epoch]);

    await broker.publish(publications("a:1", 20));

    await subject.until(() => log.head === 2);
    assertEquals(entriesOf(log.read(0, Infinity)), [[1, undefined, "10"], [2, undefined, "20"]]);
    assertEquals(dataOf(log.read(1, Infinity)), [20]);
    assertEquals([log.read(2, Infinity), log.read(3, Infinity)], [[], undefined]);
  },
);

contract("open() of an open topic resolves to the same log", async (subject) => {
  const { broker } = subject;
  const [log, same] = await Promise.all([broker.open("a:1"), broker.open("a:1")]);
  await broker.publish(publications("a:1", 10));

  await subject.until(() => log.head === 1);

  assertStrictEquals(same, log);
  assertStrictEquals(await broker.open("a:1"), log);
});

contract("reports only changes of open topics", async ({ broker, changed, until }) => {
  await broker.publish(publications("a:1", 10));
  const b = await broker.open("b:1");

  await broker.publish([...publications("a:1", 20), ...publications("b:1", 30)]);

  await until(() => b.head === 1);
  assertEquals(changed.includes("a:1"), false);
});

contract("reports no change of a topic that was closed", async ({ broker, changed, until }) => {
  const a = await broker.open("a:1");
  const b = await broker.open("b:1");
  await broker.publish(publications("a:1", 10));
  await until(() => a.head === 1);
  broker.close("a:1");
  const before = changed.filter((topic) => topic === "a:1").length;

  await broker.publish([...publications("a:1", 20), ...publications("b:1", 30)]);

  await until(() => b.head === 1);
  assertEquals(changed.filter((topic) => topic === "a:1").length, before);
});

contract("reports a change when the log holds the whole batch", async (subject) => {
  const log = await subject.broker.open("a:1");
  const heads: number[] = [];
  subject.onChanged = () => heads.push(log.head);

  await subject.broker.publish(publications("a:1", 10, 20, 30));

  await subject.until(() => log.head === 3);
  assertEquals(heads, [3]);
});

contract("close() keeps the history for clients that come back", async (subject) => {
  const { broker } = subject;
  const log = await broker.open("a:1");
  const { epoch } = log;
  await broker.publish(publications("a:1", 10, 20));
  await subject.until(() => log.head === 2);
  broker.close("a:1");
  await broker.publish(publications("a:1", 30));

  const again = await broker.open("a:1");

  assertEquals([again.epoch, again.head], [epoch, 3]);
  assertEquals(dataOf(again.read(0, Infinity)), [10, 20, 30]);
  assertEquals(dataOf(again.read(2, Infinity)), [30]);
});

contract("open() right after close() follows the log, even if repeated", async (subject) => {
  const { broker } = subject;
  await broker.open("a:1");
  for (let i = 0; i < 5; i++) {
    broker.close("a:1");
    broker.open("a:1");
  }

  const log = await broker.open("a:1");

  await broker.publish(publications("a:1", 10, 20));
  await subject.until(() => log.head === 2);
  assertEquals(dataOf(log.read(0, Infinity)), [10, 20]);
});

contract("refresh() resolves once the log holds what was published before", async ({ broker }) => {
  const log = await broker.open("a:1");
  for (let i = 1; i <= 20; i++) {
    await broker.publish(publications("a:1", i));

    await broker.refresh("a:1");

    assertEquals(log.head, i);
  }
});

contract("refresh() and close() of a topic that is not open do nothing", async (subject) => {
  const { broker, changed } = subject;
  const [position] = await broker.publish(publications("a:1", 10));

  await broker.refresh("a:1");
  broker.close("a:1");

  assertEquals([changed, broker.trouble], [[], undefined]);
  assertEquals((await broker.open("a:1")).epoch, position?.epoch);
});
