/**
 * Every refusal of an upgrade request, as HTTP's answer and as a close code.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import type { Authority } from "../../live/domain/authority.ts";
import type { UpgradeResult } from "../../live/domain/metrics.ts";
import { cookieOf, fakeAuthority } from "../support/authorities.ts";
import { Client } from "../support/client.ts";
import type { Live, StartLiveOptions } from "../support/live.ts";
import { testOnEach } from "../support/transports.ts";

interface Row {
  readonly name: string;
  /** The server. */
  readonly live?: StartLiveOptions;
  /** What comes before; what it returns is disposed of after the test. */
  readonly before?: (live: Live) => Promise<Disposable | AsyncDisposable>;
  /** Headers beside the cookie of `ada`, which is there if they name none. */
  readonly headers?: Record<string, string>;
  readonly result: UpgradeResult;
  readonly status: number;
  /** `Retry-After`. */
  readonly retryAfter?: RegExp;
  readonly code: number;
  readonly reason: string;
}

const FEW_SECONDS = /^[1-5]$/;

const rows: Row[] = [
  {
    name: "while draining",
    before: async (live) => {
      const holdsTheDrainUp = await live.connectRaw();
      live.server.stop();
      return holdsTheDrainUp;
    },
    result: "draining",
    status: 503,
    retryAfter: FEW_SECONDS,
    code: 1013,
    reason: "server shutting down",
  },
  {
    name: "over capacity",
    live: { options: { maxConnections: 1 } },
    before: (live) => live.connect("bob"),
    result: "capacity",
    status: 503,
    retryAfter: FEW_SECONDS,
    code: 1013,
    reason: "too many connections",
  },
  {
    name: "when the authority is unavailable",
    live: asking("authenticate", () =>
      Promise.resolve({
        kind: "unavailable",
        reason: "it rains",
        retryAfterMs: 7_001,
      })),
    result: "unavailable",
    status: 503,
    retryAfter: /^8$/,
    code: 1013,
    reason: "session could not be checked",
  },
  {
    name: "of an origin that is not listed",
    headers: { cookie: cookieOf("ada"), origin: "https://evil.example" },
    result: "origin",
    status: 403,
    code: 4403,
    reason: "origin not allowed",
  },
  {
    name: "that the authority does not know",
    live: asking("authenticate", () => Promise.resolve({ kind: "unauthorized" })),
    result: "unauthorized",
    status: 401,
    code: 4501,
    reason: "no valid session",
  },
  ...[
    ["without a cookie", {}],
    ["with another cookie only", { cookie: "session=1; directus_refresh_token=2" }],
    ["with an empty session cookie", { cookie: "directus_session_token=" }],
    ["with a session cookie over 4,096 characters", { cookie: cookieOf("x".repeat(4_097)) }],
    ["with a Cookie header that is no list of cookies", { cookie: "=; ;;directus_session_token" }],
  ].map(([name, headers]): Row => ({
    name: name as string,
    headers: headers as Record<string, string>,
    result: "unauthorized",
    status: 401,
    code: 4501,
    reason: "no valid session",
  })),
  {
    name: "over the user's limit",
    live: { options: { maxConnectionsPerUser: 1 } },
    before: (live) => live.connect("ada"),
    result: "user-limit",
    status: 429,
    retryAfter: FEW_SECONDS,
    code: 4429,
    reason: "too many connections of this user",
  },
  ...[
    ["when the authority rejects", () => Promise.reject(new Error("broken"))],
    ["when the authority throws", () => {
      throw new Error("broken");
    }],
  ].map(([name, authenticate]): Row => ({
    name: name as string,
    live: asking("authenticate", authenticate as Authority["authenticate"]),
    result: "error",
    status: 500,
    code: 1013,
    reason: "internal error",
  })),
];

function asking<K extends keyof Authority>(name: K, method: Authority[K]): StartLiveOptions {
  return { authority: fakeAuthority({ [name]: method }) };
}

for (const row of rows) {
  const { name, before, headers = { cookie: cookieOf("ada") }, result } = row;

  testOnEach(`LiveServer answers ${row.status} to an upgrade ${name}`, async (startLive) => {
    await using live = await startLive(row.live);
    await using stack = new AsyncDisposableStack();
    if (before !== undefined) stack.use(await before(live));

    const head = await live.knock("/", { cookie: undefined, ...headers });

    assertEquals(head.status, row.status);
    assertEquals(head.headers.get("content-length"), "0");
    assertEquals(head.headers.get("connection"), "close");
    assertMatch(head.headers.get("retry-after") ?? "", row.retryAfter ?? /^$/);
    assertEquals(live.metrics.upgrades.at(-1), result);
  });

  testOnEach(
    `LiveServer closes with ${row.code} an upgrade ${name} with ?reject=close`,
    async (startLive) => {
      await using live = await startLive(row.live);
      await using stack = new AsyncDisposableStack();
      if (before !== undefined) stack.use(await before(live));

      await using client = new Client(`${live.ws}/?reject=close`, headers);

      assertEquals(await client.outcome(), { code: row.code, reason: row.reason });
      assertEquals(client.frames, []);
      assertEquals(live.metrics.upgrades.at(-1), result);
      assertEquals(live.metrics.outbound.welcome, before === undefined ? 0 : 1);
    },
  );
}

testOnEach("LiveServer logs why it answered 500 to an upgrade", async (startLive) => {
  const error = new Error("broken");
  await using live = await startLive(asking("authenticate", () => Promise.reject(error)));

  await live.knock("/", { cookie: cookieOf("ada") });

  assertEquals(live.logger.of("error"), [
    { level: "error", message: "upgrade failed", fields: { error } },
  ]);
});

testOnEach("LiveServer logs why the authority could not be asked", async (startLive) => {
  await using live = await startLive(asking("authenticate", () =>
    Promise.resolve({
      kind: "unavailable",
      reason: "it rains",
      retryAfterMs: 1,
    })));

  const { headers } = await live.knock("/", { cookie: cookieOf("ada") });

  assertEquals(headers.get("retry-after"), "1");
  assertEquals(live.logger.of("debug").slice(0, 1), [
    { level: "debug", message: "session could not be checked", fields: { reason: "it rains" } },
  ]);
});

for (const query of ["?reject=closed", "?REJECT=close", "?x=reject=close", "?reject"]) {
  testOnEach(`LiveServer answers by HTTP to an upgrade with ${query}`, async (startLive) => {
    await using live = await startLive();

    const { status } = await live.knock(`/${query}`);

    assertEquals(status, 401);
  });
}
