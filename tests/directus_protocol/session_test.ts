/**
 * Tests of other messages of clients, and of subscriptions by name.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Setup, subscribe } from "./setup.ts";

Deno.test("a second subscription with the same name replaces the first", async () => {
  await using setup = await Setup.start();
  await using client = await setup.connect();
  const query = { fields: ["title"], filter: { status: { _eq: "open" } } };
  await subscribe(client, { query: { fields: ["id"] } });
  const second = await subscribe(client, { query });

  await setup.create({ title: "a", status: "done" });
  await setup.create({ title: "b", status: "open" });

  assertEquals(second.data, []);
  assertEquals((await client.next()).data, [{ title: "b" }]);
});

Deno.test("two equal subscriptions at the same moment are one, with two starts", async () => {
  await using setup = await Setup.start();
  await using client = await setup.connect();
  const message = { type: "subscribe", collection: "tasks", uid: "1", query: { fields: ["id"] } };

  client.send(message);
  client.send(message);
  const starts = await client.take(2);
  const first = await setup.create({});
  const event = await client.next();
  const second = await setup.create({});

  assertEquals(starts.map(({ event }) => event), ["init", "init"]);
  assertEquals([event.data, (await client.next()).data], [[{ id: first }], [{ id: second }]]);
});

Deno.test("subscriptions without a name are independent, and their messages have none", async () => {
  await using setup = await Setup.start();
  await using client = await setup.connect();
  for (const fields of [["id"], ["title"]]) {
    await subscribe(client, { uid: undefined, query: { fields } });
  }

  const id = await setup.create({ title: "a" });
  const events = await client.take(2);

  assertEquals(events.map(({ data }) => data[0]).sort(), [{ id }, { title: "a" }]);
  assertEquals(events.some((event) => "uid" in event), false);
});

Deno.test("a number can be a name; messages carry it as text, as in Directus", async () => {
  await using setup = await Setup.start();
  await using client = await setup.connect();

  const init = await subscribe(client, { uid: 5 });
  const answer = await client.ask({ type: "unsubscribe", uid: 5 });

  assertEquals(init.uid, "5");
  assertEquals(answer, { type: "subscription", event: "unsubscribe", uid: 5 });
});

Deno.test("unsubscribe ends the subscription with the name; without a name it ends all", async () => {
  await using setup = await Setup.start();
  await using client = await setup.connect();
  for (const uid of ["1", "2", "3"]) await subscribe(client, { uid });

  await client.ask({ type: "unsubscribe", uid: "1" });
  await setup.create({});
  const after = await client.take(2);
  const answer = await client.ask({ type: "unsubscribe" });
  await setup.create({});

  assertEquals(after.map(({ uid }) => uid).sort(), ["2", "3"]);
  assertEquals(answer, { type: "subscription", event: "unsubscribe" });
  assertEquals(await client.ask({ type: "ping", uid: "x" }), { type: "pong", uid: "x" });
});

for (
  const [name, message, type, code, text] of [
    ["no JSON", "{", "server", "INVALID_PAYLOAD", "Unable to parse the incoming message."],
    ["JSON that is no object", "17", "server", "INVALID_PAYLOAD", "Validation error"],
    ["no type", { uid: "1" }, "server", "INVALID_PAYLOAD", "Validation error"],
    [
      "a uid that is neither text nor number",
      { type: "ping", uid: {} },
      "server",
      "INVALID_PAYLOAD",
    ],
    [
      "a uid that is too long",
      { type: "ping", uid: "x".repeat(257) },
      "server",
      "INVALID_PAYLOAD",
      "uid: Too big: expected string to have <=256 characters",
    ],
    [
      "no collection",
      { type: "subscribe", uid: "1" },
      "subscribe",
      "INVALID_PAYLOAD",
      "collection",
    ],
    ["an unknown event", { type: "subscribe", collection: "tasks", event: "read" }, "subscribe"],
    ["a query that is a text", { type: "subscribe", collection: "tasks", query: "x" }, "subscribe"],
    [
      "a collection without a right",
      { type: "subscribe", collection: "secrets", uid: "1" },
      "subscribe",
      "FORBIDDEN",
      "secrets",
    ],
    [
      "an item that does not exist",
      { type: "subscribe", collection: "tasks", item: 999, uid: "1" },
      "subscribe",
      "FORBIDDEN",
      "You don't have permission to access this.",
    ],
    [
      "an unknown field",
      { type: "subscribe", collection: "tasks", query: { fields: "nothing" } },
      "subscribe",
      "FORBIDDEN",
      "nothing",
    ],
    [
      "a system collection",
      { type: "subscribe", collection: "directus_users" },
      "subscribe",
      "INVALID_QUERY",
      "system collection",
    ],
    [
      "a filter that is not JSON",
      { type: "subscribe", collection: "tasks", query: { filter: "{" } },
      "subscribe",
      "INVALID_QUERY",
      "query.filter: must be JSON",
    ],
    [
      "an aggregate",
      { type: "subscribe", collection: "tasks", query: { aggregate: { count: "*" } } },
      "subscribe",
      "INVALID_QUERY",
      "not supported",
    ],
    [
      "a limit past the bound",
      { type: "subscribe", collection: "tasks", query: { limit: "5000" } },
      "subscribe",
      "INVALID_QUERY",
      "query.limit",
    ],
    [
      "a change of items",
      { type: "items", action: "read", collection: "tasks" },
      "items",
      "SERVICE_UNAVAILABLE",
      "Directus's own socket",
    ],
  ] as [string, unknown, string, string?, string?][]
) {
  Deno.test(`${name} is answered with an error, and the connection stays open`, async () => {
    await using setup = await Setup.start();
    await using client = await setup.connect();

    const answer = await client.ask(message);

    assertEquals([answer.type, answer.status], [type, "error"]);
    assertEquals(answer.error.code, code ?? "INVALID_PAYLOAD");
    assertEquals(answer.error.message.includes(text ?? ""), true);
    assertEquals(await client.ask({ type: "ping" }), { type: "pong" });
  });
}

Deno.test("a message about collaborative editing is answered in its own form", async () => {
  await using setup = await Setup.start();
  await using client = await setup.connect();

  const { message, ...answer } = await client.ask({ type: "collab", action: "join" });

  assertEquals(answer, {
    type: "collab",
    action: "error",
    code: "SERVICE_UNAVAILABLE",
    trigger: "join",
  });
  assertEquals(message.includes("Directus's own socket"), true);
});

Deno.test("messages that Directus does not answer are not answered", async () => {
  await using setup = await Setup.start();
  await using client = await setup.connect();

  for (const message of [{ type: "hello" }, { type: "auth" }, { type: "pong" }]) {
    client.send(message);
  }

  assertEquals(await client.ask({ type: "ping" }), { type: "pong" });
});

Deno.test("a binary frame is read as text", async () => {
  await using setup = await Setup.start();
  await using client = await setup.connect();

  client.send(new TextEncoder().encode('{"type":"ping","uid":1}'));

  assertEquals(await client.next(), { type: "pong", uid: 1 });
});

Deno.test("the number of subscriptions per connection is limited", async () => {
  await using setup = await Setup.start({ maxTopics: 2 });
  await using client = await setup.connect();
  for (const uid of ["1", "2"]) await subscribe(client, { uid });

  const { error } = await subscribe(client, { uid: "3" });
  const again = await subscribe(client, { uid: "2" });

  assertEquals(error, { code: "LIMIT_EXCEEDED", message: "Too many subscriptions: at most 2" });
  assertEquals(again.event, "init");
});

Deno.test("other paths serve Live's own protocol", async () => {
  await using setup = await Setup.start();
  const url = setup.url.replace("/websocket", "/");
  const { Client } = await import("../support/client.ts");
  await using client = await Client.connect(url, { cookie: setup.directus.session("ada") });

  assertEquals((await client.next()).type, "welcome");
});
