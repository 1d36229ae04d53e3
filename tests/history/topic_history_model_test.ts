/**
 * A topic's log against a model that is slow and plain, over thousands of random steps.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { type LoggedPublication, messageLength } from "../../live/domain/broker.ts";
import { TopicHistory } from "../../live/history/topic_history.ts";
import { Random } from "../support/random.ts";
import { show } from "./setup.ts";

const TOPIC = "event:42";
const KEYS = [undefined, undefined, "a", "b", "c", "d", "e"];

/** A model of a log, as simple as possible: it remembers every publication. */
class Model {
  readonly size: number;
  readonly ttlMs: number;
  readonly all: LoggedPublication[] = [];
  /** Offsets that the log still holds. */
  log: number[] = [];
  released = Infinity;
  /** Keys whose latest was before this offset are no longer in the state. */
  clearedUpTo = 0;
  /** Readers before this offset have to start over. */
  lostUpTo = 0;

  constructor(size: number, ttlMs: number) {
    this.size = size;
    this.ttlMs = ttlMs;
  }

  get head(): number {
    return this.all.length;
  }

  at(offset: number): LoggedPublication {
    return this.all[offset - 1] as LoggedPublication;
  }

  append(key: string | undefined, json: string | undefined): void {
    this.all.push({ offset: this.head + 1, key, json, at: Date.now() });
    this.log.push(this.head);
    this.trim();
  }

  trim(): void {
    this.dropWhile((offset) =>
      offset <= this.head - this.size || Date.now() - this.at(offset).at >= this.ttlMs
    );
  }

  dropWhile(isUnwanted: (offset: number) => boolean): void {
    while (this.log[0] !== undefined && this.log[0] <= this.released && isUnwanted(this.log[0])) {
      const { offset, key, json } = this.at(this.log.shift() ?? 0);
      if (json === undefined && this.latestOf(key) === offset) this.lose(offset);
    }
  }

  clear(): void {
    // Removals are in the state for as long as the log holds them.
    const state = this.latest(0, true).filter(({ offset, json }) =>
      json !== undefined || this.log.includes(offset)
    );
    this.lose(state.at(-1)?.offset ?? 0);
    this.clearedUpTo = this.head;
    this.dropWhile(() => true);
  }

  lose(offset: number): void {
    this.lostUpTo = Math.max(this.lostUpTo, offset);
  }

  latestOf(key: string | undefined): number {
    return this.all.findLast((publication) => publication.key === key)?.offset ?? 0;
  }

  /** What follows an offset, of all that the log holds; `undefined` if something is missing. */
  after(offset: number): LoggedPublication[] | undefined {
    if (offset > this.head || offset < this.head - this.log.length) return undefined;
    return this.all.slice(offset);
  }

  /** The latest of each key that follows an offset, oldest first. */
  latest(offset: number, withRemovals = false): LoggedPublication[] {
    return this.all.filter((publication) =>
      publication.key !== undefined && publication.offset > Math.max(offset, this.clearedUpTo) &&
      this.latestOf(publication.key) === publication.offset &&
      (withRemovals || publication.json !== undefined)
    );
  }

  /** The state of a reader that has read everything up to an offset. */
  stateAt(offset: number): Map<string, string> {
    return applied(new Map(), this.all.slice(0, offset));
  }

  get length(): number {
    const held = new Set([...this.log, ...this.latest(0).map(({ offset }) => offset)]);
    return [...held].reduce((sum, offset) => sum + messageLength(TOPIC, this.at(offset)), 0);
  }
}

/** Applies publications as a client does. */
function applied(
  state: Map<string, string>,
  publications: Iterable<LoggedPublication>,
): Map<string, string> {
  for (const { key, json } of publications) {
    if (key === undefined) continue;
    if (json === undefined) state.delete(key);
    else state.set(key, json);
  }
  return state;
}

/** Makes one step with a log and its model. Returns a description of the step. */
function step(history: TopicHistory, model: Model, random: Random): string {
  const kind = random.below(100);
  if (kind < 70) {
    const key = random.of(KEYS);
    const isRemoval = key !== undefined && random.below(4) === 0;
    const json = isRemoval ? undefined : JSON.stringify("x".repeat(random.below(20)));
    model.append(key, json);
    assertEquals(history.append({ key, json }), model.head);
    return `append ${key}=${json}`;
  }
  if (kind < 90) {
    // As the hub does: never back, and everything once no reader is left.
    const from = Number.isFinite(model.released) ? model.released : model.head;
    const offset = random.below(10) === 0 ? Infinity : from + random.below(model.head - from + 1);
    model.released = offset;
    model.trim();
    history.release(offset);
    return `release ${offset}`;
  }
  if (kind < 94) {
    const offset = random.below(model.head + 1);
    model.released = Math.min(model.released, offset);
    history.retain(offset);
    return `retain ${offset}`;
  }
  if (kind < 97) {
    model.trim();
    history.prune();
    return "prune";
  }
  if (kind < 99) {
    model.dropWhile(() => true);
    history.dropLog();
    return "dropLog";
  }
  model.clear();
  history.clear();
  return "clear";
}

/** Compares all that can be seen without changing anything. */
function compare(history: TopicHistory, model: Model, random: Random): void {
  assertEquals(history.head, model.head);
  assertEquals(show(history.latest(0)), show(model.latest(0)), "latest");
  const first = model.head - model.log.length;
  const near = [-1, 0, first - 1, first, first + 1, model.head - 1, model.head, model.head + 1];
  for (const offset of [...near, random.below(model.head + 1)]) {
    const expected = model.after(offset);
    assertEquals(show(history.read(offset, Infinity)), show(expected), `read ${offset}`);
    if (offset >= 0 && offset <= model.head) compareCatchingUp(history, model, offset);
    if (expected !== undefined) compareLengths(history, expected, offset, random.below(500));
  }
}

function compareLengths(
  history: TopicHistory,
  expected: LoggedPublication[],
  offset: number,
  maxLength: number,
): void {
  const lengthOf = (publications: readonly LoggedPublication[]) =>
    publications.reduce((sum, publication) => sum + messageLength(TOPIC, publication), 0);
  assertEquals(history.lengthAfter(offset), lengthOf(expected), `length after ${offset}`);
  const part = history.read(offset, maxLength) ?? [];
  assertEquals(show(part), show(expected.slice(0, part.length)));
  assert(part.length <= 1 || lengthOf(part) <= maxLength);
  if (part.length === expected.length) return;
  assert(part.length > 0 && lengthOf(expected.slice(0, part.length + 1)) > maxLength);
}

/** Checks that a reader ends with the state however it catches up, or has to start over. */
function compareCatchingUp(history: TopicHistory, model: Model, offset: number): void {
  assertEquals(history.canCatchUp(offset), offset >= model.lostUpTo, `canCatchUp ${offset}`);
  if (offset < model.lostUpTo) return;
  const state = sorted(model.stateAt(model.head));
  assertEquals(sorted(applied(model.stateAt(offset), history.held(offset))), state);
  assertEquals(sorted(applied(model.stateAt(offset), history.newest(offset))), state);
}

function sorted(state: Map<string, string>): [string, string][] {
  return [...state].sort(([a], [b]) => a < b ? -1 : 1);
}

for (
  const [seed, size, ttlMs] of [
    [1, 3, 1_000_000],
    [2, 0, 50],
    [3, 256, 300],
    [4, 20, 40],
    [5, 1, 1],
    [6, 1_000_000, 2_000],
  ] as const
) {
  Deno.test(`TopicHistory of size ${size} and ${ttlMs} ms behaves like its model (seed ${seed})`, () => {
    using time = new FakeTime(0);
    const random = new Random(seed);
    const budget = { used: 0 };
    const logs = [0, 1].map(() => ({
      history: new TopicHistory(TOPIC, { size, ttlMs, budget }),
      model: new Model(size, ttlMs),
    }));
    let done = "";
    try {
      for (let count = 0; count < 600; count++) {
        const { history, model } = random.of(logs);
        time.tick(random.below(3));
        done = `step ${count}: ${step(history, model, random)}`;
        assertEquals(budget.used, logs.reduce((sum, { model }) => sum + model.length, 0));
        compare(history, model, random);
      }
    } catch (error) {
      throw new Error(`Seed ${seed} differs after ${done}`, { cause: error });
    }
    for (const { history } of logs) {
      history.release(Infinity);
      history.clear();
    }
    assertEquals(budget.used, 0);
  });
}
