/**
 * Tests of a topic's log: offsets and bounds.
 *
 * @module
 */

import { assertEquals, assertLess, assertMatch, assertNotEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { messageLength } from "../../live/domain/broker.ts";
import { append, createHistory, fill, LENGTH, offsets, show, TOPIC, TTL_MS } from "./setup.ts";

Deno.test("TopicHistory.append() counts from 1, and holds what was appended", () => {
  using _time = new FakeTime(5);
  const { history } = createHistory();
  assertEquals(history.head, 0);
  append(history, 'car-7={"x":1}', "=null", "car-7");
  assertEquals(history.head, 3);
  assertEquals(show(history.read(0, Infinity)), ['1:car-7={"x":1}', "2:=null", "3:car-7"]);
  assertEquals(history.read(2, Infinity)?.map(({ at }) => at), [5]);
});

Deno.test("TopicHistory.epoch differs between logs of the same topic", () => {
  const { epoch } = createHistory().history;
  assertMatch(epoch, /^[0-9a-f-]{13}$/);
  assertNotEquals(epoch, createHistory().history.epoch);
});

Deno.test("TopicHistory takes its epoch and its beginning from the options", () => {
  const { history } = createHistory({ epoch: "e", head: 41 });
  assertEquals([history.epoch, history.head, history.lengthAfter(0)], ["e", 41, 0]);
  assertEquals([history.read(40, Infinity), history.read(41, Infinity)], [undefined, []]);
  fill(history, 1);
  assertEquals(offsets(history.read(41, Infinity)), [42]);
});

for (
  const [name, offset, expected] of [
    ["before the first of all", -1, undefined],
    ["one before the first held", 1, undefined],
    ["at the last dropped", 2, [3, 4, 5]],
    ["at the first held", 3, [4, 5]],
    ["at the head", 5, []],
    ["beyond the head", 6, undefined],
    ["far beyond the head", Number.MAX_SAFE_INTEGER, undefined],
  ] as const
) {
  Deno.test(`TopicHistory.read() ${name} returns ${JSON.stringify(expected)}`, () => {
    const { history } = createHistory();
    fill(history, 5);
    assertEquals(offsets(history.read(offset, Infinity)), expected && [...expected]);
  });
}

for (const [offset, expected] of [[-1, undefined], [0, []], [1, undefined]] as const) {
  Deno.test(`TopicHistory.read() of an empty log at ${offset} returns ${expected}`, () => {
    assertEquals(createHistory().history.read(offset, Infinity), expected && [...expected]);
  });
}

for (
  const [maxLength, count] of [
    [0, 1],
    [2 * LENGTH - 1, 1],
    [2 * LENGTH, 2],
    [Infinity, 3],
  ] as const
) {
  Deno.test(`TopicHistory.read() of at most ${maxLength} returns ${count} of ${LENGTH}`, () => {
    const { history } = createHistory();
    fill(history, 3);
    assertEquals(history.read(0, maxLength)?.length, count);
  });
}

Deno.test("TopicHistory.lengthAfter() is the length of what follows", () => {
  const { history } = createHistory();
  fill(history, 5);
  assertEquals([2, 3, 4, 5].map((offset) => history.lengthAfter(offset) / LENGTH), [3, 2, 1, 0]);
});

for (const count of [5, 300, 1_000]) {
  Deno.test(`TopicHistory.lengthAfter() counts what was dropped of ${count} as average`, () => {
    const { history } = createHistory();
    append(history, `k=${"x".repeat(count)}`);
    fill(history, count - 1);
    const all = (count - 1) * LENGTH + messageLength(TOPIC, { key: "k", json: "x".repeat(count) });
    const expected = Math.round(3 * LENGTH + (count - 3) * all / count);
    assertEquals(history.lengthAfter(0), expected);
    assertEquals([history.lengthAfter(count - 3), history.lengthAfter(count)], [3 * LENGTH, 0]);
  });
}

Deno.test("TopicHistory with size 0 holds nothing but the state", () => {
  const { history, budget } = createHistory({ size: 0 });
  fill(history, 2);
  assertEquals([history.read(1, Infinity), history.read(2, Infinity)], [undefined, []]);
  assertEquals(budget.used, 0);
  append(history, "k=1");
  assertEquals(show(history.latest(0)), ["3:k=1"]);
});

Deno.test("TopicHistory drops what is past its time to live, but not the state", () => {
  using time = new FakeTime(0);
  const { history, budget } = createHistory();
  append(history, "k=1", "=2");
  time.tick(TTL_MS - 1);
  history.prune();
  assertEquals(offsets(history.read(0, Infinity)), [1, 2]);
  time.tick(1);
  history.prune();
  assertEquals([history.read(1, Infinity), history.read(2, Infinity)], [undefined, []]);
  assertEquals(show(history.latest(0)), ["1:k=1"]);
  assertEquals(budget.used, messageLength(TOPIC, { key: "k", json: "1" }));
});

Deno.test("TopicHistory.append() drops what is past its time to live", () => {
  using time = new FakeTime(0);
  const { history } = createHistory();
  fill(history, 2);
  time.tick(TTL_MS);
  fill(history, 1);
  assertEquals([history.read(1, Infinity), offsets(history.read(2, Infinity))], [undefined, [3]]);
});

Deno.test("TopicHistory.release() keeps what follows it, past size and time to live", () => {
  using time = new FakeTime(0);
  const { history } = createHistory();
  history.release(0);
  fill(history, 400);
  time.tick(TTL_MS * 2);
  history.prune();
  fill(history, 100);
  assertEquals(history.read(0, Infinity)?.length, 500);
});

for (const [offset, first] of [[0, 1], [6, 7], [7, 8], [8, 8], [Infinity, 8]] as const) {
  Deno.test(`TopicHistory.release(${offset}) of ten publications keeps those from ${first}`, () => {
    const { history, budget } = createHistory();
    history.release(0);
    fill(history, 10);
    history.release(offset);
    assertEquals(offsets(history.read(first - 1, 0)), [first]);
    assertEquals(history.read(first - 2, 0), undefined);
    assertEquals(budget.used, history.lengthAfter(first - 1));
  });
}

Deno.test("TopicHistory.retain() keeps what follows it until the next release", () => {
  const { history } = createHistory();
  fill(history, 3);
  history.release(3);
  history.retain(1);
  history.retain(2); // keeps what another reader needs
  fill(history, 10);
  assertEquals(history.read(1, Infinity)?.length, 12);
  history.release(13);
  assertEquals([history.read(9, 0), offsets(history.read(10, 0))], [undefined, [11]]);
});

Deno.test("TopicHistory.usedAt is when it was created or last grew", () => {
  using time = new FakeTime(5);
  const { history } = createHistory();
  time.tick(2);
  history.read(0, 0);
  assertEquals(history.usedAt, 5);
  fill(history, 1);
  assertEquals(history.usedAt, 7);
});

Deno.test("TopicHistory frees the memory of dropped publications at once", () => {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc");
  const { history, budget } = createHistory({ size: 1 });
  gc();
  const before = Deno.memoryUsage().heapUsed;
  for (let count = 0; count < 200; count++) {
    // JSON.stringify makes one flat string; repeat() alone makes a small tree of shared ones.
    history.append({ key: undefined, json: JSON.stringify("x".repeat(200_000)) });
  }
  gc();
  assertLess(budget.used, 300_000);
  assertLess(Deno.memoryUsage().heapUsed - before, 10_000_000); // all of them: 40 MB
});
