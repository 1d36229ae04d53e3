/**
 * Tests of warnings that do not repeat.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { WarningThrottle } from "../../live/domain/warning_throttle.ts";
import { RecordingLogger } from "../support/recording_logger.ts";

function setUp(): { warnings: WarningThrottle; levels: () => string[] } {
  const logger = new RecordingLogger();
  return {
    warnings: new WarningThrottle(logger),
    levels: () => logger.lines.splice(0).map(({ level, fields }) => `${level} ${fields["reason"]}`),
  };
}

Deno.test("WarningThrottle.warn() warns of each reason once a minute", () => {
  using time = new FakeTime();
  const { warnings, levels } = setUp();
  const warnOfBoth = () => ["refused", "late"].forEach((reason) => warnings.warn("lost", reason));

  for (let i = 0; i < 2; i++) warnOfBoth();
  assertEquals(levels(), ["warn refused", "warn late", "debug refused", "debug late"]);
  time.tick(59_999);
  warnOfBoth();
  assertEquals(levels(), ["debug refused", "debug late"]);
  time.tick(1);
  warnOfBoth();
  assertEquals(levels(), ["warn refused", "warn late"]);
});

Deno.test("WarningThrottle.warn() warns of different things for the same reason", () => {
  const { warnings, levels } = setUp();

  warnings.warn("lost", "refused");
  warnings.warn("not reached", "refused");

  assertEquals(levels(), ["warn refused", "warn refused"]);
});

Deno.test("WarningThrottle.reset() makes the next warning of each reason be logged", () => {
  const { warnings, levels } = setUp();
  warnings.warn("lost", "refused");

  warnings.reset();
  warnings.warn("lost", "refused");

  assertEquals(levels(), ["warn refused", "warn refused"]);
});
