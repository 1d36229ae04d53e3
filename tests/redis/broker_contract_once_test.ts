/**
 * The contract of all brokers: publications with an id are published once.
 *
 * @module
 */

import { assertEquals, assertNotEquals } from "@std/assert";
import { Publication } from "../../live/domain/publication.ts";
import { contract } from "./contract.ts";
import { dataOf } from "./setup.ts";

const TTL_MS = 2_000;

function named(id: string, data: unknown, topic = "a:1"): Publication {
  return Publication.from({ topic, data, id });
}

contract("publish() publishes an id once, and answers with its first position", async (subject) => {
  const { broker } = subject;
  const log = await broker.open("a:1");

  const [first] = await broker.publish([named("x", 1)]);
  await broker.publish([named("y", 2)]);
  const [again] = await broker.publish([named("x", 3)]);

  assertEquals(again, first);
  await subject.until(() => log.head === 2);
  assertEquals(dataOf(log.read(0, Infinity)), [1, 2]);
});

contract(
  "publish() publishes an id once within a batch, and the rest of the batch too",
  async (subject) => {
    const { broker } = subject;
    const log = await broker.open("a:1");

    const positions = await broker.publish([named("x", 1), named("x", 2), named("y", 3)]);

    assertEquals(positions.map(({ offset }) => offset), [1, 1, 2]);
    await subject.until(() => log.head === 2);
    assertEquals(dataOf(log.read(0, Infinity)), [1, 3]);
  },
);

contract("publish() treats equal ids of different topics as different", async ({ broker }) => {
  const [a] = await broker.publish([named("x", 1)]);
  const [b] = await broker.publish([named("x", 1, "b:1")]);

  assertEquals([a?.topic, b?.topic], ["a:1", "b:1"]);
  assertNotEquals(a?.epoch, b?.epoch);
});

contract(
  "publish() publishes an id again once the history has forgotten it",
  async ({ broker, elapse }) => {
    await broker.publish([named("x", 1)]);
    await elapse(TTL_MS + 100);
    await broker.publish([named("y", 2)]);
    const [again] = await broker.publish([named("x", 3)]);
    const [third] = await broker.publish([named("x", 4)]);

    assertEquals(again, third);
    assertNotEquals(again?.offset, 0);
    const log = await broker.open("a:1");
    assertEquals(dataOf(log.read(log.head - 1, Infinity)), [3]);
  },
  { historyTtlMs: TTL_MS },
);
