/**
 * Tests of the number of slots, of waiting for one, and of sharing them between lanes.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  ConcurrencyLimiter,
  type ConcurrencyLimiterOptions,
  type Lane,
} from "../../live/domain/concurrency_limiter.ts";

/** A limiter of two slots on a clock that the test moves. */
class Setup implements Disposable {
  readonly time = new FakeTime();
  readonly limiter: ConcurrencyLimiter;
  /** Callers that got an answer, in order: `a slot`, `b rejected`. */
  readonly settled: string[] = [];

  constructor(
    options: Partial<ConcurrencyLimiterOptions> = {},
    only: Lane = { maxQueued: 3, maxWaitMs: 1_000 },
  ) {
    const now = () => this.time.now;
    this.limiter = new ConcurrencyLimiter({ maxConcurrency: 2, lanes: { only }, now, ...options });
  }

  /** Takes slots that are free. */
  async take(count: number): Promise<Disposable[]> {
    const slots = await Promise.all(Array.from({ length: count }, () => this.limiter.acquire()));
    return slots.map((slot) => (assert(slot), slot));
  }

  /** Requests a slot for each name, and records the result. */
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

function release(slot: Disposable | undefined): void {
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

Deno.test("ConcurrencyLimiter without bounds queues all callers, without a timer", async () => {
  using setup = new Setup({ maxConcurrency: 1 }, {});
  const [slot] = await setup.take(1);
  setup.queue(...Array.from({ length: 1_000 }, (_, index) => `${index}`));
  assertEquals(setup.time.next(), false);
  release(slot);
  await setup.tick(0);
  assertEquals(setup.settled, ["0 slot"]);
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
  assertEquals([setup.limiter.estimateWaitMs(), setup.limiter.estimateWaitMs("only", 4)], [
    0,
    2_200,
  ]);
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

/** A limiter of one slot, which is taken, and lanes whose queues hold the callers of the table. */
class LanesSetup {
  now = 0;
  readonly limiter = new ConcurrencyLimiter({
    maxConcurrency: 1,
    lanes: { urgent: { weight: Infinity }, a: { weight: 4 }, b: { weight: 2 }, c: {} },
    now: () => this.now,
  });
  /** Lanes in the order in which their callers got a slot. */
  served = "";

  /** Queues callers, each in the lane of its letter, and frees slot after slot. */
  async serve(callers: string): Promise<string> {
    const first = await this.limiter.acquire("a");
    this.served = "";
    const all = [...callers].map(async (letter) => {
      using _slot = await this.limiter.acquire(
        letter === "u" ? "urgent" : letter as "a" | "b" | "c",
      );
      this.served += letter;
    });
    release(first);
    await Promise.all(all);
    return this.served;
  }
}

for (
  const [name, callers, served] of [
    ["by weight", "ccccbbbbaaaaaaaa", "bcaabaabcaabaacc"],
    ["all to the only lane that queues", "ccc", "ccc"],
    ["at once to a lane of infinite weight", "aabu", "ubaa"],
  ] as const
) {
  Deno.test(`ConcurrencyLimiter gives slots to lanes ${name}`, async () => {
    assertEquals(await new LanesSetup().serve(callers), served);
  });
}

Deno.test("ConcurrencyLimiter gives a lane no extra slots for the time that it was idle", async () => {
  const setup = new LanesSetup();
  await setup.serve("a".repeat(100));
  const served = await setup.serve("aaaaaabbbbbb");
  assertEquals(served.slice(0, 6).match(/b/g)?.length, 2);
});

Deno.test("ConcurrencyLimiter.estimateWaitMs() counts the share of other lanes that queue", async () => {
  const setup = new LanesSetup();
  release(await setup.limiter.acquire("a").then((slot) => (setup.now = 700, slot)));
  await setup.limiter.acquire("a");
  const estimates = (["a", "b", "c", "urgent"] as const).map((lane) => {
    setup.limiter.acquire(lane);
    return setup.limiter.estimateWaitMs("a", 1);
  });
  assertEquals(estimates, [700, 1_050, 1_225, 1_225]);
});
