/**
 * Tests of sessions and rights that end while a client is connected, from Directus to the client.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { DirectusStandIn } from "../directus/stand_in.ts";
import { SseClient, urlOf } from "../support/sse_client.ts";
import { RevalidationBench } from "./revalidation_setup.ts";

const ENDED = { code: 4401, reason: "session is no longer good" };
const REVOKED = { code: 4503, reason: "revoked by the operator" };

function gone(topic: string): unknown {
  return { type: "unsubscribed", topic, reason: "forbidden" };
}

for (
  const [name, end] of [
    ["logs out", (directus, cookie) => directus.logOut(cookie)],
    ["is suspended", (directus) => directus.suspend("ada-id")],
    ["is deleted", (directus) => directus.remove("ada-id")],
    ["changes the password", (directus) => directus.changePassword("ada-id", "other")],
    ["stays too long", (directus, cookie) => directus.expire(cookie)],
  ] as [string, (directus: DirectusStandIn, cookie: string) => void][]
) {
  Deno.test(`LiveServer closes with 4401 when a user ${name}, and sends nothing more`, async () => {
    await using bench = await RevalidationBench.start();
    const cookie = bench.directus.session("ada-id");
    const [client] = await bench.connect(cookie, "events:1");
    await bench.rounds(2);
    end(bench.directus, cookie);

    assertEquals(await client.closed, ENDED);
    await bench.live.publish("events:1", "secret");

    assertEquals(client.pending, 0);
    assertEquals(bench.live.metrics.disconnects, [4401]);
    assertEquals((await bench.live.knock("/", { cookie })).status, 401); // the cache does not help
  });
}

Deno.test("LiveServer closes all connections of a session that ends, and no others", async () => {
  await using bench = await RevalidationBench.start();
  const over = bench.directus.session("ada-id");
  const tabs = [await bench.connect(over, "events:1"), await bench.connect(over)];
  const [other] = await bench.connect(bench.directus.session("ada-id"), "events:1");

  bench.directus.logOut(over);

  for (const [tab] of tabs) assertEquals(await tab.closed, ENDED);
  await bench.rounds(2);
  await bench.live.publish("events:1", "on");
  assertEquals((await other.next()).data, "on");
  await other.close();
});

Deno.test("LiveServer ends a subscription when the user may no longer read the item", async () => {
  await using bench = await RevalidationBench.start();
  const [client] = await bench.connect(bench.directus.session("ada-id"), "events:1", "events:2");

  bench.directus.deny("ada-id", "events", 1);

  assertEquals(await client.next(), gone("events:1"));
  await bench.live.publish("events:1", "secret");
  await bench.live.publish("events:2", "open");
  assertEquals((await client.next()).data, "open");
  assertEquals((await client.subscribe("events:1")).code, "forbidden"); // the cache does not help
  assertEquals(bench.live.metrics.withdrawals, 1);
  await client.close();
});

Deno.test("LiveServer checks all topics of a collection in one call", async () => {
  await using bench = await RevalidationBench.start();
  const topics = Array.from({ length: 20 }, (_, i) => `many:${i + 1}`);
  const [client] = await bench.connect(bench.directus.session("ada-id"), ...topics);
  const before = bench.directus.calls.length;
  await bench.rounds(3);
  const calls = bench.directus.calls.slice(before, before + 4).map(({ route }) => route);
  assertEquals(calls.toSorted(), [
    "GET /items/:collection",
    "GET /items/:collection",
    "GET /users/me",
    "GET /users/me",
  ]);
  await client.close();
});

for (const fault of ["broken", "down", "limited", "page"] as const) {
  Deno.test(`LiveServer closes no connection while Directus is ${fault}, and logs it once`, async () => {
    await using bench = await RevalidationBench.start();
    const clients = await Promise.all(
      ["ada-id", "ada-id", "ada-id"].map((user) =>
        bench.connect(bench.directus.session(user), "events:1")
      ),
    );
    bench.directus.fail(fault);
    const { metrics, logger } = bench.live;
    const failed = () => metrics.revalidations.filter((result) => result === "unavailable").length;
    await metrics.until(() => failed() >= 10);

    await bench.live.publish("events:1", "on");
    for (const [client] of clients) assertEquals((await client.next()).data, "on");

    assertEquals(logger.of("warn").map(({ message }) => message), [
      "sessions cannot be revalidated and stay connected",
    ]);
    assertEquals([metrics.disconnects, metrics.withdrawals], [[], 0]);
    for (const [client] of clients) await client.close();
  });
}

Deno.test("LiveServer keeps a subscription while Directus fails only for its item", async () => {
  await using bench = await RevalidationBench.start();
  const [client] = await bench.connect(bench.directus.session("ada-id"), "events:1");
  bench.directus.fail("broken", "GET /items/:collection/:id");
  await bench.live.metrics.until(({ revalidations }) => revalidations.includes("unavailable"));
  await bench.live.publish("events:1", "on");
  assertEquals((await client.next()).data, "on");
  await client.close();
});

Deno.test("LiveServer lets a client reconnect with the fresh cookie and resume", async () => {
  await using bench = await RevalidationBench.start();
  const stale = bench.directus.session("ada-id");
  const [client, { epoch }] = await bench.connect(stale, "events:1");
  await bench.live.publish("events:1", "seen");
  const { offset } = await client.next();
  const fresh = bench.directus.rotate(stale);
  bench.directusNow += 9_999;
  await bench.rounds(2);
  assertEquals(bench.live.metrics.disconnects, []);

  bench.directusNow += 1; // from now on Directus rejects the old one

  assertEquals(await client.closed, ENDED);
  await bench.live.publish("events:1", "missed");
  const [back] = await bench.connect(fresh);
  const start = await back.subscribe("events:1", { since: { epoch, offset } });
  assertEquals([start.recovered, start.messages.length], [true, 1]);
  assertEquals(start.messages[0].data, "missed");
  await bench.rounds(2);
  await back.close();
});

Deno.test("a stream ends with 4401 when its session ends, and resumes with the fresh cookie", async () => {
  await using bench = await RevalidationBench.start();
  const stale = bench.directus.session("ada-id");
  const url = urlOf(bench.live, ["events:1"]);
  await using stream = await SseClient.connect(url, { cookie: stale });
  await stream.take(2);
  const fresh = bench.directus.rotate(stale);
  bench.directusNow += 10_000;

  const { event, data } = await stream.event();

  assertEquals([event, JSON.parse(data)], ["close", ENDED]);
  await bench.live.publish("events:1", "missed");
  const headers = { cookie: fresh, "last-event-id": stream.lastEventId };
  await using back = await SseClient.connect(url, headers);
  const [, start] = await back.take(2);
  assertEquals([start.recovered, start.messages[0].data], [true, "missed"]);
});

Deno.test("a stream continues with the topics that are left, and ends with the last one", async () => {
  await using bench = await RevalidationBench.start();
  const cookie = bench.directus.session("ada-id");
  await using stream = await SseClient.connect(urlOf(bench.live, ["events:1", "events:2"]), {
    cookie,
  });
  await stream.take(3);
  bench.directus.deny("ada-id", "events", 1);
  assertEquals(await stream.next(), gone("events:1"));
  await bench.live.publish("events:1", "secret");
  await bench.live.publish("events:2", "open");
  assertEquals((await stream.next()).data, "open");

  bench.directus.deny("ada-id", "events", 2);

  assertEquals(await stream.next(), gone("events:2"));
  const { event, data } = await stream.event();
  assertEquals([event, JSON.parse(data).code], ["close", 4403]);
  assertEquals(bench.live.metrics.disconnects, [4403]);
});

Deno.test("LiveServer checks no session again with an interval of 0", async () => {
  await using bench = await RevalidationBench.start(0);
  const [client] = await bench.connect(bench.directus.session("ada-id"), "events:1");
  assertEquals(bench.directus.calls.length, 2);
  await client.close();
});

Deno.test("revoking a user closes at once, and bypasses the cache for the next connection", async () => {
  await using bench = await RevalidationBench.start(0);
  const cookie = bench.directus.session("ada-id");
  const [client] = await bench.connect(cookie, "events:1");
  bench.directus.suspend("ada-id");

  assertEquals((await bench.revoke({ user: ["ada-id"] })).closed, 1);

  assertEquals(await client.closed, REVOKED);
  assertEquals((await bench.live.knock("/", { cookie })).status, 401);
});

Deno.test("revoking a topic checks its subscribers at once, and bypasses the cache", async () => {
  await using bench = await RevalidationBench.start(0);
  const [ada] = await bench.connect(bench.directus.session("ada-id"), "events:1");
  bench.directus.allow("bob-id", "events", 1);
  const [bob] = await bench.connect(bench.directus.session("bob-id"), "events:1");
  bench.directus.deny("bob-id", "events", 1);

  const revoked = await bench.revoke({ topic: "events:1" });

  assertEquals(revoked, { closed: 0, asked: 2, withdrawn: 1 });
  assertEquals(await bob.next(), gone("events:1"));
  await bench.live.publish("events:1", "secret");
  assertEquals((await ada.next()).data, "secret");
  assertEquals((await bob.subscribe("events:1")).code, "forbidden");
  await Promise.all([ada.close(), bob.close()]);
});

Deno.test("revoking the user of a stream ends it with a delay of an hour", async () => {
  await using bench = await RevalidationBench.start(0);
  const cookie = bench.directus.session("ada-id");
  await using stream = await SseClient.connect(urlOf(bench.live, ["events:1"]), { cookie });
  await stream.take(2);

  await bench.revoke({ user: ["ada-id"] });

  const { event, data, retry = 0 } = await stream.event();
  assertEquals([event, JSON.parse(data)], ["close", REVOKED]);
  assert(retry >= 3_600_000);
});
