/**
 * Tests of a replica, without Redis: what it makes of what is read and announced.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { HistoryBudget } from "../../live/history/topic_history.ts";
import { Replica } from "../../live/history/replica.ts";
import type { Announcement, LogState, StoredPublication } from "../../live/redis/replies.ts";
import { dataOf } from "../redis/setup.ts";

const TTL_MS = 60_000;
const NOW_MS = 1_700_000_000_000;

/** A publication that Redis took some time ago; its data is its offset. */
function stored(offset: number, options: { key?: string; at?: string; agoMs?: number } = {}) {
  const { key, agoMs = 0, at = `${(NOW_MS - agoMs) * 1_000 - 100 + offset}` } = options;
  const publication: StoredPublication = { offset, at, data: `${offset}` };
  return key === undefined ? publication : { ...publication, key };
}

function numbers(first: number, last: number): StoredPublication[] {
  return Array.from({ length: last - first + 1 }, (_, i) => stored(first + i));
}

function state(publications: StoredPublication[], more: Partial<LogState> = {}): LogState {
  const offset = publications.at(-1)?.offset ?? 0;
  return { epoch: "e", offset, now: NOW_MS * 1_000, publications, latest: [], ...more };
}

function announcement(publications: StoredPublication[], epoch = "e"): Announcement {
  return { epoch, publications };
}

function create(size = 100): { replica: Replica; budget: HistoryBudget } {
  const budget = { used: 0 };
  return { replica: new Replica("a:1", { size, ttlMs: TTL_MS, budget }), budget };
}

function loaded(first: number, last: number): Replica {
  const { replica } = create();
  replica.load(state(numbers(first, last)));
  return replica;
}

Deno.test("Replica stands nowhere before it is loaded", () => {
  const { replica } = create();
  assertEquals(replica.position, { epoch: "", offset: 0, at: "" });
  assertEquals([replica.head, replica.latest(), replica.apply(announcement([]))], [0, [], false]);
});

Deno.test("Replica.load() takes in an empty log", () => {
  const { replica } = create();
  replica.load(state([]));
  assertEquals(replica.position, { epoch: "e", offset: 0, at: "" });
  assertEquals(replica.read(0, Infinity), []);
});

Deno.test("Replica.load() takes in all that Redis holds", () => {
  const replica = loaded(3, 5);
  assertEquals(replica.position, { epoch: "e", offset: 5, at: stored(5).at });
  assertEquals([replica.read(1, Infinity), dataOf(replica.read(2, Infinity))], [
    undefined,
    [3, 4, 5],
  ]);
});

Deno.test("Replica.load() appends what follows", () => {
  const replica = loaded(1, 2);
  replica.load(state(numbers(3, 4)));
  assertEquals(dataOf(replica.read(0, Infinity)), [1, 2, 3, 4]);
  assertEquals(replica.position.at, stored(4).at);
});

for (
  const [name, publications] of [
    ["nothing new", []],
    ["what it has", numbers(1, 3)],
    ["less than it has", numbers(1, 2)],
  ] as const
) {
  Deno.test(`Replica.load() of ${name} changes nothing`, () => {
    const replica = loaded(1, 3);
    replica.load(state([...publications], { offset: publications.at(-1)?.offset ?? 3 }));
    assertEquals(dataOf(replica.read(0, Infinity)), [1, 2, 3]);
    assertEquals(replica.position, { epoch: "e", offset: 3, at: stored(3).at });
  });
}

Deno.test("Replica.load() of what it has and more appends what is more", () => {
  const replica = loaded(1, 3);
  replica.load(state(numbers(2, 5)));
  assertEquals(dataOf(replica.read(0, Infinity)), [1, 2, 3, 4, 5]);
});

Deno.test("Replica.load() after a gap holds what Redis holds, in the same epoch", () => {
  const replica = loaded(1, 3);
  replica.load(
    state(numbers(6, 7), { latest: [stored(2, { key: "x" }), stored(5, { key: "y" })] }),
  );
  assertEquals([replica.epoch, replica.head, replica.read(3, Infinity)], ["e", 7, undefined]);
  assertEquals(dataOf(replica.read(5, Infinity)), [6, 7]);
  assertEquals([...replica.held(3)].map(({ offset }) => offset), [5, 6, 7]);
  assertEquals(dataOf(replica.latest()), [2, 5]);
});

Deno.test("Replica.load() of another epoch forgets all of the one before", () => {
  const { replica, budget } = create();
  replica.load(state([stored(1, { key: "x" }), ...numbers(2, 9)]));
  replica.load(state(numbers(1, 1), { epoch: "f" }));
  assertEquals([replica.epoch, replica.head, replica.latest()], ["f", 1, []]);
  assertEquals(dataOf(replica.read(0, Infinity)), [1]);
  assertEquals(budget.used, replica.lengthAfter(0));
});

Deno.test("Replica.load() keeps what is read of one key once, whether the log holds it or not", () => {
  const { replica, budget } = create();
  const latest = [stored(1, { key: "x" }), stored(4, { key: "y" })];
  replica.load(state([stored(3), stored(4, { key: "y" })], { latest }));
  assertEquals(dataOf(replica.latest()), [1, 4]);
  assertEquals(
    budget.used,
    [...replica.held(0)].reduce((sum, { message }) => sum + message.length, 0),
  );
});

Deno.test("Replica.load() leaves out what is past its time to live in Redis", () => {
  using _time = new FakeTime(5); // this machine's clock may be another
  const { replica } = create();
  const publications = [
    stored(1, { agoMs: TTL_MS + 1 }),
    stored(2, { key: "x", agoMs: TTL_MS }),
    stored(3, { agoMs: TTL_MS - 1 }),
  ];
  const latest = [
    stored(1, { key: "w", agoMs: TTL_MS + 1 }),
    stored(2, { key: "x", agoMs: TTL_MS }),
  ];
  replica.load(state(publications, { latest }));
  assertEquals([replica.read(1, Infinity), dataOf(replica.read(2, Infinity))], [undefined, [3]]);
  assertEquals([replica.head, replica.latest()], [3, []]);
});

Deno.test("Replica.load() of nothing but what is too old leaves the head", () => {
  const { replica } = create();
  replica.load(state([stored(7, { key: "x", agoMs: TTL_MS })], { latest: [] }));
  assertEquals([replica.head, replica.read(7, Infinity), replica.read(6, Infinity)], [
    7,
    [],
    undefined,
  ]);
});

Deno.test("Replica.prune() drops what grew too old since it was loaded, by its age in Redis", () => {
  using time = new FakeTime(5);
  const { replica } = create();
  replica.load(state([stored(1, { key: "x", agoMs: TTL_MS - 10 }), stored(2, { agoMs: 0 })]));
  replica.release(Infinity);
  time.tick(10);
  replica.prune();
  assertEquals([replica.read(0, Infinity), dataOf(replica.read(1, Infinity)), replica.latest()], [
    undefined,
    [2],
    [],
  ]);
});

Deno.test("Replica.apply() appends what follows", () => {
  const replica = loaded(1, 2);
  assertEquals(replica.apply(announcement([stored(3, { key: "x" }), stored(4)])), true);
  assertEquals(dataOf(replica.read(0, Infinity)), [1, 2, 3, 4]);
  assertEquals([replica.position.at, dataOf(replica.latest())], [stored(4).at, [3]]);
});

Deno.test("Replica.apply() passes over what it has", () => {
  const replica = loaded(1, 3);
  assertEquals(replica.apply(announcement(numbers(2, 3))), true);
  assertEquals(replica.apply(announcement(numbers(3, 5))), true);
  assertEquals(dataOf(replica.read(0, Infinity)), [1, 2, 3, 4, 5]);
});

for (
  const [name, publications, epoch] of [
    ["a gap", numbers(5, 6), "e"],
    ["a number that was given again", [stored(3, { at: `${NOW_MS * 1_000 + 1}` })], "e"],
    ["another epoch", numbers(4, 4), "f"],
    ["another epoch without publications", [], "f"],
  ] as const
) {
  Deno.test(`Replica.apply() asks to be loaded at ${name}, and changes nothing`, () => {
    const replica = loaded(1, 3);
    const { position } = replica;
    assertEquals(replica.apply(announcement([...publications], epoch)), false);
    assertEquals([replica.position, dataOf(replica.read(0, Infinity))], [position, [1, 2, 3]]);
  });
}

Deno.test("Replica.discard() gives all memory back", () => {
  const { replica, budget } = create();
  replica.load(state(numbers(2, 4), { latest: [stored(1, { key: "x" })] }));
  replica.discard();
  assertEquals([budget.used, replica.head], [0, 4]);
});

Deno.test("Replica holds what is unread past its size, and no more once it is released", () => {
  const { replica } = create(2);
  replica.load(state(numbers(1, 3)));
  replica.apply(announcement(numbers(4, 6)));
  assertEquals(dataOf(replica.read(0, Infinity)), [1, 2, 3, 4, 5, 6]);
  replica.release(6);
  assertEquals([replica.read(3, Infinity), dataOf(replica.read(4, Infinity))], [undefined, [5, 6]]);
});
