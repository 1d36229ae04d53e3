/**
 * Tests of every refusal: of a WebSocket and of a stream, as an HTTP status and as a close code.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Authority } from "../../live/domain/authority.ts";
import type { UpgradeResult } from "../../live/domain/metrics.ts";
import { cookieOf, fakeAuthority } from "../support/authorities.ts";
import { Client } from "../support/client.ts";
import type { Live, StartLiveOptions } from "../support/live.ts";
import { RawClient, UPGRADE_HEADERS } from "../support/raw_client.ts";
import { knock, SseClient, urlOf } from "../support/sse_client.ts";
import { testOnEach } from "../support/transports.ts";

interface Row {
  /** What is refused. */
  readonly name: string;
  /** Options of the server. */
  readonly live?: StartLiveOptions;
  /** Prepares the server; the result is disposed of after the test. */
  readonly before?: (live: Live) => Promise<Disposable | AsyncDisposable>;
  /** Headers of the request. @default {the session cookie of `ada`} */
  readonly headers?: Record<string, string>;
  readonly result: UpgradeResult;
  readonly status: number;
  /** The header `Retry-After`. @default {absent} */
  readonly retryAfter?: RegExp;
  readonly code: number;
  readonly reason: string;
  /** Range of the reconnect delay of an `EventSource`, in milliseconds. */
  readonly retryMs: readonly [min: number, max: number];
}

const FEW_SECONDS = /^[1-5]$/;
const SOON = [1_000, 5_000] as const;
const AN_HOUR = [3_600_000, 3_600_000] as const;
const cookie = cookieOf("ada");

const capacity = {
  live: { options: { maxConnections: 1 } },
  result: "capacity",
  status: 503,
  retryAfter: FEW_SECONDS,
  code: 1013,
  reason: "too many connections",
  retryMs: SOON,
} as const;

const userLimit = {
  live: { options: { maxConnectionsPerUser: 1 } },
  result: "user-limit",
  status: 429,
  retryAfter: FEW_SECONDS,
  code: 4429,
  reason: "too many connections of this user",
  retryMs: SOON,
} as const;

const unauthorized = {
  result: "unauthorized",
  status: 401,
  code: 4501,
  reason: "no valid session",
  retryMs: AN_HOUR,
} as const;

const error = {
  result: "error",
  status: 500,
  code: 1013,
  reason: "internal error",
  retryMs: SOON,
} as const;

const rows: Row[] = [
  {
    name: "while the server drains",
    async before(live) {
      const delaysTheDrain = await live.connectRaw();
      live.server.stop();
      return delaysTheDrain;
    },
    result: "draining",
    status: 503,
    retryAfter: FEW_SECONDS,
    code: 1013,
    reason: "server shutting down",
    retryMs: SOON,
  },
  { name: "over capacity", before: (live) => live.connect("bob"), ...capacity },
  { name: "over capacity by a stream", before: (live) => openStream(live), ...capacity },
  {
    name: "when the authority is unavailable",
    live: answering(() =>
      Promise.resolve({ kind: "unavailable", reason: "it rains", retryAfterMs: 7_001 })
    ),
    result: "unavailable",
    status: 503,
    retryAfter: /^8$/,
    code: 1013,
    reason: "session could not be checked",
    retryMs: [7_001, 7_001],
  },
  {
    name: "of an origin that is not listed",
    headers: { cookie, origin: "https://evil.example" },
    result: "origin",
    status: 403,
    code: 4403,
    reason: "origin not allowed",
    retryMs: AN_HOUR,
  },
  {
    name: "when the authority rejects the session",
    live: answering(() => Promise.resolve({ kind: "unauthorized" })),
    ...unauthorized,
  },
  { name: "without a cookie", headers: {}, ...unauthorized },
  {
    name: "with other cookies only",
    headers: { cookie: "session=1; directus_refresh_token=2" },
    ...unauthorized,
  },
  {
    name: "with an empty session cookie",
    headers: { cookie: "directus_session_token=" },
    ...unauthorized,
  },
  {
    name: "with a session cookie of 4,097 characters",
    headers: { cookie: cookieOf("x".repeat(4_097)) },
    ...unauthorized,
  },
  {
    name: "with a malformed Cookie header",
    headers: { cookie: "=; ;;directus_session_token" },
    ...unauthorized,
  },
  { name: "over the user's limit", before: (live) => live.connect("ada"), ...userLimit },
  { name: "over the user's limit by a stream", before: (live) => openStream(live), ...userLimit },
  {
    name: "when the authority's promise rejects",
    live: answering(() => Promise.reject(new Error("broken"))),
    ...error,
  },
  {
    name: "when the authority throws",
    live: answering(() => {
      throw new Error("broken");
    }),
    ...error,
  },
];

function openStream(live: Live): Promise<SseClient> {
  return SseClient.open(live, ["event:1"]);
}

function answering(authenticate: Authority["authenticate"]): StartLiveOptions {
  return { authority: fakeAuthority({ authenticate }) };
}

for (const row of rows) {
  const { name, before, headers = { cookie }, status, code, reason, result } = row;

  testOnEach(`LiveServer answers ${status} to a request ${name}`, async (startLive) => {
    await using live = await startLive(row.live);
    await using stack = new AsyncDisposableStack();
    if (before !== undefined) stack.use(await before(live));
    const known = live.metrics.upgrades.length;

    const upgrade = await live.knock("/", { cookie: undefined, ...headers });
    const stream = await knock(live, "/sse?topic=event:1", headers);

    assertEquals(upgrade.headers.get("connection"), "close");
    for (const head of [upgrade, stream]) {
      assertEquals([head.status, head.headers.get("content-length")], [status, "0"]);
      assertMatch(head.headers.get("retry-after") ?? "", row.retryAfter ?? /^$/);
    }
    assertEquals(live.metrics.upgrades.slice(known), [result, result]);
  });

  testOnEach(
    `LiveServer closes with ${code} a request ${name} with ?reject=close`,
    async (startLive) => {
      await using live = await startLive(row.live);
      await using stack = new AsyncDisposableStack();
      if (before !== undefined) stack.use(await before(live));
      const known = { ...live.metrics.outbound };

      await using socket = new Client(`${live.ws}/?reject=close`, headers);
      await using stream = await SseClient.connect(
        `${urlOf(live, ["event:1"])}&reject=close`,
        headers,
      );

      assertEquals(await socket.outcome(), { code, reason });
      const { event, data, retry = 0 } = await stream.event();
      assertEquals([event, JSON.parse(data)], ["close", { code, reason }]);
      const [min, max] = row.retryMs;
      assert(retry >= min && retry <= max, `${retry}`);
      assert(await stream.ended, "the stream ends whole");
      assertEquals(live.metrics.upgrades.slice(-2), [result, result]);
      assertEquals([socket.frames, live.metrics.outbound], [[], known]);
    },
  );
}

testOnEach("LiveServer logs why it answered 500 to an upgrade", async (startLive) => {
  const error = new Error("broken");
  await using live = await startLive(answering(() => Promise.reject(error)));

  await live.knock("/", { cookie });

  assertEquals(live.logger.of("error"), [
    { level: "error", message: "upgrade failed", fields: { error } },
  ]);
});

testOnEach("LiveServer logs why a session could not be checked", async (startLive) => {
  await using live = await startLive(
    answering(() => Promise.resolve({ kind: "unavailable", reason: "it rains", retryAfterMs: 1 })),
  );

  const { headers } = await live.knock("/", { cookie });

  assertEquals(headers.get("retry-after"), "1");
  assertEquals(live.logger.of("debug").slice(0, 1), [
    { level: "debug", message: "session could not be checked", fields: { reason: "it rains" } },
  ]);
});

for (const query of ["?reject=closed", "?REJECT=close", "?x=reject=close", "?reject"]) {
  testOnEach(`LiveServer answers an upgrade with ${query} by an HTTP status`, async (startLive) => {
    await using live = await startLive();

    assertEquals((await live.knock(`/${query}`)).status, 401);
  });
}

testOnEach("LiveServer refuses when the session factory throws", async (startLive) => {
  await using live = await startLive({
    sessions: () => {
      throw new Error("broken");
    },
    options: { maxConnections: 1 },
  });

  for (let count = 0; count < 2; count++) {
    assertEquals((await knock(live, "/sse?topic=event:1", { cookie })).status, 500);
    await using socket = new Client(live.ws, { cookie });
    assertEquals(await socket.outcome(), { code: 1013, reason: "internal error" });
  }
  assertEquals(live.metrics.upgrades, ["error", "accepted", "error", "accepted"]);
});

for (const path of ["/", "/?reject=close", "/sse?topic=event:1"]) {
  testOnEach(
    `LiveServer keeps nothing of a client that disconnects while ${path} is checked`,
    async (startLive) => {
      const answer = Promise.withResolvers<void>();
      const known = fakeAuthority();
      const authority = fakeAuthority({
        authenticate: (cookie) => answer.promise.then(() => known.authenticate(cookie)),
      });
      await using live = await startLive({ authority, options: { maxConnections: 1 } });
      const client = await RawClient.connect(live.port);
      const headers = path.startsWith("/sse") ? { host: "x" } : UPGRADE_HEADERS;
      await client.request(path, { ...headers, cookie });
      await live.metrics.until(({ gauges }) => gauges.pendingUpgrades === 1);

      client.close();
      await live.knock("/"); // its answer comes after the server has noticed the disconnect
      answer.resolve();
      await live.metrics.until(({ gauges }) => gauges.pendingUpgrades === 0);

      assertEquals((await live.knock("/", { cookie })).status, 101);
      assertEquals(live.metrics.upgrades, ["capacity", "left", "accepted"]);
    },
  );
}
