/**
 * The gate: how many calls there are at a time, and who waits how long.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Gate, type GateOptions, type Turn } from "../../live/directus/gate.ts";
import type { Unavailable } from "../../live/domain/authority.ts";
import { silentMetrics } from "../../live/domain/metrics.ts";

let sources = 0;

/** Another one each time. */
function source(): string {
  return `source ${++sources}`;
}

/** A gate of two on a clock that a test moves; without jitter. */
function createGate(time: FakeTime, options: Partial<GateOptions> = {}): Gate {
  return new Gate({
    maxInFlight: 2,
    maxQueued: 3,
    maxWaitMs: 1_000,
    metrics: silentMetrics,
    now: () => time.now,
    random: () => 0,
    ...options,
  });
}

async function enter(gate: Gate): Promise<Turn> {
  const turn = await gate.enter(source());
  assert(turn.kind === "turn");
  return turn;
}

/** Enters, and notes the name once it is its turn. */
function note(gate: Gate, name: string, names: string[]): Promise<Turn | Unavailable> {
  const entered = gate.enter(source());
  entered.then(({ kind }) => names.push(`${name} ${kind}`));
  return entered;
}

Deno.test("Gate.enter() lets so many through at once, and no more", async () => {
  using time = new FakeTime();
  const gate = createGate(time);
  const names: string[] = [];
  const first = await enter(gate);
  await enter(gate);
  note(gate, "third", names);
  await time.runMicrotasks();
  assertEquals(names, []);
  first.leave();
  await time.runMicrotasks();
  assertEquals(names, ["third turn"]);
});

Deno.test("Gate.enter() lets through in the order in which they came", async () => {
  using time = new FakeTime();
  const gate = createGate(time);
  const turns = [await enter(gate), await enter(gate)];
  const names: string[] = [];
  for (const name of ["a", "b", "c"]) note(gate, name, names);
  for (const turn of turns) turn.leave();
  await time.runMicrotasks();
  assertEquals(names, ["a turn", "b turn"]);
});

Deno.test("Turn.leave() gives up one turn, however often it is called", async () => {
  using time = new FakeTime();
  const gate = createGate(time);
  const first = await enter(gate);
  await enter(gate);
  const names: string[] = [];
  note(gate, "a", names);
  note(gate, "b", names);
  first.leave();
  first.leave();
  await time.runMicrotasks();
  assertEquals(names, ["a turn"]);
});

Deno.test("Turn.waitedMs tells how long it was waited for", async () => {
  using time = new FakeTime();
  const gate = createGate(time);
  const [first] = [await enter(gate), await enter(gate)];
  const third = enter(gate);
  time.tick(700);
  first.leave();
  assertEquals([first.waitedMs, (await third).waitedMs], [0, 700]);
});

Deno.test("Gate.enter() sends away who finds the queue full", async () => {
  using time = new FakeTime();
  const gate = createGate(time);
  for (let i = 0; i < 2; i++) await enter(gate);
  const names: string[] = [];
  for (const name of ["a", "b", "c"]) note(gate, name, names);
  assertEquals(await note(gate, "d", names), {
    kind: "unavailable",
    reason: "too many calls to Directus wait",
    retryAfterMs: 1_000,
  });
  assertEquals(names, ["d unavailable"]);
});

Deno.test("Gate.enter() sends away who has waited for maxWaitMs", async () => {
  using time = new FakeTime();
  const gate = createGate(time);
  for (let i = 0; i < 2; i++) await enter(gate);
  const names: string[] = [];
  note(gate, "a", names);
  await time.tickAsync(999);
  note(gate, "b", names);
  await time.runMicrotasks();
  assertEquals(names, []);
  await time.tickAsync(1);
  await time.runMicrotasks();
  assertEquals(names, ["a unavailable"]);
  await time.tickAsync(999);
  await time.runMicrotasks();
  assertEquals(names, ["a unavailable", "b unavailable"]);
});

Deno.test("Gate.enter() gives no turn to who was sent away", async () => {
  using time = new FakeTime();
  const gate = createGate(time, { maxInFlight: 1 });
  const first = await enter(gate);
  const names: string[] = [];
  note(gate, "a", names);
  await time.tickAsync(500);
  note(gate, "b", names);
  await time.tickAsync(500);
  first.leave();
  await time.runMicrotasks();
  assertEquals(names, ["a unavailable", "b turn"]);
});

for (const [callMs, kind] of [[1_000, "turn"], [1_001, "unavailable"]] as const) {
  Deno.test(`Gate.enter() after a call of ${callMs} ms, one before it: ${kind}`, async () => {
    using time = new FakeTime();
    const gate = createGate(time, { maxInFlight: 1 });
    const first = await enter(gate);
    time.tick(callMs);
    first.leave(); // now it knows how long a call takes
    const second = await enter(gate);
    const names: string[] = [];
    note(gate, "third", names);
    note(gate, "fourth", names);
    await time.runMicrotasks();
    assertEquals(names, kind === "turn" ? [] : ["fourth unavailable"]);
    second.leave();
  });
}

Deno.test("Gate.enter() tells each who is sent away another time, as many as can be served", async () => {
  using time = new FakeTime();
  const gate = createGate(time, { maxInFlight: 2, maxQueued: 3, maxWaitMs: 10_000 });
  const turns = [await enter(gate), await enter(gate)];
  time.tick(4_000);
  for (const turn of turns) turn.leave();
  for (let i = 0; i < 5; i++) gate.enter(source()); // two calls, and a queue that takes 3 × 4 s / 2
  for (const expected of [8_000, 10_000, 12_000]) {
    const away = await gate.enter(source());
    assertEquals(away.kind === "unavailable" && away.retryAfterMs, expected);
  }
  time.tick(5_000); // what was booked comes nearer
  const later = await gate.enter(source());
  assertEquals(later.kind === "unavailable" && later.retryAfterMs, 9_000);
});

Deno.test("Gate.enter() tells one source the same time, until that has come", async () => {
  using time = new FakeTime();
  const gate = createGate(time, { maxInFlight: 1, maxQueued: 0 });
  const first = await enter(gate);
  time.tick(2_000);
  first.leave();
  await enter(gate);
  const retryAfterMs = async (name: string) => {
    const away = await gate.enter(name);
    return away.kind === "unavailable" && away.retryAfterMs;
  };
  assertEquals([await retryAfterMs("a"), await retryAfterMs("b")], [2_000, 4_000]);
  time.tick(500);
  assertEquals([await retryAfterMs("a"), await retryAfterMs("b")], [1_500, 3_500]);
  time.tick(1_499);
  assertEquals([await retryAfterMs("a"), await retryAfterMs("b")], [1_000, 2_001]);
  time.tick(1); // for a
  assertEquals([await retryAfterMs("a"), await retryAfterMs("b")], [4_000, 2_000]);
});

Deno.test("Gate.enter() sends nobody away for longer than 30 s", async () => {
  using time = new FakeTime();
  const gate = createGate(time, { maxInFlight: 1, maxQueued: 1, maxWaitMs: 100_000 });
  const first = await enter(gate);
  time.tick(40_000);
  first.leave();
  await enter(gate);
  gate.enter(source());
  for (let i = 0; i < 2; i++) {
    const away = await gate.enter(source());
    assertEquals(away.kind === "unavailable" && away.retryAfterMs, 30_000);
  }
});

Deno.test("Gate.enter() adds up to half to the time to come back", async () => {
  using time = new FakeTime();
  const gate = createGate(time, { maxInFlight: 1, maxQueued: 0, random: () => 0.999 });
  await enter(gate);
  const away = await gate.enter(source());
  assertEquals(away.kind === "unavailable" && away.retryAfterMs, 1_500);
});

Deno.test("Gate.clear() answers all who wait, and nobody else", async () => {
  using time = new FakeTime();
  const gate = createGate(time);
  const [first] = [await enter(gate), await enter(gate)];
  const waiting = [gate.enter(source()), gate.enter(source())];
  let retryAfterMs = 0;
  gate.clear(() => ({ kind: "unavailable", reason: "out", retryAfterMs: ++retryAfterMs }));
  assertEquals(await Promise.all(waiting), [
    { kind: "unavailable", reason: "out", retryAfterMs: 1 },
    { kind: "unavailable", reason: "out", retryAfterMs: 2 },
  ]);
  const names: string[] = [];
  note(gate, "next", names);
  first.leave();
  await time.runMicrotasks();
  assertEquals(names, ["next turn"]);
});

Deno.test("Gate tells the metrics of each change", async () => {
  using time = new FakeTime();
  const counts: string[] = [];
  const metrics = {
    ...silentMetrics,
    directusCalls: (inFlight: number, queued: number) => void counts.push(`${inFlight}+${queued}`),
  };
  const gate = createGate(time, { maxInFlight: 1, metrics });
  const first = await enter(gate);
  const second = enter(gate);
  const third = gate.enter(source());
  first.leave();
  time.tick(1_000);
  assertEquals((await third).kind, "unavailable");
  (await second).leave();
  assertEquals(counts, ["1+0", "1+1", "1+2", "1+1", "1+0", "0+0"]);
});
