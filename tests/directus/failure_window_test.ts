/**
 * From which failure rate calls count as failing.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FailureWindow } from "../../live/directus/failure_window.ts";

/** Adds samples of different sources, `F` for a failure; returns whether calls are failing. */
function add(window: FailureWindow, samples: string): boolean {
  [...samples].forEach((sample, index) =>
    window.add({ failed: sample === "F", source: `source ${index}` })
  );
  return window.isFailing;
}

for (
  const [samples, expected] of [
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
  Deno.test(`FailureWindow.isFailing is ${expected} after '${samples}'`, () => {
    assertEquals(add(new FailureWindow(() => 0), samples), expected);
  });
}

Deno.test("FailureWindow drops samples after ten seconds", () => {
  let now = 0;
  const window = new FailureWindow(() => now);
  add(window, "FFFF");
  now = 9_999;
  assertEquals(add(window, "F"), true);
  now = 10_000;
  assertEquals(add(window, "F"), false); // two left
});

Deno.test("FailureWindow keeps 200 samples", () => {
  const window = new FailureWindow(() => 0);
  add(window, ".".repeat(300));
  assertEquals([add(window, "F".repeat(99)), add(window, "F")], [false, true]);
});

for (const [others, expected] of [["......", false], ["", true]] as const) {
  Deno.test(`FailureWindow counts five failures of one source beside '${others}'`, () => {
    const window = new FailureWindow(() => 0);
    add(window, others);
    for (let i = 0; i < 100; i++) window.add({ failed: true, source: "one" });
    assertEquals(window.isFailing, expected);
    window.add({ failed: true, source: "two" });
    assertEquals(window.isFailing, true);
  });
}

Deno.test("FailureWindow.clear() drops all samples", () => {
  const window = new FailureWindow(() => 0);
  add(window, "FFFFF");
  window.clear();
  assertEquals(add(window, "FFFF"), false);
});
