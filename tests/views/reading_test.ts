/**
 * Tests of one read of an open view.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { TopicHistory } from "../../live/history/topic_history.ts";
import { readDue } from "../../live/views/reading.ts";
import { FakeSource, queryOf, viewerOf } from "./setup.ts";

Deno.test("a row that has changed and come into the list is in the list after everything was read", async () => {
  const log = new TopicHistory("view:1", { size: 10, ttlMs: 60_000, budget: { used: 0 } });
  log.append({ key: "a", json: '{"n":1}' }); // outside the list, as it has no rank
  const source = new FakeSource();
  source.rows = { kind: "rows", rows: [{ key: "a", json: '{"n":2}' }] };

  const read = await readDue({ list: true, rest: true, keys: new Map([["a", "update"]]) }, {
    source,
    query: { ...queryOf(), isOpen: true },
    log,
    viewer: viewerOf("ada"),
  });

  assertEquals(read, {
    kind: "compared",
    publications: [{ key: "a", json: '{"n":2}', rank: "a0", event: "update" }],
  });
});
