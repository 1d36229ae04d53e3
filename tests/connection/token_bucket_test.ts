/**
 * The limit on how often something may happen.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { TokenBucket } from "../../live/connection/token_bucket.ts";

/** A bucket on a clock that the test moves. */
function create(perSecond: number, burst: number): { bucket: TokenBucket; clock: { now: number } } {
  const clock = { now: 5_000 };
  return { bucket: new TokenBucket({ perSecond, burst, now: () => clock.now }), clock };
}

/** Takes until there is no token left, and returns how many there were, within reason. */
function drain(bucket: TokenBucket): number {
  let count = 0;
  while (count < 10_000 && bucket.take()) count++;
  return count;
}

for (const burst of [1, 2, 256]) {
  Deno.test(`TokenBucket begins with a burst of ${burst}`, () => {
    const { bucket } = create(50, burst);
    assertEquals(drain(bucket), burst);
  });
}

for (
  const [waitMs, tokens] of [
    [0, 0],
    [1, 0],
    [1.999, 0],
    [2, 1],
    [3, 1],
    [4, 2],
    [19, 9],
    [20, 10],
    [21, 10],
    [86_400_000, 10],
  ] as const
) {
  Deno.test(`TokenBucket of 500 a second and a burst of 10 has ${tokens} after ${waitMs} ms`, () => {
    const { bucket, clock } = create(500, 10);
    drain(bucket);
    clock.now += waitMs;
    assertEquals(drain(bucket), tokens);
  });
}

Deno.test("TokenBucket keeps what flowed in while nothing could be taken", () => {
  const { bucket, clock } = create(1, 1);
  drain(bucket);
  for (let tries = 0; tries < 3; tries++) {
    clock.now += 250;
    assertEquals(bucket.take(), false);
  }
  clock.now += 250;
  assertEquals([bucket.take(), bucket.take()], [true, false]);
});

Deno.test("TokenBucket allows the steady rate for ever", () => {
  const { bucket, clock } = create(50, 1);
  let refused = 0;
  for (let count = 0; count < 10_000; count++) {
    if (!bucket.take()) refused++;
    clock.now += 20;
  }
  assertEquals(refused, 0);
});

Deno.test("TokenBucket allows no more than burst and rate in any time", () => {
  const { bucket, clock } = create(50, 10);
  let taken = 0;
  for (let ms = 0; ms <= 1_000; ms++) {
    taken += drain(bucket);
    clock.now++;
  }
  assertEquals(taken, 60);
});

Deno.test("TokenBucket is a limit of its own", () => {
  const first = create(1, 1).bucket;
  const second = create(1, 1).bucket;
  drain(first);
  assertEquals(second.take(), true);
});

Deno.test("TokenBucket reads performance.now() without a clock", () => {
  const bucket = new TokenBucket({ perSecond: 1e-9, burst: 2 });
  assertEquals(drain(bucket), 2);
});
