/**
 * Who may connect: origins, limits, the order of the checks, and clients that leave meanwhile.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Authority } from "../../live/domain/authority.ts";
import { cookieOf, fakeAuthority, userOf } from "../support/authorities.ts";
import { Client } from "../support/client.ts";
import type { Live } from "../support/live.ts";
import { RawClient, UPGRADE_HEADERS } from "../support/raw_client.ts";
import { testOnEach } from "../support/transports.ts";

const cookie = cookieOf("ada");
const LISTED = "https://app.example";

for (
  const [name, allowed, origin, status] of [
    ["listed", [LISTED], LISTED, 101],
    ["listed beside others", ["https://x.example", LISTED], LISTED, 101],
    ["not listed", [LISTED], "https://evil.example", 403],
    ["not listed as none is", [], LISTED, 403],
    ["absent, as of what is no browser", [LISTED], undefined, 101],
    ["absent while none is listed", [], undefined, 101],
    ['"null", as of a sandboxed frame', [LISTED], "null", 403],
    ["empty", [LISTED], "", 403],
    ["a listed one's subdomain", [LISTED], "https://evil.app.example", 403],
    ["a listed one with more behind", [LISTED], "https://app.example.evil.example", 403],
    ["a listed one of another scheme", [LISTED], "http://app.example", 403],
    ["a listed one of another port", [LISTED], "https://app.example:8443", 403],
    ["any where * is listed", ["*"], "https://evil.example", 101],
    ['"null" where * is listed', ["*"], "null", 101],
    ["*", [LISTED], "*", 403],
  ] as const
) {
  testOnEach(
    `LiveServer answers ${status} to an upgrade whose Origin is ${name}`,
    async (startLive) => {
      await using live = await startLive({ options: { allowedOrigins: new Set(allowed) } });

      const head = await live.knock("/", { cookie, origin });

      assertEquals(head.status, status);
    },
  );
}

// In the order of the checks: each request fails all that follow, too.
for (
  const [name, result, headers] of [
    ["draining before origin", "draining", { origin: "https://evil.example" }],
    ["origin before capacity", "origin", { origin: "https://evil.example" }],
    ["capacity before the cookie", "capacity", {}],
    ["capacity before the authority", "capacity", { cookie }],
  ] as const
) {
  testOnEach(`LiveServer checks ${name}`, async (startLive) => {
    const authority = fakeAuthority();
    await using live = await startLive({ authority, options: { maxConnections: 1 } });
    using _peer = await live.connectRaw("bob"); // takes the one place, and holds a drain up
    if (result === "draining") live.server.stop();

    await live.knock("/", headers);

    assertEquals(live.metrics.upgrades, ["accepted", result]);
    assertEquals(authority.asked, ["authenticate bob"]);
  });
}

testOnEach("LiveServer checks the cookie before it asks the authority", async (startLive) => {
  const authority = fakeAuthority();
  await using live = await startLive({ authority });

  await live.knock("/", { cookie: "other=1" });

  assertEquals(live.metrics.upgrades, ["unauthorized"]);
  assertEquals(authority.asked, []);
});

testOnEach("LiveServer without an authority admits everybody, as nobody", async (startLive) => {
  await using live = await startLive({ authority: null });
  await using client = await Client.connect(live.ws);

  assertEquals((await client.next()).user, null);
});

testOnEach(
  "LiveServer admits as many connections as allowed, and one more when one left",
  async (startLive) => {
    await using live = await startLive({ options: { maxConnections: 2 } });
    await using first = await live.connect("ada");
    await using _second = await live.connect("bob");
    assertEquals((await live.knock("/", { cookie })).status, 503);

    await first.close();
    await live.metrics.until(({ gauges }) => gauges.connections === 1);

    assertEquals((await live.knock("/", { cookie })).status, 101);
  },
);

testOnEach(
  "LiveServer admits as many connections of a user as allowed, and others'",
  async (startLive) => {
    await using live = await startLive({ options: { maxConnectionsPerUser: 2 } });
    await using first = await live.connect("ada");
    await using _second = await live.connect("ada");
    assertEquals((await live.knock("/", { cookie })).status, 429);
    assertEquals((await live.knock("/", { cookie: cookieOf("bob") })).status, 101);

    await first.close();
    await live.metrics.until(({ disconnects }) => disconnects.length === 2);

    assertEquals((await live.knock("/", { cookie })).status, 101);
  },
);

/** An authority that answers nobody before it is told to. */
function gated(): { authority: Authority; answer: (error?: Error) => void } {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const authority = fakeAuthority({
    authenticate: (cookie) =>
      promise.then(() => ({
        kind: "authenticated",
        user: userOf(cookie.header()),
      })),
  });
  return { authority, answer: (error) => error === undefined ? resolve() : reject(error) };
}

/** Asks for so many upgrades at the same time; resolves once all are under way or answered. */
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

testOnEach("LiveServer counts requests under way as connections", async (startLive) => {
  const { authority, answer } = gated();
  await using live = await startLive({ authority, options: { maxConnections: 3 } });

  const clients = await knockTogether(live, 8);
  assertEquals(live.metrics.gauges.pendingUpgrades, 3);
  answer();

  assertEquals(await statusesOf(clients), [101, 101, 101, 503, 503, 503, 503, 503]);
});

testOnEach(
  "LiveServer counts requests answered at the same time as a user's",
  async (startLive) => {
    const { authority, answer } = gated();
    await using live = await startLive({ authority, options: { maxConnectionsPerUser: 2 } });

    const clients = await knockTogether(live, 5);
    answer();

    assertEquals(await statusesOf(clients), [101, 101, 429, 429, 429]);
  },
);

testOnEach("LiveServer frees the places of requests that failed", async (startLive) => {
  const { authority, answer } = gated();
  await using live = await startLive({ authority, options: { maxConnections: 2 } });

  const clients = await knockTogether(live, 2);
  answer(new Error("broken"));

  assertEquals(await statusesOf(clients), [500, 500]);
  assertEquals((await live.knock("/", { cookie })).status, 500, "not 503");
});

for (const path of ["/", "/?reject=close"]) {
  testOnEach(
    `LiveServer keeps nothing of a client that left ${path} while it was checked`,
    async (startLive) => {
      const { authority, answer } = gated();
      await using live = await startLive({ authority, options: { maxConnections: 1 } });
      const [client] = await knockTogether(live, 1);

      client?.close();
      await live.knock("/"); // whose answer comes after the server has seen the other leave
      answer();
      await live.metrics.until(({ gauges }) => gauges.pendingUpgrades === 0);

      assertEquals((await live.knock("/", { cookie })).status, 101);
      assertEquals(live.metrics.upgrades, ["capacity", "left", "accepted"]);
      // The drain at the end of the test would not end if the server held on to its socket.
    },
  );
}
