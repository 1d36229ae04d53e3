/**
 * Tests of the last event of a stream.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { CloseCode } from "../../live/domain/close_codes.ts";
import { closeEvent } from "../../live/http/sse_events.ts";

const AN_HOUR_MS = 3_600_000;

for (
  const [name, code, reason, retryMs, retry] of [
    ["GoingAway", 1001, "server shutting down; retry in 1234", undefined, 1_234],
    ["GoingAway without a delay", 1001, "x", undefined, undefined],
    ["PolicyViolation", 1008, "too slow", undefined, undefined],
    ["TryAgainLater", 1013, "full", 2_000, 2_000],
    ["SessionEnded", 4401, "over", undefined, undefined],
    ["OriginForbidden", 4403, "no", 2_000, AN_HOUR_MS],
    ["TooMany", 4429, "many", 3_000, 3_000],
    ["Unauthorized", 4501, "no", undefined, AN_HOUR_MS],
    ["Revoked", 4503, "no", undefined, AN_HOUR_MS],
  ] as const
) {
  Deno.test(`closeEvent() sets the reconnect delay after ${name}`, () => {
    assertEquals(
      closeEvent(code, reason, retryMs),
      `event: close\ndata: {"code":${code},"reason":"${reason}"}\n` +
        `${retry === undefined ? "" : `retry: ${retry}\n`}\n`,
    );
  });
}

Deno.test("closeEvent() keeps clients away after 4403 and 45xx, and after no other code", () => {
  const away = Object.values(CloseCode).filter((code) => closeEvent(code, "").includes("retry:"));

  assertEquals(away, Object.values(CloseCode).filter((code) => code === 4403 || code >= 4500));
});
