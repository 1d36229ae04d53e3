/**
 * How many failures are too many.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FailureWindow } from "../../live/directus/failure_window.ts";

/** Adds outcomes, `F` for a failure, each of another source, and tells whether that is bad. */
function isBad(outcomes: string, window = new FailureWindow(() => 0)): boolean {
  [...outcomes].forEach((outcome, index) => window.add(outcome === "F", `source ${index}`));
  return window.isBad;
}

for (
  const [outcomes, expected] of [
    ["", false],
    ["FFFF", false],
    ["FFFFF", true],
    ["....F", false],
    ["...FF", false],
    ["..FFF", true],
    ["F.F.F", true],
    ["F.F.F.", true],
    ["F.F.F..", false],
    ["..........", false],
    ["......FFFFF", false],
    ["......FFFFFF", true],
  ] as const
) {
  Deno.test(`FailureWindow is ${expected ? "bad" : "good"} with '${outcomes}'`, () => {
    assertEquals(isBad(outcomes), expected);
  });
}

Deno.test("FailureWindow forgets what is ten seconds old", () => {
  let now = 0;
  const window = new FailureWindow(() => now);
  isBad("FFFF", window);
  now = 9_999;
  assertEquals(isBad("F", window), true);
  now = 10_000;
  assertEquals(isBad("F", window), false); // two left
});

Deno.test("FailureWindow looks at the last 200 outcomes", () => {
  const window = new FailureWindow(() => 0);
  isBad(".".repeat(300), window);
  assertEquals(isBad("F".repeat(99), window), false);
  assertEquals(isBad("F", window), true);
});

Deno.test("FailureWindow.add() takes five failures of one source, while others do well", () => {
  const window = new FailureWindow(() => 0);
  isBad("......", window);
  for (let i = 0; i < 100; i++) window.add(true, "one");
  assertEquals(window.isBad, false);
  window.add(true, "two");
  assertEquals(window.isBad, true);
});

Deno.test("FailureWindow is bad if the only source fails", () => {
  const window = new FailureWindow(() => 0);
  for (let i = 0; i < 5; i++) window.add(true, "one");
  assertEquals(window.isBad, true);
});

Deno.test("FailureWindow.clear() forgets all", () => {
  const window = new FailureWindow(() => 0);
  isBad("FFFFF", window);
  window.clear();
  assertEquals(isBad("FFFF", window), false);
});
