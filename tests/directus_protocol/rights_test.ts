/**
 * Tests of subscriptions whose rights change, and of a Directus that is out of reach.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeSource } from "../views/setup.ts";
import { Setup, subscribe } from "./setup.ts";

Deno.test("a subscription ends without an error when the user loses the right to the collection", async () => {
  await using setup = await Setup.start();
  const ids = [1, 2, 3].map(() => String(setup.add({ title: "a", status: "open" })));
  await using client = await setup.connect("bob");
  await subscribe(client);

  await setup.setRight("bob", false);
  const [deleted, ended] = await client.take(2);
  await setup.create({ title: "secret", status: "open" });

  assertEquals([deleted.event, deleted.data], ["delete", ids]);
  assertEquals(ended, { type: "subscription", event: "unsubscribe", uid: "1" });
  assertEquals(await client.ask({ type: "ping" }), { type: "pong" });
});

Deno.test("a subscription begins again if the user may read other rows than before", async () => {
  await using setup = await Setup.start();
  setup.add({ title: "a", status: "open" });
  await using client = await setup.connect("ada");
  await subscribe(client, { query: { fields: ["title"] } });
  const { permissions } = setup.database.rights;
  const index = permissions.findIndex(({ policy }) => policy === "ada");
  const permission = permissions[index];
  if (permission) permissions[index] = { ...permission, permissions: { status: { _eq: "done" } } };

  await setup.report({ collection: "directus_permissions", event: "update" });
  const again = await client.next();

  assertEquals([again.event, again.data], ["init", []]);
});

Deno.test("a subscription waits while Directus is out of reach", async () => {
  await using setup = await Setup.start();
  await using client = await setup.connect();
  setup.directus.fail("broken", "SEARCH /items/:collection");

  client.send({ type: "subscribe", collection: "tasks", uid: "1" });
  await setup.metrics.until(({ viewReads }) => viewReads.length > 0);
  setup.directus.fail(undefined, "SEARCH /items/:collection");

  assertEquals((await client.next()).event, "init");
});

Deno.test("a change of unknown rows is found by reading the list again", async () => {
  await using setup = await Setup.start();
  const [gone, kept] = [setup.add({ title: "a" }), setup.add({ title: "b" })];
  await using client = await setup.connect();
  await subscribe(client, { query: { fields: ["title"] } });

  setup.database.tables.get("tasks")?.rows.delete(gone);
  setup.put(kept, { title: "c" });
  await setup.report({});
  const events = await client.take(2);

  assertEquals(events.map(({ event, data }) => [event, data[0]]), [
    ["update", { title: "c" }],
    ["delete", String(gone)],
  ]);
});

Deno.test("a client that disconnects in the middle of a start leaves nothing behind", async () => {
  await using setup = await Setup.start();
  const client = await setup.connect();
  client.send({ type: "subscribe", collection: "tasks", uid: "1" });
  client.send({ type: "subscribe", collection: "tasks", uid: "2", query: { fields: ["id"] } });

  await client.close();
  await setup.metrics.until(({ gauges }) => gauges.connections === 0);

  const { subscriptions, connections } = setup.metrics.gauges;
  assertEquals([subscriptions, connections], [0, 0]);
});

Deno.test("a client that authenticates as another user gets nothing more with the rights of the first", async () => {
  const source = new FakeSource();
  source.touched = new Set(["tasks"]);
  source.list = "a";
  source.classes.set("bob", { kind: "unavailable", reason: "slow", retryAfterMs: 60_000 });
  await using setup = await Setup.start({ viewSource: source });
  await using client = await setup.connect("ada");
  await using witness = await setup.connect("ada");
  for (const each of [client, witness]) assertEquals((await subscribe(each)).event, "init");

  await client.ask({ type: "auth", access_token: setup.token("bob") });
  source.list = "ab";
  await setup.report({ event: "create", keys: ["b"] });

  assertEquals((await witness.next()).event, "create");
  assertEquals(await client.ask({ type: "ping" }), { type: "pong" });
});

Deno.test("a view goes on after rights changed while Directus could not say whose a session is", async () => {
  await using setup = await Setup.start();
  await using client = await setup.connect();
  await subscribe(client, { query: { fields: ["title"] } });

  setup.directus.fail("broken", "GET /users/me");
  await setup.report({ collection: "directus_permissions" });
  await setup.metrics.until(({ revalidations }) => revalidations.includes("unavailable"));
  setup.directus.fail(undefined, "GET /users/me");
  await setup.create({ title: "a" });

  assertEquals((await client.next()).event, "create");
});
