/**
 * Tests of the rate limit.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { TokenBucket } from "../../live/connection/token_bucket.ts";

/** Creates a bucket on a clock that the test moves. */
function create(perSecond: number, burst: number): { bucket: TokenBucket; clock: { now: number } } {
  const clock = { now: 5_000 };
  return { bucket: new TokenBucket({ perSecond, burst, now: () => clock.now }), clock };
}

/** Takes all tokens, up to a bound, and returns how many there were. */
function drain(bucket: TokenBucket): number {
  let count = 0;
  while (count < 10_000 && bucket.take()) count++;
  return count;
}

for (
  const [waitMs, tokens] of [
    [0, 0],
    [1.999, 0],
    [2, 1],
    [3, 1],
    [19, 9],
    [20, 10],
    [21, 10],
    [86_400_000, 10],
  ] as const
) {
  Deno.test(`TokenBucket of 500 a second and a burst of 10 has ${tokens} after ${waitMs} ms`, () => {
    const { bucket, clock } = create(500, 10);
    assertEquals(drain(bucket), 10);
    clock.now += waitMs;
    assertEquals(drain(bucket), tokens);
  });
}

Deno.test("TokenBucket keeps fractions of a token when nothing can be taken", () => {
  const { bucket, clock } = create(1, 1);
  drain(bucket);
  for (let tries = 0; tries < 3; tries++) {
    clock.now += 250;
    assertEquals(bucket.take(), false);
  }
  clock.now += 250;
  assertEquals([bucket.take(), bucket.take()], [true, false]);
});

Deno.test("TokenBucket allows the steady rate indefinitely", () => {
  const { bucket, clock } = create(50, 1);
  let refused = 0;
  for (let count = 0; count < 10_000; count++) {
    if (!bucket.take()) refused++;
    clock.now += 20;
  }
  assertEquals(refused, 0);
});

Deno.test("TokenBucket allows no more than burst and rate together", () => {
  const { bucket, clock } = create(50, 10);
  let taken = 0;
  for (let ms = 0; ms <= 1_000; ms++) {
    taken += drain(bucket);
    clock.now++;
  }
  assertEquals(taken, 60);
});

Deno.test("TokenBucket reads performance.now() without a clock", () => {
  const bucket = new TokenBucket({ perSecond: 1e-9, burst: 2 });
  assertEquals(drain(bucket), 2);
});
