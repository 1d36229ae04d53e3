/**
 * Tests of upgrades with the states of Directus and of its sessions.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { createDirectusAuthority } from "../../live/directus/authority.ts";
import { silentMetrics } from "../../live/domain/metrics.ts";
import { BASE, options } from "../support/directus.ts";
import { createDirectusStandIn, type DirectusStandIn } from "../directus/stand_in.ts";
import { Client } from "../support/client.ts";
import type { Live } from "../support/live.ts";
import { type StartLive, testOnEach } from "../support/transports.ts";

function startOn(
  startLive: StartLive,
  directus: DirectusStandIn,
  timeoutMs = 60_000,
): Promise<Live> {
  return startLive({
    authority: createDirectusAuthority({
      baseUrl: BASE,
      timeoutMs,
      topics: new Map(),
      metrics: silentMetrics,
      fetch: directus.fetch,
    }),
  });
}

for (
  const [fault, retryAfter, timeoutMs] of [
    ["limited", "1", 60_000],
    ["pressure", "2", 60_000],
    ["broken", "2", 60_000],
    ["down", "2", 60_000],
    ["hung", "2", 20],
  ] as const
) {
  testOnEach(`LiveServer answers 503 to an upgrade while Directus is ${fault}`, async (start) => {
    const directus = createDirectusStandIn(options);
    const cookie = directus.session("ada-id");
    directus.fail(fault);
    await using live = await startOn(start, directus, timeoutMs);

    const { status, headers } = await live.knock("/", { cookie });

    assertEquals([status, headers.get("retry-after")], [503, retryAfter]);
  });
}

const sessions: Record<string, (directus: DirectusStandIn) => string> = {
  "with a malformed token": () => "directus_session_token=garbage",
  "with a wrong signature": (directus) => `${directus.session("ada-id").slice(0, -4)}AAAA`,
  "that has expired": (directus) => after(directus, (cookie) => directus.expire(cookie)),
  "that was logged out": (directus) => after(directus, (cookie) => directus.logOut(cookie)),
  "of a suspended user": (directus) => after(directus, () => directus.suspend("ada-id")),
  "of a deleted user": (directus) => after(directus, () => directus.remove("ada-id")),
  "of a changed password": (directus) =>
    after(directus, () => directus.changePassword("ada-id", "new")),
  "of a share, which has no user": (directus) => directus.shareSession("share-id"),
};

function after(directus: DirectusStandIn, change: (cookie: string) => void): string {
  const cookie = directus.session("ada-id");
  change(cookie);
  return cookie;
}

for (const [name, cookieOf] of Object.entries(sessions)) {
  testOnEach(`LiveServer answers 401 to an upgrade with a session ${name}`, async (startLive) => {
    const directus = createDirectusStandIn(options);
    const cookie = cookieOf(directus);
    await using live = await startOn(startLive, directus);

    const { status } = await live.knock("/", { cookie });

    assertEquals(status, 401);
    assertEquals(directus.count("GET /users/me"), 1);
  });
}

for (
  const [name, cookie] of [
    ["no session cookie", "directus_refresh_token=x"],
    ["a NUL", "directus_session_token=%00abc"],
    ["an encoded line break", "directus_session_token=abc%0d%0a"],
  ] as const
) {
  testOnEach(
    `LiveServer answers 401 to an upgrade with ${name}, and does not call Directus`,
    async (start) => {
      const directus = createDirectusStandIn(options);
      await using live = await startOn(start, directus);

      const { status } = await live.knock("/", { cookie });

      assertEquals(status, 401);
      assertEquals(directus.calls, []);
    },
  );
}

testOnEach(
  "LiveServer forwards the session cookie to Directus, and no other cookie",
  async (startLive) => {
    const directus = createDirectusStandIn(options);
    const cookie = directus.session("ada-id");
    await using live = await startOn(startLive, directus);

    await live.knock("/", { cookie: `a=1; ${cookie}; b=2` });

    assertEquals(directus.calls.map(({ headers }) => headers.get("cookie")), [cookie]);
  },
);

testOnEach("LiveServer sends the user's fields in the welcome", async (startLive) => {
  const directus = createDirectusStandIn(options);
  await using live = await startOn(startLive, directus);
  await using client = await Client.connect(live.ws, { cookie: directus.session("ada-id") });

  assertEquals((await client.next()).user, {
    id: "ada-id",
    email: "ada@example.com",
    role: "editor",
    first_name: "Ada",
    last_name: null,
  });
});

testOnEach("LiveServer sends null for fields that Directus hides", async (startLive) => {
  const directus = createDirectusStandIn(options);
  await using live = await startOn(startLive, directus);
  await using client = await Client.connect(live.ws, { cookie: directus.session("bob-id") });

  assertEquals((await client.next()).user, {
    id: "bob-id",
    email: null,
    role: null,
    first_name: null,
    last_name: null,
  });
});
