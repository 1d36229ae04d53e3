/**
 * Tests of clients without a credential, which are the public.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { Client } from "../support/client.ts";
import { TRANSPORTS } from "../support/transports.ts";
import { startPublic, subscribe } from "./setup.ts";

const PONG = { type: "pong" };
const TITLE = { query: { fields: ["title"] } };

for (const transport of TRANSPORTS) {
  Deno.test(`[${transport}] a client without a credential gets what the public may read, and no message before it`, async () => {
    await using setup = await startPublic({ transport });
    setup.add({ title: "hidden", status: "done" });
    setup.add({ title: "shown", status: "open" });
    await using client = await setup.connectGuest();

    const pong = await client.ask({ type: "ping" });
    const init = await subscribe(client, TITLE);
    await setup.create({ title: "secret", status: "done" });
    await setup.create({ title: "news", status: "open" });
    const event = await client.next();

    assertEquals([pong, init.data], [PONG, [{ title: "shown" }]]);
    assertEquals([event.event, event.data], ["create", [{ title: "news" }]]);
    await client.close();
  });

  Deno.test(`[${transport}] a client without a credential cannot use topics and event streams`, async () => {
    await using setup = await startPublic({ transport });
    const base = setup.url.replace("/websocket", "");
    const { status, body } = await fetch(`${base.replace("ws:", "http:")}/sse?topic=tasks:1`);

    await body?.cancel();
    await assertRejects(() => Client.connect(base));
    assertEquals(status, 401);
  });
}

for (
  const [name, query, cookie] of [
    ["a bad token", "&access_token=bad", undefined],
    ["a bad cookie", "", "directus_session_token=bad"],
  ] as const
) {
  Deno.test(`an upgrade with ${name} is refused, even though the public is admitted`, async () => {
    await using setup = await startPublic();
    const client = new Client(`${setup.url}?reject=close${query}`, cookie && { cookie });

    assertEquals((await client.closed).code, 4501);
  });
}

Deno.test("one read serves all public clients, and carries no credential", async () => {
  await using setup = await startPublic();
  const clients = await Promise.all(Array.from({ length: 20 }, () => setup.connectGuest()));
  await Promise.all(clients.map((client) => subscribe(client, TITLE)));

  await setup.create({ title: "news", status: "open" });
  const events = await Promise.all(clients.map((client) => client.next()));

  assertEquals(events.map(({ data }) => data[0].title), clients.map(() => "news"));
  assertEquals(
    setup.directus.calls.map(({ route }) => route),
    ["SEARCH /items/:collection", "SEARCH /items/:collection"],
  );
  for (const { headers } of setup.directus.calls) {
    assertEquals([headers.get("authorization"), headers.get("cookie")], [null, null]);
  }
  await Promise.all(clients.map((client) => client.close()));
});

Deno.test("a public client is refused what it may not read, and stays connected", async () => {
  await using setup = await startPublic();
  await using client = await setup.connectGuest();

  const secrets = await subscribe(client, { collection: "secrets" });
  const unknown = await subscribe(client, { collection: "nothing", uid: "2" });
  const field = await subscribe(client, { query: { fields: ["nothing"] }, uid: "3" });
  const init = await subscribe(client);

  assertEquals([secrets, unknown, field].map(({ error }) => error.code), [
    "FORBIDDEN",
    "FORBIDDEN",
    "FORBIDDEN",
  ]);
  assertEquals(init.event, "init");
});

Deno.test("the public shares no view with a user, because nothing proves that their rights are equal", async () => {
  await using setup = await startPublic();
  await setup.setPublic({});
  setup.add({ title: "a", status: "done" });
  await using guest = await setup.connectGuest();
  await using user = await setup.connect("ada");

  await subscribe(guest);
  await subscribe(user);

  assertEquals(setup.metrics.gauges.views, 2);
});

Deno.test("a public client that authenticates gets what the user may read", async () => {
  await using setup = await startPublic();
  setup.add({ title: "a", status: "done" });
  await using client = await setup.connectGuest();
  const first = await subscribe(client, TITLE);

  const answer = await client.ask({ type: "auth", access_token: setup.token(), uid: 1 });
  const second = await client.next();
  await setup.create({ title: "b", status: "done" });
  const event = await client.next();

  assertEquals([first.data, answer], [[], { type: "auth", status: "ok", uid: 1 }]);
  assertEquals([second.event, second.data], ["init", [{ title: "a" }]]);
  assertEquals([event.event, event.data], ["create", [{ title: "b" }]]);
});

for (
  const [name, credential] of [
    ["a bad token", { access_token: "bad" }],
    ["what no token can be", { access_token: "a b" }],
    ["a password", { email: "ada@example.com", password: "demo" }],
  ] as const
) {
  Deno.test(`${name} is refused, and the public client keeps its subscriptions`, async () => {
    await using setup = await startPublic();
    await using client = await setup.connectGuest();
    await subscribe(client, TITLE);

    const { error, uid } = await client.ask({ type: "auth", uid: 5, ...credential });
    await setup.create({ title: "news", status: "open" });
    const event = await client.next();

    assertEquals([error.code, uid], ["AUTH_FAILED", 5]);
    assertEquals([event.event, event.data], ["create", [{ title: "news" }]]);
  });

  Deno.test(`a user who sends ${name} becomes the public, and gets nothing more of the user's data`, async () => {
    await using setup = await startPublic();
    setup.add({ title: "hidden", status: "done" });
    setup.add({ title: "shown", status: "open" });
    await using client = await setup.connect("ada");
    const first = await subscribe(client, TITLE);

    const { error } = await client.ask({ type: "auth", uid: 5, ...credential });
    const second = await client.next();
    await setup.create({ title: "secret", status: "done" });
    await setup.create({ title: "news", status: "open" });
    const event = await client.next();

    assertEquals([first.data.length, error.code], [2, "AUTH_FAILED"]);
    assertEquals([second.event, second.data], ["init", [{ title: "shown" }]]);
    assertEquals([event.event, event.data], ["create", [{ title: "news" }]]);
  });
}

Deno.test("a public client waits while Directus cannot be reached", async () => {
  await using setup = await startPublic();
  await using client = await setup.connectGuest();
  setup.directus.fail("broken", "SEARCH /items/:collection");

  client.send({ type: "subscribe", collection: "tasks", uid: "1" });
  await setup.metrics.until(({ viewReads }) => viewReads.length > 0);
  setup.directus.fail(undefined, "SEARCH /items/:collection");

  assertEquals((await client.next()).event, "init");
});

Deno.test("without LIVE_DIRECTUS_AUTH=public a client without a credential is not the public", async () => {
  await using setup = await startPublic({ directusAuth: "handshake" });
  await using client = await setup.connectGuest();

  const answer = await subscribe(client);

  assertEquals(answer.error, {
    code: "AUTH_FAILED",
    message: "Authentication handshake failed.",
  });
  assertEquals((await client.closed).code, 4501);
});
