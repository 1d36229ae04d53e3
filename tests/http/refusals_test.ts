/**
 * Tests of every refusal: of a WebSocket and of a stream, as an HTTP status and as a close code.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Authentication } from "../../live/domain/authority.ts";
import { cookieOf, fakeAuthority } from "../support/authorities.ts";
import { Client } from "../support/client.ts";
import type { Live, StartLiveOptions } from "../support/live.ts";
import { RawClient, UPGRADE_HEADERS } from "../support/raw_client.ts";
import { knock, SseClient, urlOf } from "../support/sse_client.ts";
import { testOnEach } from "../support/transports.ts";

const FEW_SECONDS = /^[1-5]$/;
const NONE = /^$/;
const SOON = [1_000, 5_000] as const;
const AN_HOUR = [3_600_000, 3_600_000] as const;
const cookie = cookieOf("ada");

/** Status, `Retry-After`, close code, reason, and range of the reconnect delay, by result. */
const refusals = {
  draining: [503, FEW_SECONDS, 1013, "server shutting down", SOON],
  capacity: [503, FEW_SECONDS, 1013, "too many connections", SOON],
  unavailable: [503, /^8$/, 1013, "session could not be checked", [7_001, 7_001]],
  origin: [403, NONE, 4403, "origin not allowed", AN_HOUR],
  unauthorized: [401, NONE, 4501, "no valid session", AN_HOUR],
  "user-limit": [429, FEW_SECONDS, 4429, "too many connections of this user", SOON],
  error: [500, NONE, 1013, "internal error", SOON],
} as const;

interface Row {
  /** Options of the server. */
  readonly live?: StartLiveOptions;
  /** Prepares the server; the result is disposed of after the test. */
  readonly before?: (live: Live) => Promise<Disposable | AsyncDisposable>;
  /** Headers of the request. @default {the session cookie of `ada`} */
  readonly headers?: Record<string, string>;
}

const maxConnections: StartLiveOptions = { options: { maxConnections: 1 } };
const maxOfUser: StartLiveOptions = { options: { maxConnectionsPerUser: 1 } };

const rows: [name: string, result: keyof typeof refusals, Row][] = [
  ["while the server drains", "draining", {
    async before(live) {
      const delaysTheDrain = await live.connectRaw();
      live.server.stop();
      return delaysTheDrain;
    },
  }],
  ["over capacity", "capacity", { live: maxConnections, before: (live) => live.connect("bob") }],
  ["over capacity by a stream", "capacity", { live: maxConnections, before: openStream }],
  [
    "when the authority is unavailable",
    "unavailable",
    answering({ kind: "unavailable", reason: "it rains", retryAfterMs: 7_001 }),
  ],
  ["of an origin that is not listed", "origin", {
    headers: { cookie, origin: "https://evil.example" },
  }],
  ["when the authority rejects the session", "unauthorized", answering({ kind: "unauthorized" })],
  ["without a cookie", "unauthorized", { headers: {} }],
  ["with other cookies only", "unauthorized", {
    headers: { cookie: "session=1; directus_refresh_token=2" },
  }],
  ["with an empty session cookie", "unauthorized", {
    headers: { cookie: "directus_session_token=" },
  }],
  ["with a session cookie of 4,097 characters", "unauthorized", {
    headers: { cookie: cookieOf("x".repeat(4_097)) },
  }],
  ["with a malformed Cookie header", "unauthorized", {
    headers: { cookie: "=; ;;directus_session_token" },
  }],
  ["over the user's limit", "user-limit", {
    live: maxOfUser,
    before: (live) => live.connect("ada"),
  }],
  ["over the user's limit by a stream", "user-limit", { live: maxOfUser, before: openStream }],
  ["when the authority's promise rejects", "error", answering(new Error("broken"))],
  ["when the authority throws", "error", {
    live: {
      authority: fakeAuthority({
        authenticate() {
          throw new Error("broken");
        },
      }),
    },
  }],
];

function openStream(live: Live): Promise<SseClient> {
  return SseClient.open(live, ["event:1"]);
}

function answering(answer: Authentication | Error): { live: StartLiveOptions } {
  const authenticate = () =>
    answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  return { live: { authority: fakeAuthority({ authenticate }) } };
}

for (const [name, result, { live: options, before, headers = { cookie } }] of rows) {
  const [status, retryAfter, code, reason, [minMs, maxMs]] = refusals[result];

  testOnEach(`LiveServer answers ${status} to a request ${name}`, async (start) => {
    await using live = await start(options);
    await using stack = new AsyncDisposableStack();
    if (before !== undefined) stack.use(await before(live));
    const known = live.metrics.upgrades.length;

    const upgrade = await live.knock("/", { cookie: undefined, ...headers });
    const stream = await knock(live, "/sse?topic=event:1", headers);

    assertEquals(upgrade.headers.get("connection"), "close");
    for (const head of [upgrade, stream]) {
      assertEquals([head.status, head.headers.get("content-length")], [status, "0"]);
      assertMatch(head.headers.get("retry-after") ?? "", retryAfter);
    }
    assertEquals(live.metrics.upgrades.slice(known), [result, result]);
  });

  testOnEach(`LiveServer closes with ${code} a request ${name}, if asked to`, async (start) => {
    await using live = await start(options);
    await using stack = new AsyncDisposableStack();
    if (before !== undefined) stack.use(await before(live));
    const known = { ...live.metrics.outbound };

    await using socket = new Client(`${live.ws}/?reject=close`, headers);
    const url = `${urlOf(live, ["event:1"])}&reject=close`;
    await using stream = await SseClient.connect(url, headers);

    assertEquals(await socket.outcome(), { code, reason });
    const { event, data, retry = 0 } = await stream.event();
    assertEquals([event, JSON.parse(data)], ["close", { code, reason }]);
    assert(retry >= minMs && retry <= maxMs, `${retry}`);
    assert(await stream.ended, "the stream ends whole");
    assertEquals(live.metrics.upgrades.slice(-2), [result, result]);
    assertEquals([socket.frames, live.metrics.outbound], [[], known]);
  });
}

testOnEach("LiveServer logs why it answered 500 to an upgrade", async (startLive) => {
  const error = new Error("broken");
  await using live = await startLive(answering(error).live);

  await live.knock("/", { cookie });

  assertEquals(live.logger.of("error"), [
    { level: "error", message: "upgrade failed", fields: { error } },
  ]);
});

testOnEach("LiveServer logs why a session could not be checked", async (startLive) => {
  await using live = await startLive(
    answering({ kind: "unavailable", reason: "it rains", retryAfterMs: 1 }).live,
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
