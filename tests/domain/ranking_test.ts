/**
 * Tests of tables' first rows, of long loops in turns, and of joined tables.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { forEachInTurns } from "../../live/domain/in_turns.ts";
import { joinStatus } from "../../live/domain/join_status.ts";
import { Ranking } from "../../live/domain/ranking.ts";
import type { ConnectionRow, StatusPart, StatusQuery } from "../../live/domain/status.ts";

const query: StatusQuery = {
  limit: 2,
  topics: "",
  topicsBy: "subscribers",
  connections: "",
  connectionsBy: "lag",
};

Deno.test("Ranking keeps the highest rows, equal ones in their order, and creates no others", () => {
  const created: string[] = [];
  const ranking = new Ranking<string>(3);
  const add = (rank: number, row: string) =>
    ranking.add(rank, () => {
      created.push(row);
      return row;
    });

  for (const [rank, row] of [[5, "a"], [5, "b"], [1, "c"], [1, "d"], [9, "e"], [0, "f"]] as const) {
    add(rank, row);
  }

  assertEquals(ranking.table(8), { total: 8, found: 6, rows: ["e", "a", "b"] });
  assertEquals(created, ["a", "b", "c", "e"]);
});

Deno.test("Ranking with a limit of 0 only counts", () => {
  const ranking = new Ranking<string>(0);
  ranking.add(1, () => "a");
  assertEquals(ranking.table(1), { total: 1, found: 1, rows: [] });
});

Deno.test("forEachInTurns() lets other work run in between, and visits everything", async () => {
  const visited: number[] = [];
  let now = 0;
  const items = Array.from({ length: 1_000 }, (_, n) => n);

  const done = forEachInTurns(items, (item) => {
    visited.push(item);
    now += 0.1;
  }, () => now);
  const atOnce = visited.length;
  await done;

  assert(atOnce > 0 && atOnce <= 64, `${atOnce} at once`);
  assertEquals(visited, items);
});

function connection(id: string, lagMs: number): ConnectionRow {
  return { id, user: null, address: "", openedAt: 0, topicCount: 0, topics: [], unsent: 0, lagMs };
}

/** Returns the status of a thread with one connection of each lag. */
function part(subscribers: number, ...lags: number[]): StatusPart {
  const topic = {
    name: "event:1",
    subscribers,
    lagging: 1,
    rate: subscribers,
    bytes: 10,
    offset: 7,
  };
  const view = { collection: "events", query: "{}", classes: 1, subscribers, rate: 1, bytes: 10 };
  return {
    connections: { total: 9, found: 5, rows: lags.map((lag) => connection(`${lag}`, lag)) },
    topics: { total: 1, found: 1, rows: [topic] },
    views: { total: 1, found: 1, rows: [view] },
  };
}

Deno.test("joinStatus() adds up rows that threads share, and ranks all rows again", () => {
  const { connections, topics, views } = joinStatus([part(2, 30, 10), part(3, 20, 0)], query);

  assertEquals([connections.total, connections.found], [18, 10]);
  assertEquals(connections.rows.map(({ lagMs }) => lagMs), [30, 20]);
  assertEquals(topics.rows, [
    { name: "event:1", subscribers: 5, lagging: 2, rate: 3, bytes: 10, offset: 7 },
  ]);
  assertEquals(views.rows, [
    { collection: "events", query: "{}", classes: 2, subscribers: 5, rate: 2, bytes: 20 },
  ]);
});
