/**
 * The command line of a command.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../live/terminal/command.ts";
import { describeOptions, parseOptions } from "../../live/terminal/options.ts";

const TABLE = {
  "login": { value: "EMAIL", meaning: "logs in" },
  "dry-run": { meaning: "changes nothing" },
} as const;

for (
  const [args, options] of [
    [[], {}],
    [["--dry-run"], { "dry-run": true }],
    [["--login", "a@example.com"], { login: "a@example.com" }],
    [["--login=a@example.com", "--dry-run"], { "login": "a@example.com", "dry-run": true }],
  ] as const
) {
  Deno.test(`parseOptions() reads ${JSON.stringify(args)}`, () => {
    assertEquals({ ...parseOptions(args, TABLE) }, options);
  });
}

for (const args of [["--login"], ["--log-in", "a"], ["--dry-run=yes"], ["loose"]]) {
  Deno.test(`parseOptions() refuses ${JSON.stringify(args)}`, () => {
    assertThrows(() => parseOptions(args, TABLE), UsageError);
  });
}

Deno.test("describeOptions() shows each option with its meaning, in columns", () => {
  assertEquals(describeOptions(TABLE), [
    "  --login EMAIL  logs in",
    "  --dry-run      changes nothing",
  ]);
});
