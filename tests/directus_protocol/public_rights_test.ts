/**
 * Tests of what becomes of the public's subscriptions when its rights change, and of its limits.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { startPublic, subscribe } from "./setup.ts";

const PONG = { type: "pong" };
const ended = { type: "subscription", event: "unsubscribe", uid: "1" };
const TITLE = { query: { fields: ["title"] } };

Deno.test("rows that the public may not see any more are reported as deleted, and others are never sent", async () => {
  await using setup = await startPublic();
  const id = setup.add({ title: "draft", status: "open" });
  await using client = await setup.connectGuest();
  await subscribe(client, TITLE);

  await setup.setPublic({ status: { _eq: "published" } });
  const deleted = await client.next();
  await setup.create({ title: "secret", status: "open" });
  await setup.create({ title: "news", status: "published" });
  const created = await client.next();

  assertEquals([deleted.event, deleted.data], ["delete", [String(id)]]);
  assertEquals([created.event, created.data], ["create", [{ title: "news" }]]);
});

Deno.test("a field that the public may not read any more ends the subscription that shows it", async () => {
  await using setup = await startPublic();
  const id = setup.add({ title: "a", status: "open" });
  await using client = await setup.connectGuest();
  await subscribe(client, TITLE);

  await setup.setPublic({}, ["id", "status"]);
  setup.put(id, { title: "secret" });

  assertEquals((await client.next()).event, "delete");
  assertEquals(await client.next(), ended);
});

Deno.test("a subscription ends without an error when the public may not read its collection any more", async () => {
  await using setup = await startPublic();
  const id = setup.add({ title: "a", status: "open" });
  await using client = await setup.connectGuest();
  await subscribe(client, TITLE);

  await setup.setPublic(undefined);
  const [deleted, end] = await client.take(2);

  assertEquals([deleted.event, deleted.data], ["delete", [String(id)]]);
  assertEquals([end, await client.ask({ type: "ping" })], [ended, PONG]);
});

Deno.test("a user who loses rights does not affect the public", async () => {
  await using setup = await startPublic();
  await using client = await setup.connectGuest();
  await subscribe(client, TITLE);

  await setup.report({ collection: "directus_users", event: "update", keys: ["ada"] });
  await setup.create({ title: "news", status: "open" });

  assertEquals((await client.next()).data, [{ title: "news" }]);
});

Deno.test("the public is never revalidated, and stays connected when sessions of users end", async () => {
  await using setup = await startPublic({ revalidateIntervalMs: 20 });
  await using client = await setup.connectGuest();
  await subscribe(client, TITLE);

  await setup.metrics.until(({ revalidations }) => revalidations.length > 2);
  await setup.create({ title: "news", status: "open" });

  assertEquals((await client.next()).data, [{ title: "news" }]);
  assertEquals(setup.directus.count("GET /users/me"), 0);
  assertEquals(setup.directus.count("GET /permissions/me"), 0);
});

Deno.test("the limit of all connections counts the public, but the limit per user does not", async () => {
  await using setup = await startPublic({ maxConnections: 3, maxConnectionsPerUser: 1 });
  await using _first = await setup.connectGuest();
  await using _second = await setup.connectGuest();
  await using third = await setup.connectGuest();

  await assertRejects(() => setup.connectGuest());
  await third.close();
  await setup.metrics.until(({ gauges }) => gauges.closingSockets === 0);
  await using _fourth = await setup.connectGuest();
});

Deno.test("a client takes a user's place only while it is authenticated as that user", async () => {
  await using setup = await startPublic({ maxConnectionsPerUser: 1 });
  await using first = await setup.connectGuest();
  await using second = await setup.connectGuest();
  const ada = () => ({ type: "auth", access_token: setup.token() });

  await first.ask(ada());
  await first.ask({ type: "auth", access_token: "bad" });
  const answer = await second.ask(ada());
  first.send(ada());

  assertEquals(answer, { type: "auth", status: "ok" });
  assertEquals((await first.closed).code, 4429);
});

Deno.test("a connection of the public is revoked by its id, and a user's connection by the user", async () => {
  await using setup = await startPublic();
  await using guest = await setup.connectGuest();
  await using user = await setup.connectGuest();
  await user.ask({ type: "auth", access_token: setup.token() });
  const rows = (await setup.live.status?.(
    { connections: "", connectionsBy: "newest", topics: "", topicsBy: "rate", limit: 10 },
  ))?.connections.rows ?? [];
  const id = rows.find((row) => row.user === null)?.id ?? "";

  const { closed } = await setup.live.revoke({ user: ["ada"] });
  const still = await guest.ask({ type: "ping" });
  await setup.live.revoke({ connection: id });

  assertEquals([closed, still], [1, PONG]);
  assertEquals([(await user.closed).code, (await guest.closed).code], [4503, 4503]);
});
