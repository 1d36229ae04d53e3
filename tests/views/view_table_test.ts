/**
 * Tests of the table of views.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { StatusQuery } from "../../live/domain/status.ts";
import type { ViewEntry } from "../../live/views/view_registry.ts";
import { viewTable } from "../../live/views/view_table.ts";

const query: StatusQuery = {
  limit: 10,
  topics: "",
  topicsBy: "subscribers",
  connections: "",
  connectionsBy: "lag",
};

/** Returns a view of a class with this many members. */
function entry(collection: string, limit: number, size: number): ViewEntry {
  const view = {
    query: { collection, fields: ["id"], limit },
    size,
    log: { measure: () => ({ bytes: 100, rate: 0.5 }) },
  };
  return { topic: "view:x", classKey: "", view } as unknown as ViewEntry;
}

const entries = [entry("events", 10, 3), entry("rooms", 10, 4), entry("events", 10, 2)];

Deno.test("viewTable() has a row for each query, and counts its access classes", async () => {
  assertEquals(await viewTable(entries, query), {
    total: 2,
    found: 2,
    rows: [
      {
        collection: "events",
        query: '{"fields":["id"],"limit":10}',
        classes: 2,
        subscribers: 5,
        rate: 1,
        bytes: 200,
      },
      {
        collection: "rooms",
        query: '{"fields":["id"],"limit":10}',
        classes: 1,
        subscribers: 4,
        rate: 0.5,
        bytes: 100,
      },
    ],
  });
});

Deno.test("viewTable() searches collections and queries", async () => {
  const { total, found, rows } = await viewTable(entries, { ...query, topics: "ROOMS" });
  assertEquals([total, found, rows.map(({ collection }) => collection)], [2, 1, ["rooms"]]);
});
