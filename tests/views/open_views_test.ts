/**
 * Tests of open views, which follow all rows that match.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { ViewQuery } from "../../live/domain/view_query.ts";
import type { LoggedPublication } from "../../live/domain/broker.ts";
import { queryOf, rowsOf, setUpViews, type ViewsSetup } from "./setup.ts";

const PAUSE_MS = 200;

const open = (query: Partial<ViewQuery> = {}): ViewQuery => ({
  ...queryOf(),
  isOpen: true,
  limit: 2,
  ...query,
});

/** Moves the time on, and lets all reads end that began. */
async function pass(time: FakeTime, ms: number): Promise<void> {
  await time.tickAsync(ms);
  for (let turn = 0; turn < 5; turn++) await time.tickAsync(0);
}

/** Has the source answer as a database with these rows, a letter each; returns its reads. */
function withRows(setup: ViewsSetup, rows: { letters: string }): string[] {
  const reads: string[] = [];
  setup.source.read = (_viewer, { limit }, keys) => {
    reads.push(keys === undefined ? `list of ${limit}` : `keys ${keys.join("")}`);
    const all = [...rows.letters];
    const some = keys === undefined
      ? all.slice(0, limit)
      : all.filter((letter) => keys.includes(letter));
    return Promise.resolve(rowsOf(some.join("")));
  };
  return reads;
}

/**
 * Returns the log's publications after an offset: key, `-` for a removal, event, and whether the row is in
 * the list.
 */
function said(setup: ViewsSetup, topic: string, after: number): string[] {
  const read: readonly LoggedPublication[] = setup.views.logOf(topic)?.read(after, 1_000_000) ?? [];
  return read.map(({ key, json, event, rank }) =>
    `${json === undefined ? "-" : ""}${key} ${event}${rank === undefined ? "" : " listed"}`
  );
}

const change = (event: "create" | "update" | "delete", letters: string) => ({
  collection: "events",
  event,
  keys: [...letters],
});

Deno.test("an open view reads only the rows that changed, in its list or not", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  const rows = { letters: "abcd" };
  const reads = withRows(setup, rows);
  const opening = setup.open("ada", open());
  await pass(time, 0);
  const { topic } = await opening;

  rows.letters = "abde";
  setup.views.changed(change("create", "e"));
  setup.views.changed(change("delete", "c"));
  setup.views.changed(change("update", "d"));
  await pass(time, PAUSE_MS);

  assertEquals(reads, ["list of 2", "keys ecd"]);
  assertEquals(said(setup, topic, 2), ["e create", "-c delete", "d update"]);
});

Deno.test("a row that was created and updated before it was read is reported as created", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  const rows = { letters: "a" };
  withRows(setup, rows);
  const opening = setup.open("ada", open());
  await pass(time, 0);
  const { topic } = await opening;

  rows.letters = "ab";
  setup.views.changed(change("create", "b"));
  setup.views.changed(change("update", "b"));
  await pass(time, PAUSE_MS);

  assertEquals(said(setup, topic, 1), ["b create"]);
});

Deno.test("the list is read when a member joins after a change; a row that left the list stays", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  const rows = { letters: "bc" };
  const reads = withRows(setup, rows);
  const opening = setup.open("ada", open());
  await pass(time, 0);
  const { topic } = await opening;
  rows.letters = "abc";
  setup.views.changed(change("create", "a"));
  await pass(time, PAUSE_MS);

  const joining = setup.open("bob", open());
  await pass(time, PAUSE_MS);
  await joining;
  const again = setup.open("eve", open());
  await pass(time, 0);
  await again;

  assertEquals(reads, ["list of 2", "keys a", "list of 2", "keys c"]);
  assertEquals(said(setup, topic, 2), ["a create", "a undefined listed", "c undefined"]);
});

Deno.test("a row that left the list because it is gone is removed", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  const rows = { letters: "abc" };
  withRows(setup, rows);
  const opening = setup.open("ada", open());
  await pass(time, 0);
  const { topic } = await opening;

  rows.letters = "ac";
  setup.views.changed({ collection: "events" });
  await pass(time, PAUSE_MS);

  assertEquals(said(setup, topic, 2), ["c undefined listed", "-b undefined"]);
});

Deno.test("without a report, all rows that the view holds are read again", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  const rows = { letters: "abc" };
  const reads = withRows(setup, rows);
  const opening = setup.open("ada", open());
  await pass(time, 0);
  const { topic } = await opening;
  setup.views.changed(change("update", "c"));
  await pass(time, PAUSE_MS);

  rows.letters = "ab";
  setup.views.changed();
  await pass(time, PAUSE_MS);

  assertEquals(reads.slice(-2), ["list of 2", "keys c"]);
  assertEquals(said(setup, topic, 2), ["c update", "-c undefined"]);
});

Deno.test("changed rows are not lost if their read fails, or if rights change meanwhile", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  const rows = { letters: "a" };
  const reads = withRows(setup, rows);
  const opening = setup.open("ada", open());
  await pass(time, 0);
  const { topic } = await opening;
  const { read } = setup.source;
  setup.source.read = () =>
    Promise.resolve({ kind: "unavailable", reason: "down", retryAfterMs: 500 });

  rows.letters = "ab";
  setup.views.changed(change("create", "b"));
  await pass(time, PAUSE_MS);
  setup.source.read = read;
  await pass(time, 1_000);

  assertEquals(reads, ["list of 2", "keys b"]);
  assertEquals(said(setup, topic, 1), ["b create"]);
});

Deno.test("an open view remembers a limited number of rows outside its list", async () => {
  using time = new FakeTime();
  using setup = setUpViews({ viewMaxRows: 2 });
  const rows = { letters: "abcdef" };
  withRows(setup, rows);
  const opening = setup.open("ada", open());
  await pass(time, 0);
  const { topic } = await opening;

  setup.views.changed(change("update", "cdef"));
  await pass(time, PAUSE_MS);

  const held = [...setup.views.logOf(topic)?.latest(0) ?? []].map(({ key }) => key);
  assertEquals(held, ["a", "b", "e", "f"]);
});

Deno.test("if more changed rows wait than the limit, everything is read again", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  const rows = { letters: "ab" };
  const reads = withRows(setup, rows);
  const opening = setup.open("ada", open());
  await pass(time, 0);
  await opening;

  const keys = Array.from({ length: 10_001 }, (_, n) => `${n}`);
  setup.views.changed({ collection: "events", event: "update", keys });
  await pass(time, PAUSE_MS);

  assertEquals(reads, ["list of 2", "list of 2"]);
});

Deno.test("what a view missed without members is in its log before the next member joins", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  const rows = { letters: "ab" };
  withRows(setup, rows);
  const opening = setup.open("ada", open({ limit: 0 }));
  await pass(time, 0);
  const { topic, leave } = await opening;
  leave();

  setup.views.changed(change("create", "c"));
  rows.letters = "abc";
  const joining = setup.open("bob", open({ limit: 0 }));
  await pass(time, PAUSE_MS);
  await joining;
  const head = setup.views.logOf(topic)?.head ?? 0;
  await pass(time, 1_000);

  assertEquals(said(setup, topic, 0), ["c create"]);
  assertEquals(setup.views.logOf(topic)?.head, head);
});

Deno.test("a view without members that has missed too much is dropped", async () => {
  using time = new FakeTime();
  using setup = setUpViews();
  withRows(setup, { letters: "ab" });
  const opening = setup.open("ada", open());
  await pass(time, 0);
  const { topic, leave } = await opening;
  leave();

  const keys = Array.from({ length: 501 }, (_, n) => `${n}`);
  setup.views.changed({ collection: "events", event: "update", keys });

  assertEquals(setup.views.logOf(topic), undefined);
});
