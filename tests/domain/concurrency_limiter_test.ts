/**
 * How many slots there are at a time, and who waits for one how long.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  ConcurrencyLimiter,
  type ConcurrencyLimiterOptions,
  type Slot,
} from "../../live/domain/concurrency_limiter.ts";

/** A limiter of two slots on a clock that the test moves. */
class Setup implements Disposable {
  readonly time = new FakeTime();
  readonly limiter: ConcurrencyLimiter;
  /** Callers that got an answer, in order: `a slot`, `b rejected`. */
  readonly settled: string[] = [];

  constructor(options: Partial<ConcurrencyLimiterOptions> = {}) {
    const bounds = { maxConcurrency: 2, maxQueued: 3, maxWaitMs: 1_000 };
    this.limiter = new ConcurrencyLimiter({ ...bounds, now: () => this.time.now, ...options });
  }

  /** Takes slots that are free. */
  async take(count: number): Promise<Slot[]> {
    const slots = await Promise.all(Array.from({ length: count }, () => this.limiter.acquire()));
    return slots.map((slot) => (assert(slot), slot));
  }

  /** Asks for a slot for each name, and notes what comes of it. */
  queue(...names: string[]): void {
    for (const name of names) {
      this.limiter.acquire().then((slot) =>
        this.settled.push(`${name} ${slot === undefined ? "rejected" : "slot"}`)
      );
    }
  }

  async tick(ms: number): Promise<void> {
    await this.time.tickAsync(ms);
    await this.time.runMicrotasks();
  }

  [Symbol.dispose](): void {
    this.time.restore();
  }
}

function release(slot: Slot | undefined): void {
  slot?.[Symbol.dispose]();
}

Deno.test("ConcurrencyLimiter passes freed slots to the queue in order", async () => {
  using setup = new Setup();
  const slots = await setup.take(2);
  setup.queue("a", "b", "c");
  await setup.tick(0);
  assertEquals(setup.settled, []);
  release(slots[1]);
  await setup.tick(0);
  assertEquals(setup.settled, ["a slot"]);
  release(slots[0]);
  await setup.tick(0);
  assertEquals(setup.settled, ["a slot", "b slot"]);
});

Deno.test("ConcurrencyLimiter without bounds queues everybody, without a timer", async () => {
  using setup = new Setup({ maxConcurrency: 1, maxQueued: Infinity, maxWaitMs: Infinity });
  const [slot] = await setup.take(1);
  setup.queue(...Array.from({ length: 1_000 }, (_, index) => `${index}`));
  assertEquals(setup.time.next(), false);
  release(slot);
  await setup.tick(0);
  assertEquals(setup.settled, ["0 slot"]);
});

Deno.test("Slot.waitedMs is how long the caller waited", async () => {
  using setup = new Setup();
  const slots = await setup.take(2);
  const third = setup.limiter.acquire();
  setup.time.tick(700);
  release(slots[0]);
  assertEquals([slots[0]?.waitedMs, (await third)?.waitedMs], [0, 700]);
});

Deno.test("ConcurrencyLimiter rejects a caller that finds the queue full", async () => {
  using setup = new Setup();
  await setup.take(2);
  setup.queue("a", "b", "c", "d");
  await setup.tick(0);
  assertEquals(setup.settled, ["d rejected"]);
});

Deno.test("ConcurrencyLimiter rejects a caller after maxWaitMs, and gives its slot to the next", async () => {
  using setup = new Setup({ maxConcurrency: 1 });
  const [slot] = await setup.take(1);
  setup.queue("a");
  await setup.tick(999);
  setup.queue("b");
  assertEquals(setup.settled, []);
  await setup.tick(1);
  assertEquals(setup.settled, ["a rejected"]);
  release(slot);
  await setup.tick(0);
  assertEquals(setup.settled, ["a rejected", "b slot"]);
});

for (const [heldMs, settled] of [[1_000, []], [1_001, ["b rejected"]]] as const) {
  Deno.test(`ConcurrencyLimiter with slots held for ${heldMs} ms lets a second caller queue: ${!settled.length}`, async () => {
    using setup = new Setup({ maxConcurrency: 1 });
    const [slot] = await setup.take(1);
    await setup.tick(heldMs);
    release(slot); // now it knows how long a slot is held
    await setup.take(1);
    setup.queue("a", "b");
    await setup.tick(0);
    assertEquals(setup.settled, [...settled]);
  });
}

Deno.test("ConcurrencyLimiter.estimateWaitMs() averages how long slots are held", async () => {
  using setup = new Setup();
  for (const heldMs of [1_000, 2_000]) {
    const [slot] = await setup.take(1);
    setup.time.tick(heldMs);
    release(slot);
  }
  assertEquals([setup.limiter.estimateWaitMs(), setup.limiter.estimateWaitMs(4)], [0, 2_200]);
});

Deno.test("ConcurrencyLimiter.rejectQueued() rejects the queue, and leaves taken slots alone", async () => {
  using setup = new Setup();
  const [slot] = await setup.take(2);
  setup.queue("a", "b");
  setup.limiter.rejectQueued();
  setup.queue("c");
  release(slot);
  await setup.tick(0);
  assertEquals(setup.settled, ["a rejected", "b rejected", "c slot"]);
});

Deno.test("ConcurrencyLimiter reports each change of its counts", async () => {
  const counts: string[] = [];
  using setup = new Setup({
    maxConcurrency: 1,
    onChange: (inFlight, queued) => void counts.push(`${inFlight}+${queued}`),
  });
  const [first] = await setup.take(1);
  const second = setup.limiter.acquire();
  setup.queue("c");
  release(first);
  await setup.tick(1_000);
  release(await second);
  assertEquals(counts, ["1+0", "1+1", "1+2", "1+1", "1+0", "0+0"]);
});
