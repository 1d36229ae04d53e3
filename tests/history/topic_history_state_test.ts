/**
 * Tests of a topic's state: the latest of each key, and how readers catch up with it.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { messageLength } from "../../live/domain/broker.ts";
import { append, createHistory, fill, offsets, restore, show, TOPIC } from "./setup.ts";

for (
  const [name, publications, state] of [
    ["holds one of each key, oldest first", ["a=1", "b=2", "a=3", "=4", "c=5"], [
      "2:b=2",
      "3:a=3",
      "5:c=5",
    ]],
    ["leaves out removed keys", ["a=1", "b=2", "a", "c", "b=3", "b"], []],
    ["holds a key that came back", ["a=1", "a", "a=2"], ["3:a=2"]],
    ["takes keys literally", ["__proto__=1", "1=2", "constructor=3"], [
      "1:__proto__=1",
      "2:1=2",
      "3:constructor=3",
    ]],
    ["outlives the log", ["a=1", "=2", "=3", "=4", "=5"], ["1:a=1"]],
  ] satisfies [string, string[], string[]][]
) {
  Deno.test(`TopicHistory.latest() ${name}`, () => {
    const { history } = createHistory();
    append(history, ...publications);
    assertEquals(show(history.latest(0)), state);
  });
}

for (
  const [offset, held, newest] of [
    [0, ["2:b=2", "4:=4", "5:a", "6:=6"], ["2:b=2", "5:a", "6:=6"]],
    [2, ["4:=4", "5:a", "6:=6"], ["5:a", "6:=6"]],
    [5, ["6:=6"], ["6:=6"]],
    [6, [], []],
  ] as const
) {
  Deno.test(`TopicHistory.held() and newest() at ${offset} are in order, without duplicates`, () => {
    const { history } = createHistory();
    append(history, "a=1", "b=2", "=3", "=4", "a", "=6");
    assertEquals(show(history.held(offset)), [...held]);
    assertEquals(show(history.newest(offset)), [...newest]);
  });
}

for (
  const [name, publications, canCatchUp] of [
    ["has not dropped a removal", ["a=1", "a", "=3"], true],
    ["dropped a removal that follows", ["a=1", "a", "=3", "=4", "=5"], false],
    ["dropped a removal of a key that came back", ["a=1", "a", "a=3", "=4", "=5"], true],
    ["dropped other publications only", ["a=1", "b=2", "=3", "=4", "=5"], true],
  ] satisfies [string, string[], boolean][]
) {
  Deno.test(`TopicHistory.canCatchUp() is ${canCatchUp} for a log that ${name}`, () => {
    const { history } = createHistory();
    append(history, ...publications);
    assertEquals(history.canCatchUp(0), canCatchUp);
    assertEquals(history.canCatchUp(2), true);
  });
}

Deno.test("TopicHistory.canCatchUp() is false before removals that are older than the log", () => {
  const { history } = createHistory({ head: 10, removedUpTo: 7 });
  assertEquals([6, 7].map((offset) => history.canCatchUp(offset)), [false, true]);
});

Deno.test("TopicHistory.dropLog() keeps the state, and what readers still have to read", () => {
  const { history, budget } = createHistory();
  history.release(0);
  append(history, "k=1", "k=2", "=3");
  history.release(2);
  history.dropLog();
  assertEquals([history.read(1, 0), show(history.read(2, 0))], [undefined, ["3:=3"]]);
  assertEquals(show(history.latest(0)), ["2:k=2"]);
  history.release(Infinity);
  history.dropLog();
  assertEquals(budget.used, messageLength(TOPIC, { key: "k", json: "2" }));
});

Deno.test("TopicHistory.clear() drops the state as well, and continues offsets and epoch", () => {
  const { history, budget } = createHistory({ head: 10 });
  const { epoch } = history;
  restore(history, 4, "x=1");
  append(history, "k=1", "=2");
  history.clear();
  assertEquals([history.head, history.epoch, budget.used], [12, epoch, 0]);
  assertEquals([show(history.latest(0)), history.read(11, 0)], [[], undefined]);
  fill(history, 1);
  assertEquals(offsets(history.read(12, Infinity)), [13]);
});

Deno.test("TopicHistory.clear() makes readers start over if they may hold an outdated value", () => {
  const { history } = createHistory();
  append(history, "k=1", "k=2", "=3");
  history.clear();
  assertEquals([1, 2].map((offset) => history.canCatchUp(offset)), [false, true]);
});

Deno.test("TopicHistory.restore() adds state that the log does not hold, until it is replaced", () => {
  const { history, budget } = createHistory({ head: 10 });
  restore(history, 4, "x=1");
  restore(history, 9, "y=2");
  assertEquals([history.head, history.read(8, Infinity)], [10, undefined]);
  assertEquals(show(history.held(4)), ["9:y=2"]);
  append(history, "x=3", "y");
  assertEquals(show(history.latest(0)), ["11:x=3"]);
  assertEquals(budget.used, history.lengthAfter(10));
});
