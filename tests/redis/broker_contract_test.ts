/**
 * What all brokers have in common: numbers, order, and who is told.
 *
 * @module
 */

import { assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { contract } from "./contract.ts";
import { dataOf, messageOf, publications } from "./setup.ts";

contract("has no trouble", ({ broker }) => {
  assertEquals(broker.trouble, undefined);
  return Promise.resolve();
});

contract("publish() numbers each topic's publications from 1", async ({ broker }) => {
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
});

contract("publish() goes on counting, in the same epoch", async ({ broker }) => {
  const [first] = await broker.publish(publications("a:1", 10));
  const [second] = await broker.publish(publications("a:1", 20));

  assertEquals(second, { topic: "a:1", offset: 2, epoch: first?.epoch });
});

contract("publish() of nothing is nothing", async ({ broker, told }) => {
  assertEquals(await broker.publish([]), []);
  assertEquals(told, []);
});

contract("publish() keeps the order of calls that do not wait for each other", async (subject) => {
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

  assertEquals([log.head, log.read(0, Infinity), log.latest()], [0, [], []]);
  assertMatch(log.epoch, /^[0-9a-f-]{13}$/);
  const [position] = await broker.publish(publications("a:1", 10));
  assertEquals(position?.epoch, log.epoch);
});

contract("open() resolves to what was published before, and to what follows", async (subject) => {
  const { broker } = subject;
  const [position] = await broker.publish(publications("a:1", 10));
  const log = await broker.open("a:1");
  assertEquals([log.head, log.epoch], [1, position?.epoch]);

  await broker.publish(publications("a:1", 20));

  await subject.until(() => log.head === 2);
  assertEquals(log.read(0, Infinity), [messageOf("a:1", 1, 10), messageOf("a:1", 2, 20)]);
  assertEquals(log.read(1, Infinity), [messageOf("a:1", 2, 20)]);
  assertEquals([log.read(2, Infinity), log.read(3, Infinity)], [[], undefined]);
});

contract("open() of a topic that is open resolves to the one log", async (subject) => {
  const { broker } = subject;
  const [log, same] = await Promise.all([broker.open("a:1"), broker.open("a:1")]);
  await broker.publish(publications("a:1", 10));

  await subject.until(() => log.head === 1);

  assertStrictEquals(same, log);
  assertStrictEquals(await broker.open("a:1"), log);
  assertEquals(subject.told.filter((topic) => topic === "a:1").length > 0, true);
});

contract("keeps the latest of each key, oldest first, and none without key", async (subject) => {
  const log = await subject.broker.open("a:1");
  await subject.publish("a:1", ["1", "x"], ["2", "y"], ["3"], ["4", "x"], ["5", "z"]);

  await subject.until(() => log.head === 5);

  const latest = [
    messageOf("a:1", 2, 2, "y"),
    messageOf("a:1", 4, 4, "x"),
    messageOf("a:1", 5, 5, "z"),
  ];
  assertEquals(log.latest(), latest);
  subject.broker.close("a:1");
  assertEquals((await subject.broker.open("a:1")).latest(), latest);
});

contract("keeps the latest of each key when the log no longer does", async (subject) => {
  await subject.publish("a:1", ["1", "x"], ["2", "y"], ["3"], ["4"], ["5", "y"]);

  const log = await subject.broker.open("a:1");

  assertEquals(log.latest(), [messageOf("a:1", 1, 1, "x"), messageOf("a:1", 5, 5, "y")]);
  assertEquals([...log.held(0)].map(({ offset }) => offset), [1, 4, 5]);
  assertEquals([...log.held(1)].map(({ offset }) => offset), [4, 5]);
}, { historySize: 2 });

contract("tells of open topics only", async ({ broker, told, until }) => {
  await broker.publish(publications("a:1", 10));
  const b = await broker.open("b:1");

  await broker.publish([...publications("a:1", 20), ...publications("b:1", 30)]);

  await until(() => b.head === 1);
  assertEquals(told.includes("a:1"), false);
});

contract("tells of a topic no more once it is closed", async ({ broker, told, until }) => {
  const a = await broker.open("a:1");
  const b = await broker.open("b:1");
  await broker.publish(publications("a:1", 10));
  await until(() => a.head === 1);
  broker.close("a:1");
  const before = told.filter((topic) => topic === "a:1").length;

  await broker.publish([...publications("a:1", 20), ...publications("b:1", 30)]);

  await until(() => b.head === 1);
  assertEquals(told.filter((topic) => topic === "a:1").length, before);
});

contract("tells of a topic only when all of a batch can be read", async (subject) => {
  const log = await subject.broker.open("a:1");
  const heads = new Set<number>();
  subject.onChanged = () => heads.add(log.head);

  await subject.broker.publish(publications("a:1", 10, 20, 30));

  await subject.until(() => log.head === 3);
  assertEquals([...heads], [3]);
});

contract("close() leaves the history to those who come back", async (subject) => {
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

contract("close() of a topic that is not open changes nothing", async ({ broker }) => {
  broker.close("a:1");
  const [position] = await broker.publish(publications("a:1", 10));
  broker.close("a:1");

  assertEquals((await broker.open("a:1")).epoch, position?.epoch);
});

contract("opens a topic anew that is closed at once, however often", async (subject) => {
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

contract("refresh() of a topic that is not open does nothing", async ({ broker, told }) => {
  await broker.publish(publications("a:1", 10));

  await broker.refresh("a:1");

  assertEquals(told, []);
});
