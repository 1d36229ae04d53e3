/**
 * Tests of messages about several rows: which changes share a message.
 *
 * @module
 */

import { assertEquals, assertLess } from "@std/assert";
import type { Message } from "../support/client.ts";
import { Setup, subscribe, type Task } from "./setup.ts";

const QUERY = { fields: "id,title" };

/** A frame of the hub and the envelope of a message. */
const MAX_LENGTH = 65_536 + 100;

/** Adds rows without a report; returns their keys. */
function add(setup: Setup, ...titles: string[]): number[] {
  return titles.map((title) => setup.add({ title }));
}

/** Returns the event, and each row as its title or key. */
function outline({ event, data }: Message): unknown[] {
  return [event, ...data.map((row: Task | string) => typeof row === "string" ? row : row.title)];
}

/**
 * Stops Directus from answering reads. Resolves once a read is in flight, to the function that lets it
 * answer again.
 */
async function hold(setup: Setup): Promise<() => void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setup.answering = promise;
  await setup.report({ event: "update", keys: ["0"] });
  await setup.metrics.until(({ directus }) => directus.inFlight > 0);
  return resolve;
}

Deno.test("rows of one call are reported in one message", async () => {
  await using setup = await Setup.start();
  await using client = await setup.connect();
  await subscribe(client, { query: QUERY });

  const ids = add(setup, "a", "b", "c");
  const keys = ids.map(String);
  await setup.report({ event: "create", keys });
  const created = await client.next();
  for (const id of ids) setup.put(id, { title: `new ${id}` });
  await setup.report({ event: "update", keys });
  const updated = await client.next();
  for (const id of ids) setup.database.tables.get("tasks")?.rows.delete(id);
  await setup.report({ event: "delete", keys });
  const deleted = await client.next();

  assertEquals([created, updated, deleted].map(outline), [
    ["create", "a", "b", "c"],
    ["update", "new 1", "new 2", "new 3"],
    ["delete", "1", "2", "3"],
  ]);
  assertEquals(client.pending, 0);
});

Deno.test("changes of several calls are reported in order, with a message for each event", async () => {
  await using setup = await Setup.start();
  const [a, b, c] = add(setup, "a", "b", "c");
  await using client = await setup.connect();
  await subscribe(client, { query: QUERY });

  const answer = await hold(setup);
  await setup.create({ title: "d" });
  await setup.update(a ?? 0, { title: "new a" });
  await setup.update(b ?? 0, { title: "new b" });
  await setup.delete(c ?? 0);
  await setup.create({ title: "e" });
  answer();

  assertEquals((await client.take(4)).map(outline), [
    ["create", "d"],
    ["update", "new a", "new b"],
    ["delete", "3"],
    ["create", "e"],
  ]);
});

Deno.test("each change of an item is a separate message", async () => {
  await using setup = await Setup.start();
  const [id = 0] = add(setup, "a");
  await using client = await setup.connect();
  await subscribe(client, { item: id, query: QUERY });
  await using other = await setup.connect();
  await subscribe(other, { query: QUERY });

  await setup.report({ event: "create", keys: add(setup, "b", "c").map(String) });
  await other.next();
  await setup.update(id, { title: "new" });

  assertEquals((await client.next()).data, { id, title: "new" });
});

Deno.test("rows that are longer than a frame are reported in several messages", async () => {
  await using setup = await Setup.start();
  await using client = await setup.connect();
  await subscribe(client, { query: QUERY });

  const titles = Array.from({ length: 60 }, (_, index) => `${index}`.padEnd(2_000, "x"));
  await setup.report({ event: "create", keys: add(setup, ...titles).map(String) });
  const messages = await client.take(2);

  assertEquals(messages.flatMap(({ data }) => data.map(({ title }: Task) => title)), titles);
  for (const frame of client.frames) assertLess(frame.length, MAX_LENGTH);
});
