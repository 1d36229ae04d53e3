/**
 * Tests of what the status page computes from two answers of the server.
 *
 * @module
 */

import { assertAlmostEquals, assertEquals } from "@std/assert";
import { bytes, duration, ms, number } from "../../live/page/format.js";
import { interpolate, Samples } from "../../live/page/samples.js";

const SENT = "processor_live_messages_outbound_total";
const DELAY = "processor_live_event_loop_delay_ms_bucket";

/** Returns samples with these series, one second apart. */
function samplesOf(...series: Record<string, number>[]): Samples {
  const samples = new Samples();
  series.forEach((values, second) => samples.add(second * 1_000, values));
  return samples;
}

Deno.test("Samples.rate() is the rise of a counter per second, over all labels or for one", () => {
  const samples = samplesOf(
    { [`${SENT}{type="message"}`]: 10, [`${SENT}{type="pong"}`]: 1 },
    { [`${SENT}{type="message"}`]: 30, [`${SENT}{type="pong"}`]: 4 },
    { [`${SENT}{type="message"}`]: 50, [`${SENT}{type="pong"}`]: 4 },
  );

  assertEquals(samples.rate(0, "messages_outbound_total", {}), undefined);
  assertEquals(samples.rate(2, "messages_outbound_total", { type: "message" }), 20);
  assertEquals(samples.rate(2, "messages_outbound_total", {}), 21.5);
  assertEquals(samples.values("messages_outbound_total", "type"), ["message", "pong"]);
});

Deno.test("Samples.rate() looks ten seconds back, and has a gap after a restart", () => {
  const counted = Array.from({ length: 21 }, (_, n) => ({ [SENT]: n < 10 ? 0 : (n - 10) * 5 }));
  const samples = samplesOf(...counted, { [SENT]: 2 });

  assertEquals(samples.rate(20, "messages_outbound_total", {}), 5);
  assertEquals(samples.rate(21, "messages_outbound_total", {}), undefined);
});

Deno.test("Samples.add() keeps five minutes, and ignores an answer that arrives late", () => {
  const samples = new Samples();
  for (let at = 0; at <= 400_000; at += 2_000) samples.add(at, {});
  samples.add(399_000, {});

  assertEquals([samples.all[0].at, samples.all.at(-1)?.at], [100_000, 400_000]);
});

Deno.test("Samples.quantile() covers only what was measured between two answers", () => {
  const samples = samplesOf(
    { [`${DELAY}{le="1"}`]: 100, [`${DELAY}{le="5"}`]: 100, [`${DELAY}{le="+Inf"}`]: 100 },
    { [`${DELAY}{le="1"}`]: 100, [`${DELAY}{le="5"}`]: 110, [`${DELAY}{le="+Inf"}`]: 110 },
  );

  assertAlmostEquals(samples.quantile(1, 0.5, "event_loop_delay_ms") ?? 0, 3);
  assertEquals(samples.quantile(0, 0.5, "event_loop_delay_ms"), undefined);
});

Deno.test("interpolate() returns the highest bound for a quantile above all buckets", () => {
  assertEquals(interpolate([[1, 0], [10, 5], [Infinity, 10]], 0.99), 10);
  assertEquals(interpolate([[1, 0], [Infinity, 0]], 0.5), undefined);
  assertEquals(interpolate([], 0.5), undefined);
});

for (
  const [text, expected] of [
    [number(0), "0"],
    [number(0.126), "0.13"],
    [number(12.34), "12.3"],
    [number(4_999), "4,999"],
    [number(1_234_567), "1.2M"],
    [bytes(1_536), "1.5 KiB"],
    [bytes(0), "0 B"],
    [ms(3.14), "3.14 ms"],
    [ms(12_000), "12 s"],
    [duration(0), "0 s"],
    [duration(61_000), "1 min 1 s"],
    [duration(90_000_000), "1 d 1 h"],
  ] as const
) {
  Deno.test(`the page writes ${expected}`, () => assertEquals(text, expected));
}
