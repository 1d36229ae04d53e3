/**
 * The check of the limit of open files.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { checkOpenFiles } from "../../live/doctor/open_files.ts";

for (
  const [limit, maxConnections, isChosen, level] of [
    ["1048576", 50_000, true, "ok"],
    ["unlimited", 50_000, true, "ok"],
    ["1128", 1_000, true, "ok"],
    ["1127", 1_000, true, "fault"],
    ["1024", 50_000, false, "warning"], // the default, which was not configured
    ["1024", 50_000, true, "fault"],
    ["unknown", 50_000, true, "skipped"],
    ["0", 50_000, true, "skipped"],
    [undefined, 50_000, true, "skipped"],
  ] as const
) {
  const chosen = isChosen ? "chosen" : "default";
  Deno.test(`checkOpenFiles() finds ${level}: ${limit} files, ${chosen} ${maxConnections}`, () => {
    assertEquals(checkOpenFiles(limit, maxConnections, isChosen).level, level);
  });
}

Deno.test("checkOpenFiles() names a number of connections with which the limit suffices", () => {
  const { cure = "" } = checkOpenFiles("1024", 50_000, true);
  const connections = Number(/LIVE_MAX_CONNECTIONS=(\d+)/.exec(cure)?.[1]);
  assertEquals(checkOpenFiles("1024", connections, true).level, "ok");
});
