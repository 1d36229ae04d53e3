/**
 * The close codes are those that clients were told.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { BACKPRESSURE_REASON, CloseCode } from "../../live/domain/close_codes.ts";

Deno.test("CloseCode is the table that clients rely on", () => {
  assertEquals(CloseCode, {
    GoingAway: 1001,
    PolicyViolation: 1008,
    MessageTooBig: 1009,
    TryAgainLater: 1013,
    SessionEnded: 4401,
    OriginForbidden: 4403,
    TooMany: 4429,
    Unauthorized: 4501,
    Revoked: 4503,
  });
});

Deno.test("BACKPRESSURE_REASON is the text that operators search for", () => {
  assertEquals(BACKPRESSURE_REASON, "back-pressure threshold exceeded");
});

Deno.test("CloseCode names no code that a server must not send", () => {
  for (const code of Object.values(CloseCode)) {
    // RFC 6455, section 7.4.1: reserved for what never was on the wire.
    assertEquals([1004, 1005, 1006, 1015].includes(code), false);
  }
});
