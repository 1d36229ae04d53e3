import { assert, assertEquals, assertThrows } from "@std/assert";
import { Circuit, CORNERS } from "./circuit.ts";
import { OUT_S, Race } from "./race.ts";

function race(vehicles: number, retireEveryS?: number): Race {
  const more = retireEveryS === undefined ? {} : { retireEveryS };
  return new Race({ circuit: new Circuit(CORNERS), vehicles, random: () => 0.5, ...more });
}

Deno.test("Race.advance() moves all vehicles, lap after lap", () => {
  const field = race(40);
  const before = field.states();
  for (let second = 0; second < 300; second++) field.advance(1);
  const after = field.states();
  assertEquals(after.length, 40);
  assertEquals(new Set(after.map(({ name }) => name)).size, 40);
  for (const [index, { lap, progress, speed }] of after.entries()) {
    assert(lap > (before[index]?.lap ?? Infinity));
    assert(progress >= 0 && progress <= 1);
    assert(speed > 30 && speed < 330);
  }
});

Deno.test("Race.advance() retires a vehicle now and then, and brings it back", () => {
  const field = race(3, 40);
  const racing = [39, 1, OUT_S - 1, 1].map((seconds) => {
    field.advance(seconds);
    return field.states().map(({ number }) => number);
  });

  assertEquals(racing, [[1, 2, 3], [1, 3], [1, 3], [1, 2, 3]]);
});

Deno.test("Race refuses more vehicles than names", () => {
  assertThrows(() => race(41), RangeError, "vehicles is 41");
});
