/**
 * A log as a store of this process reads and announces it: a replica that follows it ends up equal.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { TopicLog } from "../../live/domain/broker.ts";
import { announcementAfter, stateOf } from "../../live/history/log_state.ts";
import { Replica } from "../../live/history/replica.ts";
import { TopicHistory } from "../../live/history/topic_history.ts";
import { Random } from "../support/random.ts";

const TTL_MS = 600_000;

function historyOf(size: number, epoch = "one"): TopicHistory {
  return new TopicHistory("a:1", { size, ttlMs: TTL_MS, budget: { used: 0 }, epoch });
}

function replicaOf(size: number): Replica {
  return new Replica("a:1", { size, ttlMs: TTL_MS, budget: { used: 0 } });
}

/** Returns all that a log holds, as its readers see it. */
function contents(log: TopicLog): unknown {
  const plain = (
    all: Iterable<{ offset: number; key?: unknown; json?: unknown; rank?: unknown }>,
  ) => [...all].map(({ offset, key, json, rank }) => [offset, key, json, rank]);
  return [log.epoch, log.head, plain(log.held(0)), plain(log.latest(0))];
}

/** Applies a publication to what a reader knows. */
function take(
  state: Map<string, string> | undefined,
  { key, json }: { readonly key: string | undefined; readonly json: string | undefined },
): void {
  if (key === undefined) return;
  if (json === undefined) state?.delete(key);
  else state?.set(key, json);
}

Deno.test("stateOf() fills an empty replica, with the state that precedes the log", () => {
  const log = historyOf(2);
  log.append({ key: "old", json: "1", rank: "a0" });
  for (const json of ["2", "3", "4"]) log.append({ key: undefined, json });
  const replica = replicaOf(2);

  replica.load(stateOf(log, replica.position));

  assertEquals(contents(replica), contents(log));
  assertEquals([...replica.latest(0)].map(({ rank }) => rank), ["a0"]);
});

Deno.test("announcementAfter() brings a replica up to date that has everything before it", () => {
  const log = historyOf(10);
  log.append({ key: "k", json: "1", rank: "a0" });
  const replica = replicaOf(10);
  replica.load(stateOf(log, replica.position));
  const cursor = { epoch: log.epoch, offset: log.head };
  log.append({ key: "k", json: undefined });
  log.append({ key: "l", json: "2", rank: "a1" });

  assert(replica.apply(announcementAfter(log, cursor)));

  assertEquals(contents(replica), contents(log));
});

Deno.test("announcementAfter() makes a replica read the log if something is no longer held", () => {
  const log = historyOf(0);
  log.append({ key: undefined, json: "1" });
  const replica = replicaOf(0);
  replica.load(stateOf(log, replica.position));
  const cursor = { epoch: log.epoch, offset: log.head };
  for (const json of ["2", "3"]) log.append({ key: undefined, json });

  assertEquals(replica.apply(announcementAfter(log, cursor)), false);

  replica.load(stateOf(log, replica.position));
  assertEquals(contents(replica), contents(log));
});

Deno.test("announcementAfter() makes a replica read the log that has begun a new life", () => {
  const replica = replicaOf(10);
  const former = historyOf(10);
  replica.load(stateOf(former, replica.position));
  const log = historyOf(10, "two");
  log.append({ key: "k", json: "1" });

  assertEquals(replica.apply(announcementAfter(log, { epoch: "one", offset: 0 })), false);

  replica.load(stateOf(log, replica.position));
  assertEquals(contents(replica), contents(log));
});

for (const seed of [1, 2, 3, 4, 5]) {
  Deno.test(`a replica and its readers end with the state of the log: run ${seed}`, () => {
    const random = new Random(seed);
    const size = 1 + random.below(5);
    const log = historyOf(size);
    const replica = replicaOf(size);
    replica.load(stateOf(log, replica.position));
    let cursor = { epoch: log.epoch, offset: log.head };
    /** What a reader at each offset knows. */
    const states: Map<string, string>[] = [new Map()];
    for (let step = 0; step < 300; step++) {
      const key = random.next() < 0.7 ? `k${random.below(6)}` : undefined;
      const isRemoval = key !== undefined && random.next() < 0.3;
      const appended = { key, json: isRemoval ? undefined : `${step}` };
      log.append(appended);
      states.push(new Map(states.at(-1)));
      take(states.at(-1), appended);
      if (random.next() < 0.5) continue;
      if (random.next() < 0.1) cursor = { ...cursor, offset: log.head }; // an announcement is lost
      if (!replica.apply(announcementAfter(log, cursor))) {
        replica.load(stateOf(log, replica.position));
      }
      cursor = { epoch: log.epoch, offset: log.head };
      if (replica.head !== log.head) continue; // it learns of the gap from the next announcement
      assertEquals(
        [...replica.latest(0)].map(({ key, json }) => [key, json]),
        [...log.latest(0)].map(({ key, json }) => [key, json]),
      );
      for (const [offset, known] of states.entries()) {
        if (!replica.canCatchUp(offset)) continue;
        const caughtUp = new Map(known);
        for (const publication of replica.newest(offset)) take(caughtUp, publication);
        assertEquals(caughtUp, states.at(-1));
      }
    }
  });
}
