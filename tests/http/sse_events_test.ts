/**
 * Tests of the last event of a stream.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { CloseCode } from "../../live/domain/close_codes.ts";
import { closeEvent, eventStream, singleEvent } from "../../live/http/sse_events.ts";

/** For those that are told to stay away. */
const AN_HOUR_MS = 3_600_000;

for (
  const { name, code, reason, retryMs, retry } of [
    { name: "GoingAway", code: 1001, reason: "server shutting down; retry in 1234", retry: 1_234 },
    { name: "GoingAway without a hint", code: 1001, reason: "x", retry: undefined },
    { name: "PolicyViolation", code: 1008, reason: "too slow", retry: undefined },
    { name: "TryAgainLater", code: 1013, reason: "full", retryMs: 2_000, retry: 2_000 },
    { name: "SessionEnded", code: 4401, reason: "over", retry: undefined },
    { name: "OriginForbidden", code: 4403, reason: "no", retryMs: 2_000, retry: AN_HOUR_MS },
    { name: "TooMany", code: 4429, reason: "many", retryMs: 3_000, retry: 3_000 },
    { name: "Unauthorized", code: 4501, reason: "no", retry: AN_HOUR_MS },
    { name: "Revoked", code: 4503, reason: "no", retry: AN_HOUR_MS },
  ]
) {
  Deno.test(`closeEvent() tells when to come back from ${name}`, () => {
    assertEquals(closeEvent(code, reason, retryMs), {
      event: "close",
      data: JSON.stringify({ code, reason }),
      ...(retry === undefined ? {} : { retry }),
    });
  });
}

Deno.test("closeEvent() keeps every code of 45xx and 4403 away, and no other", () => {
  const away = Object.values(CloseCode).filter((code) => closeEvent(code, "").retry !== undefined);

  assertEquals(away, Object.values(CloseCode).filter((code) => code === 4403 || code >= 4500));
});

Deno.test("singleEvent() answers with a whole stream", async () => {
  const response = singleEvent(closeEvent(1013, 'a\nb"', 7));

  assertEquals(response.status, 200);
  assertEquals(
    await response.text(),
    'event:close\ndata:{"code":1013,"reason":"a\\nb\\""}\nretry:7\n\n',
  );
});

Deno.test("eventStream() answers with what keeps proxies and caches out of it", async () => {
  const response = eventStream(new ReadableStream());

  assertEquals(Object.fromEntries(response.headers), {
    "cache-control": "no-store",
    "content-type": "text/event-stream",
    "x-accel-buffering": "no",
    "x-content-type-options": "nosniff",
  });
  await response.body?.cancel();
});
