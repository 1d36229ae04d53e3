/**
 * Tests of the log of refusals.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { FrequentNames } from "../../live/domain/frequent_names.ts";
import { RefusalLog, type RefusalLogOptions } from "../../live/domain/refusal_log.ts";
import { RecordingLogger } from "../support/recording_logger.ts";
import { RecordingMetrics } from "../support/recording_metrics.ts";

const ORIGIN = "connections refused: the origin is not in LIVE_ALLOWED_ORIGINS";
const COOKIE = "connections refused: no session cookie or bearer token";
const MINUTE_MS = 60_000;

function setUp(fields?: RefusalLogOptions["fields"]) {
  const time = new FakeTime();
  const logger = new RecordingLogger();
  const metrics = new RecordingMetrics();
  const refusals = new RefusalLog({ logger, metrics, ...(fields && { fields }) });
  return {
    time,
    metrics,
    refusals,
    /** Returns what was logged, and clears it. */
    lines: () =>
      logger.lines.splice(0).map(({ level, message, fields }) => [level, message, fields]),
    [Symbol.dispose]() {
      refusals.stop();
      time.restore();
    },
  };
}

Deno.test("RefusalLog.note() logs the first refusal at once, then the others once a minute", () => {
  using setup = setUp();
  const { refusals, time, lines, metrics } = setup;

  refusals.note("origin", "https://a.example");
  assertEquals(lines(), [["info", ORIGIN, { count: 1, origins: ["https://a.example"] }]]);

  for (const origin of ["https://a.example", "https://b.example", "https://b.example"]) {
    refusals.note("origin", origin);
  }
  time.tick(MINUTE_MS - 1);
  assertEquals(lines(), []);
  time.tick(1);
  assertEquals(lines(), [
    ["info", ORIGIN, { count: 3, origins: ["https://b.example", "https://a.example"] }],
  ]);

  refusals.note("origin", "https://c.example");
  time.tick(MINUTE_MS);
  assertEquals(lines(), [["info", ORIGIN, { count: 1, origins: ["https://c.example"] }]]);
  assertEquals(metrics.refusals.length, 5);
});

Deno.test("RefusalLog.note() logs at once again after a quiet minute", () => {
  using setup = setUp();
  const { refusals, time, lines } = setup;
  refusals.note("session");
  time.tick(MINUTE_MS);

  refusals.note("session");

  const line = ["info", "connections refused: Directus rejects the session", { count: 1 }];
  assertEquals(lines(), [line, line]);
});

Deno.test("RefusalLog.note() logs each reason separately, with its own fields", () => {
  using setup = setUp({ cookie: { expected: "session" } });

  setup.refusals.note("cookie", "a", "b");
  setup.refusals.note("capacity");

  assertEquals(setup.lines(), [
    ["info", COOKIE, { count: 1, expected: "session", cookies: ["a", "b"] }],
    ["info", "connections refused: LIVE_MAX_CONNECTIONS is reached", { count: 1 }],
  ]);
});

Deno.test("RefusalLog.note() shows the frequent name even if an attacker makes up a million", () => {
  using setup = setUp();
  const { refusals, time, lines } = setup;
  refusals.note("origin", "https://first.example");
  lines();

  for (let i = 0; i < 10_000; i++) {
    refusals.note("origin", `https://${i}.example/${"x".repeat(1_000)}`);
    if (i % 10 === 0) refusals.note("origin", "https://genuine.example");
  }
  time.tick(MINUTE_MS);

  const [[, , fields] = []] = lines() as [string, string, { count: number; origins: string[] }][];
  assertEquals(fields?.count, 11_000);
  assertEquals(fields?.origins[0], "https://genuine.example");
  assert(fields && fields.origins.length <= 5);
  assert(JSON.stringify(fields).length < 700, "the line is short");
});

Deno.test("RefusalLog.stop() logs the rest, and later refusals are only counted", () => {
  using setup = setUp();
  const { refusals, lines, metrics } = setup;
  for (const path of ["a", "b", "c"]) refusals.note("token", path);
  lines();

  refusals.stop();
  refusals.note("token", "d");

  assertEquals(lines(), [[
    "info",
    "operator calls refused: LIVE_PUBLISH_TOKEN is missing or wrong",
    { count: 2, calls: ["b", "c"] },
  ]]);
  assertEquals(metrics.refusals, ["token", "token", "token", "token"]);
});

Deno.test("FrequentNames.top() has a name that is more than a seventeenth of all", () => {
  const names = new FrequentNames();
  for (let i = 0; i < 1_600; i++) {
    names.add(`${i}`);
    if (i % 15 === 0) names.add("frequent");
  }
  assertEquals(names.top(1), ["frequent"]);
});
