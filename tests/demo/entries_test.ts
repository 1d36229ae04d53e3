import { assertEquals } from "@std/assert";
import { Database } from "../directus/stand_in/database.ts";
import { Entries, type Entry } from "./entries.ts";

/** Returns entries whose changes are decided by these numbers, the last one again and again. */
function entriesOf(names: readonly string[], ...numbers: number[]): Entries {
  return new Entries(
    new Database(),
    names,
    () => (numbers.length > 1 ? numbers.shift() : numbers[0]) ?? 0.5,
  );
}

for (
  const [name, numbers, before, after] of [
    ["uses fuel", [1, 0, 0.5, 1], { status: "track", fuel: 100 }, { status: "track", fuel: 75 }],
    ["sends one with little fuel to the pits", [0, 0, 0.5, 0], { fuel: 20, stops: 0 }, {
      status: "pits",
      fuel: 10,
      stops: 1,
    }],
    ["brings one under review", [1, 0, 0], { status: "track" }, { status: "review", fuel: 100 }],
  ] satisfies [string, number[], Partial<Entry>, Partial<Entry>][]
) {
  Deno.test(`Entries.change() ${name}`, () => {
    const entries = entriesOf(["Albatross"], ...numbers);
    assertEquals(entries.rows, [
      { id: 1, name: "Albatross", status: "track", stops: 0, fuel: 100, ...before },
    ]);
    const [entry] = entries.rows;

    const { key, payload } = entries.change();

    assertEquals(key, 1);
    assertEquals(entries.rows, [{ ...entry, ...payload } as Entry]);
    assertEquals(entries.rows, [{ ...entry, ...after } as Entry]);
  });
}

Deno.test("Entries.change() brings every vehicle back to the track", () => {
  const entries = entriesOf(["Albatross"], 0, 0, 0.5, 0);
  entries.change();
  assertEquals(entries.rows[0]?.status, "pits");

  entries.change();

  assertEquals(entries.rows[0], { id: 1, name: "Albatross", status: "track", stops: 1, fuel: 100 });
});
