/**
 * What the server reveals about sessions and items.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { createDirectusAuthority } from "../../live/directus/authority.ts";
import { silentMetrics } from "../../live/domain/metrics.ts";
import { cookieOf } from "../support/authorities.ts";
import { Client } from "../support/client.ts";
import { BASE, options } from "../support/directus.ts";
import { createDirectusStandIn } from "../directus/stand_in.ts";
import { type Live, startLive } from "../support/live.ts";
import { RawClient } from "../support/raw_client.ts";
import { knock } from "../support/sse_client.ts";

for (
  const [name, ask] of [
    ["an upgrade", (live: Live) => live.knock("/", { cookie: cookieOf("ada") })],
    ["a rejection", (live: Live) => live.knock("/", {})],
    ["a rejection by close code", (live: Live) => live.knock("/?reject=close", {})],
    ["a stream", (live: Live) => knock(live, "/sse?topic=event:1", { cookie: cookieOf("ada") })],
    ["a request for the client", (live: Live) => knock(live, "/live/client.js")],
  ] as const
) {
  Deno.test(`LiveServer sets no cookie in its answer to ${name}`, async () => {
    await using live = await startLive();

    const { headers } = await ask(live);

    assertEquals(headers.get("set-cookie"), null);
  });
}

Deno.test("LiveServer gives the same answer for a forbidden and for a missing item", async () => {
  const directus = createDirectusStandIn(options);
  await using live = await startLive({
    authority: createDirectusAuthority({
      baseUrl: BASE,
      timeoutMs: 60_000,
      topics: new Map(),
      metrics: silentMetrics,
      fetch: directus.fetch,
    }),
  });
  directus.deny("ada-id", "events", 2);
  await using client = await Client.connect(live.ws, { cookie: directus.session("ada-id") });
  await client.next();

  for (const topic of ["events:2", "events:99", "absent:1"]) await client.subscribe(topic);

  const answer =
    '{"type":"error","code":"forbidden","message":"Not allowed to listen to this topic"';
  assertEquals(client.frames.slice(1), [
    `${answer},"topic":"events:2"}`,
    `${answer},"topic":"events:99"}`,
    `${answer},"topic":"absent:1"}`,
  ]);
});

Deno.test("LiveServer ignores headers that name another client address", async () => {
  await using live = await startLive();
  using client = await RawClient.connect(live.port);

  await client.upgrade("/", {
    "cookie": cookieOf("ada"),
    "x-forwarded-for": "192.0.2.1",
    "x-real-ip": "192.0.2.1",
    "forwarded": "for=192.0.2.1",
  });
  await client.message();

  assertEquals(live.connections.map(({ remoteAddress }) => remoteAddress), ["127.0.0.1"]);
});
