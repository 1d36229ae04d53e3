/**
 * What all brokers have in common: what they keep, and what they can carry.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { contract } from "./contract.ts";
import { dataOf, publications } from "./setup.ts";

contract("keeps no more of a closed topic than the history", async ({ broker }) => {
  await broker.publish(publications("a:1", 1, 2, 3, 4, 5));

  const log = await broker.open("a:1");

  assertEquals([log.read(1, Infinity), dataOf(log.read(2, Infinity))], [undefined, [3, 4, 5]]);
  assertEquals(log.head, 5);
}, { historySize: 3 });

contract("keeps nothing of a closed topic if the history is 0", async ({ broker, until }) => {
  await broker.publish(publications("a:1", 1, 2));
  const log = await broker.open("a:1");
  assertEquals([log.head, log.read(1, Infinity), log.read(2, Infinity)], [2, undefined, []]);

  await broker.publish(publications("a:1", 3));

  await until(() => log.head === 3);
  assertEquals(dataOf(log.read(2, Infinity)), [3]);
}, { historySize: 0 });

contract("keeps what is unread of an open topic, whatever the bound", async (subject) => {
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

contract("reads in pieces of the length asked for, and one message at least", async (subject) => {
  const { broker } = subject;
  await broker.publish(publications("a:1", 1, 2, 3));
  const log = await broker.open("a:1");
  const { length } = log.read(0, 0)?.[0] ?? "";

  assertEquals(dataOf(log.read(0, 0)), [1]);
  assertEquals(dataOf(log.read(0, 2 * length)), [1, 2]);
  assertEquals([log.lengthAfter(0), log.lengthAfter(3)], [3 * length, 0]);
});

const KEYS = [
  "",
  " ",
  "0",
  "__proto__",
  'quote " and \\',
  "line\nbreak\r\u2028\0",
  "ключ 🚗",
  "\ud800",
];

contract("takes keys for what they are", async (subject) => {
  const keys = [...KEYS, "long".repeat(64)];
  await subject.publish("a:1", ...keys.map((key): [string, string] => ["1", key]));

  const log = await subject.broker.open("a:1");

  assertEquals(log.latest().map((message) => JSON.parse(message).key), keys);
});

for (
  const [name, data] of [
    ["null", "null"],
    ["an empty text", '""'],
    ["a number as it is spelt", "1.00"],
    ["line separators", '"\u2028\u2029"'],
    ["escapes", '"\\n\\u0000\\ud800\\\\n"'],
    ["characters of all planes", '"é ✓ 🚗 \u{10ffff}"'],
    ["a number after white space", " 1"],
    ["a message of 1 MiB", JSON.stringify("x".repeat(1_048_576))],
  ] as const
) {
  contract(`carries ${name} as data, announced and read`, async (subject) => {
    const { broker } = subject;
    const log = await broker.open("a:1");
    await subject.publish("a:1", [data, "k"]);
    await subject.until(() => log.head === 1);
    const message = `{"type":"message","topic":"a:1","offset":1,"key":"k","data":${data}}`;
    assertEquals(log.read(0, Infinity), [message]);

    broker.close("a:1");
    const again = await broker.open("a:1");

    assertEquals([again.read(0, Infinity), again.latest()], [[message], [message]]);
  });
}

contract("keeps topics apart whose names look alike or like patterns", async (subject) => {
  const names = ["a:1", "a:1:1", "a:*", "a:[1]", "a:{1}", "a:1 ", "a: 1", "A:1", "a:é", "a:'\"\\"];
  const logs = await Promise.all(names.map((name) => subject.broker.open(name)));

  await subject.broker.publish(names.flatMap((name, i) => publications(name, i)));

  await subject.until(() => logs.every(({ head }) => head === 1));
  assertEquals(logs.map((log) => dataOf(log.read(0, Infinity))), names.map((_, i) => [i]));
  assertEquals(logs.map(({ head }) => head), names.map(() => 1));
});

contract("forgets what was longest unused when all hold too much", async ({ broker }) => {
  const data = JSON.stringify("x".repeat(400));
  for (const topic of ["a:1", "b:1", "c:1"]) await broker.publish([{ topic, data }]);

  const logs = await Promise.all(["a:1", "b:1", "c:1"].map((topic) => broker.open(topic)));

  assertEquals(logs.map((log) => log.read(0, Infinity)?.length), [0, 1, 1]);
}, { historyMaxBytes: 1_000 });

contract("begins a forgotten topic's log anew", async ({ broker }) => {
  const data = JSON.stringify("x".repeat(400));
  const [first] = await broker.publish([{ topic: "a:1", data }]);
  for (const topic of ["b:1", "c:1"]) await broker.publish([{ topic, data }]);

  const [second] = await broker.publish([{ topic: "a:1", data }]);

  assertEquals([first?.offset, second?.offset, first?.epoch === second?.epoch], [1, 1, false]);
}, { historyMaxBytes: 1_000 });
