/**
 * Tests of a replica: how it applies answers and announcements of the store.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Replica } from "../../live/history/replica.ts";
import type { Announcement, LogState, StoredPublication } from "../../live/history/stored_log.ts";
import { offsets, show, TOPIC, TTL_MS } from "./setup.ts";

const NOW_MS = 1_700_000_000_000;

/** What may differ from publication to publication. */
interface StoredOptions {
  readonly key?: string;
  readonly at?: string;
  readonly agoMs?: number;
  readonly removed?: boolean;
}

/** A publication that the store took some time ago; its payload is its offset. */
function stored(
  offset: number,
  { key, agoMs = 0, at = `${(NOW_MS - agoMs) * 1_000 - 100 + offset}`, removed }: StoredOptions =
    {},
): StoredPublication {
  return { offset, at, key, json: removed ? undefined : `${offset}` };
}

function numbers(first: number, last: number): StoredPublication[] {
  return Array.from({ length: last - first + 1 }, (_, i) => stored(first + i));
}

function state(publications: StoredPublication[], more: Partial<LogState> = {}): LogState {
  const offset = publications.at(-1)?.offset ?? 0;
  const now = NOW_MS * 1_000;
  return { epoch: "e", offset, now, publications, latest: [], removedUpTo: 0, ...more };
}

function announcement(publications: StoredPublication[], epoch = "e"): Announcement {
  return { epoch, publications };
}

function create(size = 100): { replica: Replica; budget: { used: number } } {
  const budget = { used: 0 };
  return { replica: new Replica(TOPIC, { size, ttlMs: TTL_MS, budget }), budget };
}

function loaded(first: number, last: number): Replica {
  const { replica } = create();
  replica.load(state(numbers(first, last)));
  return replica;
}

Deno.test("Replica is empty before it is loaded", () => {
  const { replica } = create();
  assertEquals(replica.position, { epoch: "", offset: 0, at: "" });
  assertEquals([show(replica.latest(0)), replica.apply(announcement([]))], [[], false]);
});

Deno.test("Replica.load() holds what the store holds", () => {
  const replica = loaded(3, 5);
  assertEquals(replica.position, { epoch: "e", offset: 5, at: stored(5).at });
  assertEquals(replica.read(1, Infinity), undefined);
  assertEquals(show(replica.read(2, Infinity)), ["3:=3", "4:=4", "5:=5"]);
});

Deno.test("Replica.load() of an empty log begins at 0", () => {
  const { replica } = create();
  replica.load(state([]));
  assertEquals(replica.position, { epoch: "e", offset: 0, at: "" });
  assertEquals(replica.read(0, Infinity), []);
});

for (
  const [name, publications, expected] of [
    ["nothing", [], [1, 2, 3]],
    ["what it has", numbers(1, 3), [1, 2, 3]],
    ["less than it has", numbers(1, 2), [1, 2, 3]],
    ["what follows", numbers(4, 5), [1, 2, 3, 4, 5]],
    ["what it has, and more", numbers(2, 5), [1, 2, 3, 4, 5]],
  ] satisfies [string, StoredPublication[], number[]][]
) {
  Deno.test(`Replica.load() of ${name} adds what it lacks`, () => {
    const replica = loaded(1, 3);
    replica.load(state(publications, { offset: publications.at(-1)?.offset ?? 3 }));
    assertEquals(offsets(replica.read(0, Infinity)), expected);
    assertEquals(replica.position.at, stored(expected.length).at);
  });
}

for (
  const [name, removedUpTo, canCatchUp] of [
    ["was removed before it", 3, true],
    ["was removed since", 4, false],
  ] as const
) {
  Deno.test(`Replica.load() after a gap serves readers unless a key ${name}`, () => {
    const replica = loaded(1, 3);
    const latest = [stored(2, { key: "x" }), stored(5, { key: "y" })];
    replica.load(state(numbers(6, 7), { latest, removedUpTo }));
    assertEquals([replica.epoch, replica.head, replica.read(3, Infinity)], ["e", 7, undefined]);
    assertEquals(replica.canCatchUp(3), canCatchUp);
    assertEquals(offsets(replica.held(3)), [5, 6, 7]);
    assertEquals(offsets(replica.latest(0)), [2, 5]);
  });
}

Deno.test("Replica.load() of another epoch forgets the former one", () => {
  const { replica, budget } = create();
  replica.load(state([stored(1, { key: "x" }), ...numbers(2, 9)]));
  replica.load(state(numbers(1, 1), { epoch: "f" }));
  assertEquals([replica.epoch, replica.head, show(replica.latest(0))], ["f", 1, []]);
  assertEquals(offsets(replica.read(0, Infinity)), [1]);
  assertEquals(budget.used, replica.lengthAfter(0));
});

Deno.test("Replica.load() holds each key once, and no removal as its latest", () => {
  const { replica, budget } = create();
  const removal = stored(5, { key: "z", removed: true });
  const latest = [stored(1, { key: "x" }), stored(4, { key: "y" })];
  replica.load(state([stored(3), stored(4, { key: "y" }), removal], { latest }));
  assertEquals(show(replica.latest(0)), ["1:x=1", "4:y=4"]);
  assertEquals(show(replica.newest(3)), ["4:y=4", "5:z"]);
  replica.discard();
  assertEquals([budget.used, replica.head], [0, 5]);
});

Deno.test("Replica.load() leaves what is too old out of the log, but not out of the state", () => {
  using _time = new FakeTime(5); // this machine's clock may differ
  const { replica } = create();
  const publications = [
    stored(2, { key: "x", agoMs: TTL_MS }),
    stored(3, { agoMs: TTL_MS - 1 }),
    stored(4, { agoMs: TTL_MS }), // the store's clock was set back
  ];
  const latest = [stored(1, { key: "w", agoMs: TTL_MS + 1 }), stored(2, { key: "x" })];
  replica.load(state(publications, { latest }));
  assertEquals([replica.read(1, 0), show(replica.read(2, Infinity))], [undefined, [
    "3:=3",
    "4:=4",
  ]]);
  assertEquals(show(replica.latest(0)), ["1:w=1", "2:x=2"]);
  assertEquals([replica.head, replica.canCatchUp(1)], [4, false]); // x might have been removed
});

Deno.test("Replica.load() keeps the head if everything is too old", () => {
  const { replica } = create();
  replica.load(state([stored(7, { agoMs: TTL_MS })]));
  assertEquals([replica.head, replica.read(7, 0), replica.read(6, 0)], [7, [], undefined]);
});

Deno.test("Replica.prune() uses the age in the store", () => {
  using time = new FakeTime(5);
  const { replica } = create();
  replica.load(state([stored(1, { agoMs: TTL_MS - 10 }), stored(2)]));
  replica.release(Infinity);
  time.tick(10);
  replica.prune();
  assertEquals([replica.read(0, 0), offsets(replica.read(1, 0))], [undefined, [2]]);
});

Deno.test("Replica.apply() appends what it lacks", () => {
  const replica = loaded(1, 3);
  assertEquals(replica.apply(announcement(numbers(2, 3))), true);
  const more = [stored(3), stored(4, { key: "x" }), stored(5, { key: "x", removed: true })];
  assertEquals(replica.apply(announcement(more)), true);
  assertEquals(show(replica.read(3, Infinity)), ["4:x=4", "5:x"]);
  assertEquals([replica.position.at, show(replica.latest(0))], [stored(5).at, []]);
});

for (
  const [name, publications, epoch] of [
    ["a gap", numbers(5, 6), "e"],
    ["an offset that was given twice", [stored(3, { at: `${NOW_MS * 1_000 + 1}` })], "e"],
    ["another epoch", numbers(4, 4), "f"],
    ["another epoch without publications", [], "f"],
  ] satisfies [string, StoredPublication[], string][]
) {
  Deno.test(`Replica.apply() asks to be loaded at ${name}, and changes nothing`, () => {
    const replica = loaded(1, 3);
    const { position } = replica;
    assertEquals(replica.apply(announcement(publications, epoch)), false);
    assertEquals([replica.position, offsets(replica.read(0, Infinity))], [position, [1, 2, 3]]);
  });
}

Deno.test("Replica keeps what is unread past its size, until it is released", () => {
  const { replica } = create(2);
  replica.load(state(numbers(1, 3)));
  replica.apply(announcement(numbers(4, 6)));
  assertEquals(offsets(replica.read(0, Infinity)), [1, 2, 3, 4, 5, 6]);
  replica.release(6);
  assertEquals([replica.read(3, 0), offsets(replica.read(4, 0))], [undefined, [5]]);
});
