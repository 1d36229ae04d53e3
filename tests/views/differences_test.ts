/**
 * Tests of what is published to turn one list into another.
 *
 * @module
 */

import { assert, assertEquals, assertLess } from "@std/assert";
import { differences, type RankedRow } from "../../live/views/differences.ts";
import { Random } from "../support/random.ts";

/** Applies differences as a client does. */
function apply(
  before: ReadonlyMap<string, RankedRow>,
  { removed, upserts }: ReturnType<typeof differences>,
): Map<string, RankedRow> {
  const after = new Map(before);
  for (const key of removed) after.delete(key);
  for (const row of upserts) after.set(row.key, row);
  return after;
}

/** Returns the list as a client shows it: sorted by rank, by code unit. */
function shown(rows: ReadonlyMap<string, RankedRow>): string[] {
  return [...rows.values()].sort((a, b) => a.rank < b.rank ? -1 : 1)
    .map(({ key, json }) => `${key}=${json}`);
}

function rowsOf(text: string) {
  return [...text].map((key) => ({ key, json: `"${key}"` }));
}

function listOf(text: string): Map<string, RankedRow> {
  return apply(new Map(), differences(new Map(), rowsOf(text)));
}

for (
  const { name, from, to, removed, upserts } of [
    { name: "nothing for an equal list", from: "abc", to: "abc", removed: "", upserts: "" },
    { name: "all of a first list", from: "", to: "abc", removed: "", upserts: "abc" },
    { name: "one row at the front", from: "abc", to: "xabc", removed: "", upserts: "x" },
    { name: "one row in the middle", from: "abc", to: "axbc", removed: "", upserts: "x" },
    { name: "one row at the end", from: "abc", to: "abcx", removed: "", upserts: "x" },
    { name: "one removal", from: "abc", to: "ac", removed: "b", upserts: "" },
    { name: "removals of everything", from: "abc", to: "", removed: "abc", upserts: "" },
    { name: "the one row that moved up", from: "abcde", to: "eabcd", removed: "", upserts: "e" },
    { name: "the one row that moved down", from: "abcde", to: "bcdea", removed: "", upserts: "a" },
    { name: "one row of two that swapped", from: "abcd", to: "acbd", removed: "", upserts: "c" },
    {
      name: "all but one of a reversed list",
      from: "abcd",
      to: "dcba",
      removed: "",
      upserts: "dcb",
    },
    { name: "a replaced row", from: "abc", to: "axc", removed: "b", upserts: "x" },
  ]
) {
  Deno.test(`differences() publishes ${name}`, () => {
    const before = listOf(from);

    const found = differences(before, rowsOf(to));

    assertEquals(found.removed.join(""), removed);
    assertEquals(found.upserts.length, upserts.length);
    assertEquals(shown(apply(before, found)), rowsOf(to).map(({ key, json }) => `${key}=${json}`));
  });
}

Deno.test("differences() publishes a changed row with the rank that it had", () => {
  const before = listOf("abc");

  const found = differences(before, [
    { key: "a", json: '"a"' },
    { key: "b", json: '"B"' },
    { key: "c", json: '"c"' },
  ]);

  assertEquals(found, {
    removed: [],
    upserts: [{ key: "b", json: '"B"', rank: before.get("b")?.rank ?? "" }],
  });
});

Deno.test("differences() keeps ranks short if rows are inserted at one place again and again", () => {
  let list = listOf("az");
  let longest = 0;
  for (let i = 0; i < 2_000; i++) {
    const keys = [...list.values()].sort((a, b) => a.rank < b.rank ? -1 : 1).map(({ key }) => key);
    keys.splice(1, 0, `k${i}`);
    if (keys.length > 20) keys.splice(10, 1);
    const rows = keys.map((key) => ({ key, json: "1" }));
    list = apply(list, differences(list, rows));
    longest = Math.max(longest, ...[...list.values()].map(({ rank }) => rank.length));
    assertEquals(shown(list).map((text) => text.split("=")[0]), keys);
  }
  assertLess(longest, 70);
});

Deno.test("differences() turns any list into any other, at random", () => {
  const random = new Random(20_261_126);
  let list = new Map<string, RankedRow>();
  for (let i = 0; i < 500; i++) {
    const keys = [..."abcdefghijklmnopqrst"].filter(() => random.next() < 0.6)
      .sort(() => random.next() - 0.5);
    const rows = keys.map((key) => ({ key, json: String(Math.floor(random.next() * 3)) }));

    list = apply(list, differences(list, rows));

    assertEquals(shown(list), rows.map(({ key, json }) => `${key}=${json}`));
    assert(new Set([...list.values()].map(({ rank }) => rank)).size === list.size);
  }
});
