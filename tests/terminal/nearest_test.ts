/**
 * The guess at a misspelt name.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { nearest } from "../../live/terminal/nearest.ts";

const KNOWN = ["LIVE_ALLOWED_ORIGINS", "LIVE_TOPICS", "OPS_HOST", "OPS_PORT", "id"];

for (
  const [name, meant] of [
    ["LIVE_ALOWED_ORIGINS", "LIVE_ALLOWED_ORIGINS"],
    ["LIVE_ALLOWED_ORIGIN", "LIVE_ALLOWED_ORIGINS"],
    ["LIVE_TOPCIS", "LIVE_TOPICS"],
    ["LIVE_TOPICS", "LIVE_TOPICS"],
    ["OPS_POST", "OPS_HOST"], // the first of two that are as close
    ["LIVE_HISTORY", undefined],
    ["ix", undefined], // half of the name differs
    ["", undefined],
  ] as const
) {
  Deno.test(`nearest() finds ${meant ?? "nothing"} for ${name || "an empty name"}`, () => {
    assertEquals(nearest(name, KNOWN), meant);
  });
}
