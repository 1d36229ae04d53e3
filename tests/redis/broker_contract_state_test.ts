/**
 * The contract of all brokers: the state, which is the latest of each key, and removals from it.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Broker, TopicLog } from "../../live/domain/broker.ts";
import { contract } from "./contract.ts";
import { dataOf, entriesOf, publication, publications, removal } from "./setup.ts";

const TTL_MS = 1_000;

/** Closes a topic and opens it again, so that it is read from a shared store. */
function reopen(broker: Broker, topic: string): Promise<TopicLog> {
  broker.close(topic);
  return broker.open(topic);
}

contract(
  "keeps the latest of each key in the state, oldest first, but no events",
  async (subject) => {
    const log = await subject.broker.open("a:1");
    await subject.broker.publish([
      ...["x", "y", undefined, "x", "z"].map((key, i) => publication("a:1", i + 1, key)),
    ]);

    await subject.until(() => log.head === 5);

    const latest = [[2, "y", "2"], [4, "x", "4"], [5, "z", "5"]];
    assertEquals(entriesOf(log.latest(0)), latest);
    assertEquals(entriesOf(log.latest(2)), latest.slice(1));
    assertEquals(entriesOf((await reopen(subject.broker, "a:1")).latest(0)), latest);
  },
);

contract("keeps the latest of each key when the log no longer holds it", async ({ broker }) => {
  const keys = ["x", "y", undefined, undefined, "y"];
  await broker.publish(keys.map((key, i) => publication("a:1", i + 1, key)));

  const log = await broker.open("a:1");

  assertEquals(entriesOf(log.latest(0)), [[1, "x", "1"], [5, "y", "5"]]);
  assertEquals(dataOf(log.held(0)), [1, 4, 5]);
  assertEquals(dataOf(log.held(1)), [4, 5]);
}, { historySize: 2 });

contract(
  "publish() of a removal takes the key out of the state, but not out of the log",
  async (subject) => {
    const log = await subject.broker.open("a:1");
    const positions = await subject.broker.publish([
      publication("a:1", 1, "x"),
      publication("a:1", 2, "y"),
      removal("a:1", "x"),
      removal("a:1", "unknown"),
    ]);

    await subject.until(() => log.head === 4);

    assertEquals(positions.map(({ offset }) => offset), [1, 2, 3, 4]);
    const assertRemoved = (log: TopicLog) => {
      const removals = [[3, "x", undefined], [4, "unknown", undefined]];
      assertEquals(entriesOf(log.latest(0)), [[2, "y", "2"]]);
      assertEquals(entriesOf(log.read(2, Infinity)), removals);
      assertEquals(entriesOf(log.newest(1)), [[2, "y", "2"], ...removals]);
    };
    assertRemoved(log);
    assertRemoved(await reopen(subject.broker, "a:1"));
  },
);

contract("publish() after a removal brings the key back", async ({ broker }) => {
  await broker.publish([publication("a:1", 1, "x"), removal("a:1", "x")]);
  await broker.publish([publication("a:1", 3, "x")]);

  const log = await broker.open("a:1");

  assertEquals(entriesOf(log.latest(0)), [[3, "x", "3"]]);
});

contract(
  "makes readers start over if they miss a removal that the log no longer holds",
  async (subject) => {
    const { broker } = subject;
    await broker.publish([publication("a:1", 1, "x"), removal("a:1", "x")]);
    await broker.publish([publication("a:1", 3, "y"), ...publications("a:1", 4, 5)]);

    const log = await broker.open("a:1");

    assertEquals([0, 1, 2].map((offset) => log.canCatchUp(offset)), [false, false, true]);
    assertEquals([dataOf(log.held(2)), dataOf(log.newest(2))], [[3, 4, 5], [3, 5]]);
    assertEquals(dataOf(log.latest(0)), [3]);
  },
  { historySize: 2 },
);

contract("notices after a refresh that its log no longer holds removals", async (subject) => {
  const { broker } = subject;
  const log = await broker.open("a:1");
  await broker.publish([publication("a:1", 1, "x")]);
  await subject.until(() => log.head === 1);
  await broker.publish([removal("a:1", "x"), ...publications("a:1", 3, 4)]);
  await broker.refresh("a:1");

  log.release(4);

  assertEquals([log.canCatchUp(1), log.canCatchUp(2)], [false, true]);
  assertEquals([entriesOf(log.latest(0)), dataOf(log.held(2))], [[], [3, 4]]);
}, { historySize: 2 });

contract(
  "keeps the state of topics with subscribers, and forgets other topics",
  async (subject) => {
    const { broker } = subject;
    const { epoch } = await broker.open("a:1");
    const [, unused] = await broker.publish([
      publication("a:1", 1, "x"),
      publication("b:1", 2, "x"),
    ]);

    await subject.elapse(2.5 * TTL_MS);

    const a = await reopen(broker, "a:1");
    assertEquals([a.epoch, a.head, entriesOf(a.latest(0))], [epoch, 1, [[1, "x", "1"]]]);
    assertEquals(a.read(0, Infinity), undefined);
    const b = await broker.open("b:1");
    assertEquals([b.epoch === unused?.epoch, b.head, entriesOf(b.latest(0))], [false, 0, []]);
  },
  { historyTtlMs: TTL_MS },
);

contract(
  "keeps the state of topics that only get publications, without subscribers",
  async (subject) => {
    const { broker } = subject;
    const [first] = await broker.publish([publication("a:1", 1, "x")]);
    for (const data of [2, 3]) {
      await subject.elapse(0.6 * TTL_MS);
      await broker.publish(publications("a:1", data));
    }

    const log = await broker.open("a:1");

    assertEquals([log.epoch, log.read(0, Infinity)], [first?.epoch, undefined]);
    assertEquals([entriesOf(log.latest(0)), dataOf(log.held(0))], [[[1, "x", "1"]], [1, 2, 3]]);
  },
  { historyTtlMs: TTL_MS },
);
