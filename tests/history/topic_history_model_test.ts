/**
 * A topic's log against a model of it that is slow and plain, over thousands of random steps.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { encodePublication } from "../../live/domain/protocol.ts";
import { type HistoryBudget, TopicHistory } from "../../live/history/topic_history.ts";

interface Publication {
  readonly offset: number;
  readonly key: string | undefined;
  readonly message: string;
  readonly at: number;
}

interface Bounds {
  readonly size: number;
  readonly ttlMs: number;
}

/** What a log should do, said as plainly as can be. */
class Model {
  readonly topic: string;
  readonly bounds: Bounds;
  head = 0;
  released = Infinity;
  log: Publication[] = [];
  state: Publication[] = [];

  constructor(topic: string, bounds: Bounds) {
    this.topic = topic;
    this.bounds = bounds;
  }

  append(data: string, key?: string): void {
    const offset = ++this.head;
    const message = encodePublication(this.topic, offset, data, key);
    const publication = { offset, key, message, at: Date.now() };
    this.log.push(publication);
    if (key !== undefined) {
      this.state = [...this.state.filter((other) => other.key !== key), publication];
    }
    this.trim();
  }

  release(offset: number): void {
    this.released = offset;
    this.trim();
  }

  prune(): void {
    this.trim();
    this.state = this.state.filter(({ at }) => Date.now() - at < this.bounds.ttlMs);
  }

  clear(): void {
    this.state = [];
    this.log = this.log.filter(({ offset }) => offset > this.released);
  }

  /** What follows an offset, of all that is held; `undefined` if something of it is not. */
  after(offset: number): string[] | undefined {
    if (offset > this.head || offset < this.head - this.log.length) return undefined;
    return this.log.filter((other) => other.offset > offset).map(({ message }) => message);
  }

  get length(): number {
    return [...new Set([...this.log, ...this.state])].map(({ message }) => message).join("").length;
  }

  trim(): void {
    const { size, ttlMs } = this.bounds;
    this.log = this.log.filter(({ offset, at }) =>
      offset > this.released || (offset > this.head - size && Date.now() - at < ttlMs)
    );
  }
}

/** Mulberry32: random numbers from 0 to 1 that are the same for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One step of a log and its model, and what it was. */
function step(history: TopicHistory, model: Model, random: () => number): string {
  const upTo = (most: number) => Math.floor(random() * (most + 1));
  const kind = upTo(99);
  if (kind < 70) {
    const data = JSON.stringify("x".repeat(upTo(20)));
    const key = random() < 0.5 ? undefined : `k${upTo(8)}`;
    model.append(data, key);
    assertEquals(history.append(data, key), model.head);
    return `append ${model.head} ${key}`;
  }
  if (kind < 90) {
    // As the hub does it: never back, and everything once nobody reads any more.
    const least = Number.isFinite(model.released) ? model.released : model.head;
    const offset = random() < 0.1 ? Infinity : least + upTo(model.head - least);
    model.release(offset);
    history.release(offset);
    return `release ${offset}`;
  }
  if (kind < 94) {
    model.prune();
    assertEquals(history.latest(), model.state.map(({ message }) => message));
    return "latest";
  }
  if (kind < 98) {
    model.prune();
    history.prune();
    return "prune";
  }
  model.clear();
  history.clear();
  return "clear";
}

/** Compares all that can be seen without changing anything. */
function compare(history: TopicHistory, model: Model, random: () => number): void {
  assertEquals(history.head, model.head);
  const first = model.head - model.log.length;
  const offsets = [-1, 0, first - 1, first, first + 1, model.head - 1, model.head, model.head + 1];
  for (const offset of [...offsets, Math.floor(random() * model.head)]) {
    const expected = model.after(offset);
    assertEquals(history.read(offset, Infinity), expected, `read ${offset}`);
    if (expected === undefined) continue;
    assertEquals(history.lengthAfter(offset), expected.join("").length, `length after ${offset}`);
    const maxLength = Math.floor(random() * 500);
    const part = history.read(offset, maxLength);
    assert(part !== undefined);
    assertEquals(part, expected.slice(0, part.length));
    const next = expected[part.length];
    if (part.length > 1) assert(part.join("").length <= maxLength);
    if (next !== undefined) {
      assert(part.length > 0 && part.join("").length + next.length > maxLength);
    }
  }
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
  Deno.test(`TopicHistory of size ${size} and ${ttlMs} ms does what its model does`, () => {
    using time = new FakeTime(0);
    const random = randomOf(seed);
    const budget: HistoryBudget = { used: 0 };
    const logs = ["event:1", "event:2"].map((topic) => ({
      history: new TopicHistory(topic, { size, ttlMs, budget }),
      model: new Model(topic, { size, ttlMs }),
    }));
    let done = "";
    try {
      for (let count = 0; count < 3_000; count++) {
        const log = logs[Math.floor(random() * logs.length)];
        assert(log);
        time.tick(Math.floor(random() * 3));
        done = `step ${count}: ${step(log.history, log.model, random)}`;
        assertEquals(budget.used, logs.reduce((sum, { model }) => sum + model.length, 0));
        compare(log.history, log.model, random);
      }
    } catch (error) {
      throw new Error(`Differs after ${done}`, { cause: error });
    }
  });
}
