import { assertEquals } from "@std/assert";
import { AgedMap } from "../../live/domain/aged_map.ts";

/** Sets entries whose values are their keys' numbers. */
function fill(map: AgedMap<number>, from: number, to: number): void {
  for (let n = from; n <= to; n++) map.set(`${n}`, n);
}

Deno.test("AgedMap keeps as many entries as it may", () => {
  const map = new AgedMap<number>({ maxEntries: 1_280 });

  fill(map, 1, 1_280);

  assertEquals([map.size, map.get("1")], [1_280, 1]);
});

Deno.test("AgedMap drops 1 in 128 of its entries when it has too many, the oldest first", () => {
  const map = new AgedMap<number>({ maxEntries: 1_280 });

  fill(map, 1, 1_281);

  assertEquals([map.size, map.has("11"), map.has("12")], [1_270, false, true]);
});

Deno.test("AgedMap takes an entry that is set again for the newest", () => {
  const map = new AgedMap<number>({ maxEntries: 2 });

  fill(map, 1, 2);
  map.set("1", 1);
  fill(map, 3, 3);

  assertEquals([...map.keys()], ["1", "3"]);
});

Deno.test("AgedMap drops old entries though it is not full, and stops at the first that is not old", () => {
  let now = 0;
  const map = new AgedMap<number>({ maxEntries: 1_000, isOld: (at) => at < now });

  fill(map, 1, 100);
  now = 50;
  map.set("2", 2); // is old, and set after others
  fill(map, 101, 127);

  assertEquals([map.size, map.has("49"), map.has("50"), map.has("2")], [79, false, true, true]);
});
