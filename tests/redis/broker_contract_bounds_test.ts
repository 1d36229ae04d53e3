/**
 * The contract of all brokers: what they hold, and which keys and payloads they carry.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Publication } from "../../live/domain/publication.ts";
import { contract } from "./contract.ts";
import { dataOf, entriesOf, publication, publications } from "./setup.ts";

contract("keeps of a closed topic only the history", async ({ broker }) => {
  await broker.publish(publications("a:1", 1, 2, 3, 4, 5));

  const log = await broker.open("a:1");

  assertEquals([log.read(1, Infinity), dataOf(log.read(2, Infinity))], [undefined, [3, 4, 5]]);
  assertEquals(log.head, 5);
}, { historySize: 3 });

contract("keeps nothing of a closed topic if the history size is 0", async ({ broker, until }) => {
  await broker.publish(publications("a:1", 1, 2));
  const log = await broker.open("a:1");
  assertEquals([log.head, log.read(1, Infinity), log.read(2, Infinity)], [2, undefined, []]);

  await broker.publish(publications("a:1", 3));

  await until(() => log.head === 3);
  assertEquals(dataOf(log.read(2, Infinity)), [3]);
}, { historySize: 0 });

contract("keeps everything unread of an open topic, beyond the bound", async (subject) => {
  const { broker } = subject;
  const log = await broker.open("a:1");
  await broker.publish(publications("a:1", 1, 2, 3, 4, 5));
  await subject.until(() => log.head === 5);
  assertEquals(dataOf(log.read(0, Infinity)), [1, 2, 3, 4, 5]);

  log.release(1);
  assertEquals([log.read(0, Infinity), dataOf(log.read(1, Infinity))], [undefined, [2, 3, 4, 5]]);
  log.release(5);
  assertEquals([log.read(2, Infinity), dataOf(log.read(3, Infinity))], [undefined, [4, 5]]);
}, { historySize: 2 });

contract("reads in pieces of a given length, at least one publication each", async (subject) => {
  const { broker } = subject;
  await broker.publish(publications("a:1", 1, 2, 3));
  const log = await broker.open("a:1");
  const length = log.lengthAfter(2);

  assertEquals(dataOf(log.read(0, 0)), [1]);
  assertEquals(dataOf(log.read(0, 2 * length)), [1, 2]);
  assertEquals([log.lengthAfter(0), log.lengthAfter(3)], [3 * length, 0]);
});

contract("carries keys unchanged", async ({ broker }) => {
  const keys = [
    ...["", " ", "0", "epoch", "__proto__", 'quote " and \\'],
    ...["line\nbreak\r\u2028\0", "ключ 🚗", "\ud800", "long".repeat(64)],
  ];
  await broker.publish(keys.map((key) => publication("a:1", 1, key)));

  const log = await broker.open("a:1");

  assertEquals([...log.latest(0)].map(({ key }) => key), keys);
});

for (
  const [name, json] of [
    ["null", "null"],
    ["an empty text", '""'],
    ["a number with all its digits", "1.00"],
    ["line separators", '"\u2028\u2029"'],
    ["escapes", '"\\n\\u0000\\ud800\\\\n"'],
    ["characters of all planes", '"é ✓ 🚗 \u{10ffff}"'],
    ["1 MiB", JSON.stringify("x".repeat(1_048_576))],
  ] as const
) {
  contract(`carries ${name} as a payload, announced and read`, async (subject) => {
    const { broker } = subject;
    const log = await broker.open("a:1");
    await broker.publish([Publication.from({ topic: "a:1", json, key: "k" })]);
    await subject.until(() => log.head === 1);
    assertEquals(entriesOf(log.read(0, Infinity)), [[1, "k", json]]);

    broker.close("a:1");
    const again = await broker.open("a:1");

    const entries = [again.read(0, Infinity), again.latest(0)].map(entriesOf);
    assertEquals(entries, [[[1, "k", json]], [[1, "k", json]]]);
  });
}

contract(
  "does not mix up topics whose names are similar or look like patterns",
  async (subject) => {
    const names = [
      "a:1",
      "a:1:1",
      "a:**",
      "a:[1]",
      "a:{1}",
      "a:1 ",
      "a: 1",
      "A:1",
      "a:é",
      "a:'\"\\",
    ];
    const logs = await Promise.all(names.map((name) => subject.broker.open(name)));

    await subject.broker.publish(names.flatMap((name, i) => publications(name, i)));

    await subject.until(() => logs.every(({ head }) => head === 1));
    assertEquals(logs.map((log) => dataOf(log.read(0, Infinity))), names.map((_, i) => [i]));
  },
);

contract(
  "forgets the least recently used topic when all topics together hold too much",
  async ({ broker }) => {
    const topics = ["a:1", "b:1", "c:1"];
    const positions = [];
    for (const topic of topics) {
      positions.push(...await broker.publish(publications(topic, "x".repeat(400))));
    }

    const [again] = await broker.publish(publications("a:1", 1)); // the topic begins a new life
    const logs = await Promise.all(topics.map((topic) => broker.open(topic)));

    assertEquals(logs.map((log) => log.read(0, Infinity)?.length), [1, 1, 1]);
    assertEquals([again?.offset, again?.epoch === positions[0]?.epoch], [1, false]);
    assertEquals(logs.slice(1).map(({ epoch }) => epoch), positions.slice(1).map((p) => p.epoch));
  },
  { historyMaxBytes: 1_000 },
);
