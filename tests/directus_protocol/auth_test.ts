/**
 * Tests of how clients authenticate: at the upgrade, or by a message.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { Client } from "../support/client.ts";
import { Setup, subscribe } from "./setup.ts";

const OK = { type: "auth", status: "ok" };
const failed = (code: string, message: string) => ({
  type: "auth",
  status: "error",
  error: { code, message },
});
const HANDSHAKE_FAILED = failed("AUTH_FAILED", "Authentication handshake failed.");
const AUTH_FAILED = failed("AUTH_FAILED", "Authentication failed.");

Deno.test("a client authenticates by its first message, and its uid comes back", async () => {
  await using setup = await Setup.start();
  await using client = await setup.connectGuest();

  const answer = await client.ask({ type: "auth", access_token: setup.token(), uid: 7 });
  const init = await subscribe(client);

  assertEquals(answer, { ...OK, uid: 7 });
  assertEquals(init.event, "init");
});

Deno.test("messages right after the first one wait until it was checked", async () => {
  await using setup = await Setup.start();
  await using client = await setup.connectGuest();

  client.send({ type: "auth", access_token: setup.token() });
  client.send({ type: "subscribe", collection: "tasks", uid: "1" });
  client.send({ type: "ping", uid: "2" });
  const [first, ...others] = await client.take(3);

  assertEquals(first, OK);
  assertEquals(others.map(({ uid }) => uid).sort(), ["1", "2"]);
});

Deno.test("a session cookie authenticates at the upgrade, and nothing is sent", async () => {
  await using setup = await Setup.start();
  await using client = await Client.connect(setup.url, { cookie: setup.directus.session("ada") });

  assertEquals(await client.ask({ type: "ping" }), { type: "pong" });
});

for (
  const [mode, noted] of [
    ["handshake", [["cookie", "none, and no auth message"]]],
    ["public", []],
  ] as const
) {
  Deno.test(`with ${mode}, a client that subscribes first is noted ${noted.length} times`, async () => {
    const notes: string[][] = [];
    const refusals = { note: (...note: string[]) => notes.push(note) };
    await using setup = await Setup.start({ refusals, directusAuth: mode });
    await using client = await setup.connectGuest();

    await client.ask({ type: "subscribe", collection: "tasks" });

    assertEquals(notes, noted.map((note) => [...note]));
  });
}

for (
  const [name, message] of [
    ["another message", { type: "subscribe", collection: "tasks" }],
    ["a ping", { type: "ping" }],
    ["no JSON", "hello"],
    ["auth without a credential", { type: "auth" }],
    ["auth with a bad token", { type: "auth", access_token: "bad", uid: 1 }],
    ["auth with what no token can be", { type: "auth", access_token: "a b" }],
  ] as const
) {
  Deno.test(`${name} as first message fails the handshake, and closes`, async () => {
    await using setup = await Setup.start();
    await using client = await setup.connectGuest();

    assertEquals(await client.ask(message), HANDSHAKE_FAILED);
    assertEquals((await client.closed).code, 4501);
    assertEquals(client.pending, 0);
  });
}

for (
  const [name, message] of [
    ["a password", { type: "auth", email: "ada@example.com", password: "demo" }],
    ["a refresh token", { type: "auth", refresh_token: "x" }],
  ] as const
) {
  Deno.test(`${name} is refused with the reason`, async () => {
    await using setup = await Setup.start();
    await using client = await setup.connectGuest();

    const { error } = await client.ask(message);

    assertEquals(error.code, "AUTH_FAILED");
    assertEquals(error.message.includes("access_token only"), true);
    assertEquals((await client.closed).code, 4501);
  });
}

for (
  const [name, query, cookie] of [
    ["a bad token", "?access_token=bad", undefined],
    ["a bad cookie", "", "directus_session_token=bad"],
  ] as const
) {
  Deno.test(`an upgrade with ${name} is refused, even though the client could send auth`, async () => {
    await using setup = await Setup.start();
    const response = await fetch(setup.url.replace("ws:", "http:") + query, {
      headers: {
        connection: "upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
        ...(cookie && { cookie }),
      },
    });

    await response.body?.cancel();
    assertEquals(response.status, 401);
  });
}

Deno.test("LIVE_DIRECTUS_AUTH=strict refuses an upgrade without a credential", async () => {
  await using setup = await Setup.start({ directusAuth: "strict" });
  await using refused = new Client(`${setup.url}?reject=close`);
  await using client = await setup.connect();

  assertEquals((await refused.closed).code, 4501);
  assertEquals((await subscribe(client)).event, "init");
});

Deno.test("a client that authenticates again keeps its subscriptions, without another start", async () => {
  await using setup = await Setup.start();
  await using client = await setup.connect();
  await subscribe(client);

  const answer = await client.ask({ type: "auth", access_token: setup.token(), uid: "a" });
  const id = await setup.create({ title: "a" });

  assertEquals(answer, { ...OK, uid: "a" });
  assertEquals((await client.next()).data, [{ id, title: "a", status: null }]);
});

Deno.test("a client that authenticates as another user gets what that user may read", async () => {
  await using setup = await Setup.start();
  setup.add({ title: "done", status: "done" });
  const open = setup.add({ title: "open", status: "open" });
  await using client = await setup.connect("ada");
  const first = await subscribe(client, { query: { fields: ["id"] } });

  await client.ask({ type: "auth", access_token: setup.token("bob") });
  const second = await client.next();

  assertEquals([first.event, first.data.length], ["init", 2]);
  assertEquals([second.event, second.data], ["init", [{ id: open }]]);
});

Deno.test("a bad token later on fails, and closes", async () => {
  await using setup = await Setup.start();
  await using client = await setup.connect();

  const answer = await client.ask({ type: "auth", access_token: "bad", uid: 1 });

  assertEquals(answer, { ...AUTH_FAILED, uid: 1 });
  assertEquals((await client.closed).code, 4501);
});

Deno.test("the limit of connections per user counts clients that authenticate later", async () => {
  await using setup = await Setup.start({ maxConnectionsPerUser: 1 });
  await using _first = await setup.connect();
  await using second = await setup.connectGuest();
  await using other = await setup.connectGuest();

  second.send({ type: "auth", access_token: setup.token() });
  const answer = await other.ask({ type: "auth", access_token: setup.token("bob") });

  assertEquals((await second.closed).code, 4429);
  assertEquals(answer, OK);
});

Deno.test("a user at the limit of connections can renew a token on each of them", async () => {
  await using setup = await Setup.start({ maxConnectionsPerUser: 1, maxConnections: 1 });
  await using client = await setup.connect();

  for (const uid of [1, 2]) {
    const answer = await client.ask({ type: "auth", access_token: setup.token(), uid });
    assertEquals(answer, { ...OK, uid });
  }
  await assertRejects(() => setup.connect()); // it still counts
});

Deno.test("a user who is revoked is disconnected, however they authenticated", async () => {
  await using setup = await Setup.start();
  await using client = await setup.connectGuest();
  await client.ask({ type: "auth", access_token: setup.token() });

  await setup.live.revoke({ user: ["ada"] });

  assertEquals((await client.closed).code, 4503);
});

Deno.test("while Directus is out of reach, a client that authenticates is asked to come back", async () => {
  await using setup = await Setup.start();
  await using client = await setup.connectGuest();
  setup.directus.fail("down");

  client.send({ type: "auth", access_token: setup.token() });

  assertEquals((await client.closed).code, 1013);
  assertEquals(client.frames, []);
});

Deno.test("a client whose session is over may continue with another token, and loses nothing", async () => {
  await using setup = await Setup.start({ revalidateIntervalMs: 50 });
  await using client = await setup.connectGuest();
  const token = setup.token();
  await client.ask({ type: "auth", access_token: token });
  await subscribe(client, { query: { fields: ["id"] } });

  setup.directus.logOut(`directus_session_token=${token}`);
  const expired = await client.next();
  const id = await setup.create({ title: "meanwhile" });
  const answer = await client.ask({ type: "auth", access_token: setup.token() });
  const [event, data] = [await client.next()].map(({ event, data }) => [event, data])[0] ?? [];

  assertEquals(expired, failed("TOKEN_EXPIRED", "Token expired."));
  assertEquals(answer, OK);
  // The view had no other member meanwhile, so its list is read again.
  assertEquals([event, data], ["create", [{ id }]]);
});

Deno.test("a connection whose cookie's session is over closes, because the browser has a new cookie", async () => {
  await using setup = await Setup.start({ revalidateIntervalMs: 50 });
  const cookie = setup.directus.session("ada");
  await using client = await Client.connect(setup.url, { cookie });
  await subscribe(client);

  setup.directus.logOut(cookie);

  assertEquals(await client.next(), failed("TOKEN_EXPIRED", "Token expired."));
  assertEquals((await client.closed).code, 4401);
});
