/**
 * Tests of admission: the order of the checks, the limits, and bursts of requests.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Authority } from "../../live/domain/authority.ts";
import { cookieOf, fakeAuthority } from "../support/authorities.ts";
import { Client } from "../support/client.ts";
import type { Live } from "../support/live.ts";
import { RawClient, UPGRADE_HEADERS } from "../support/raw_client.ts";
import { testOnEach } from "../support/transports.ts";

const cookie = cookieOf("ada");

// In the order of the checks: each request would fail all that follow as well.
for (
  const [name, result, headers] of [
    ["draining before the origin", "draining", { origin: "https://evil.example" }],
    ["the origin before capacity", "origin", { origin: "https://evil.example" }],
    ["capacity before the cookie", "capacity", {}],
    ["capacity before the session", "capacity", { cookie }],
  ] as const
) {
  testOnEach(`LiveServer checks ${name}`, async (startLive) => {
    const authority = fakeAuthority();
    await using live = await startLive({ authority, options: { maxConnections: 1 } });
    using _peer = await live.connectRaw("bob"); // uses up the capacity, and delays the drain
    if (result === "draining") live.server.stop();

    await live.knock("/", headers);

    assertEquals(live.metrics.upgrades, ["accepted", result]);
    assertEquals(authority.asked, ["authenticate bob"]);
  });
}

testOnEach("LiveServer does not ask the authority without a cookie", async (startLive) => {
  const authority = fakeAuthority();
  await using live = await startLive({ authority });

  await live.knock("/", { cookie: "other=1" });

  assertEquals(live.metrics.upgrades, ["unauthorized"]);
  assertEquals(authority.asked, []);
});

testOnEach("LiveServer without an authority admits anyone anonymously", async (startLive) => {
  await using live = await startLive({ authority: null });
  await using client = await Client.connect(live.ws);

  assertEquals((await client.next()).user, null);
});

for (
  const [name, options, users, status] of [
    ["connections", { maxConnections: 2 }, ["ada", "bob"], 503],
    ["connections of a user", { maxConnectionsPerUser: 2 }, ["ada", "ada"], 429],
  ] as const
) {
  testOnEach(`LiveServer limits ${name}, and admits another once one has left`, async (start) => {
    await using live = await start({ options });
    await using first = await live.connect(users[0]);
    await using _second = await live.connect(users[1]);
    assertEquals((await live.knock("/", { cookie })).status, status);

    await first.close();
    await live.metrics.until(({ gauges }) => gauges.connections === 1);

    assertEquals((await live.knock("/", { cookie })).status, 101);
  });
}

testOnEach("LiveServer limits the connections of each user alone", async (startLive) => {
  await using live = await startLive({ options: { maxConnectionsPerUser: 1 } });
  await using _ada = await live.connect("ada");

  assertEquals((await live.knock("/", { cookie: cookieOf("bob") })).status, 101);
});

/** Returns an authority that answers when the test lets it. */
function waiting(): { authority: Authority; answer: (error?: Error) => void } {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const known = fakeAuthority();
  const authority = fakeAuthority({
    authenticate: (cookie) => promise.then(() => known.authenticate(cookie)),
  });
  return { authority, answer: (error) => error === undefined ? resolve() : reject(error) };
}

/** Requests upgrades at the same time; resolves once all are being checked or were answered. */
async function knockTogether(live: Live, count: number): Promise<RawClient[]> {
  const clients = await Promise.all(
    Array.from({ length: count }, () => RawClient.connect(live.port)),
  );
  for (const client of clients) await client.request("/", { ...UPGRADE_HEADERS, cookie });
  await live.metrics.until(({ gauges, upgrades }) =>
    gauges.pendingUpgrades + upgrades.length === count
  );
  return clients;
}

async function statusesOf(clients: readonly RawClient[]): Promise<number[]> {
  const heads = await Promise.all(clients.map((client) => client.head()));
  for (const client of clients) client.close();
  return heads.map(({ status }) => status).sort();
}

testOnEach("LiveServer reserves capacity for requests that are checked", async (startLive) => {
  const { authority, answer } = waiting();
  await using live = await startLive({ authority, options: { maxConnections: 3 } });

  const clients = await knockTogether(live, 8);
  assertEquals(live.metrics.gauges.pendingUpgrades, 3);
  answer();

  assertEquals(await statusesOf(clients), [101, 101, 101, 503, 503, 503, 503, 503]);
});

testOnEach("LiveServer reserves a user's connections until they open", async (startLive) => {
  const { authority, answer } = waiting();
  await using live = await startLive({ authority, options: { maxConnectionsPerUser: 2 } });

  const clients = await knockTogether(live, 5);
  answer();

  assertEquals(await statusesOf(clients), [101, 101, 429, 429, 429]);
});

testOnEach("LiveServer releases the reservations of requests that failed", async (startLive) => {
  const { authority, answer } = waiting();
  await using live = await startLive({ authority, options: { maxConnections: 2 } });

  const clients = await knockTogether(live, 2);
  answer(new Error("broken"));

  assertEquals(await statusesOf(clients), [500, 500]);
  assertEquals((await live.knock("/", { cookie })).status, 500, "not 503");
});
