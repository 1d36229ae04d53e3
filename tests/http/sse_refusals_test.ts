/**
 * Every refusal of a stream of events: as HTTP's answer, and as an event.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import type { Authority } from "../../live/domain/authority.ts";
import type { UpgradeResult } from "../../live/domain/metrics.ts";
import { cookieOf, fakeAuthority } from "../support/authorities.ts";
import type { Live, StartLiveOptions } from "../support/live.ts";
import { RawClient } from "../support/raw_client.ts";
import { knock, SseClient, urlOf } from "../support/sse_client.ts";
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
  /** What the event tells an `EventSource` to wait, in milliseconds. */
  readonly retry: (ms: number) => boolean;
}

const TOPICS = ["event:1"];
const FEW_SECONDS = /^[1-5]$/;
const isSeconds = (ms: number) => ms >= 1_000 && ms < 5_000;
const isAnHour = (ms: number) => ms === 3_600_000;

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
    retry: isSeconds,
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
    retry: isSeconds,
  },
  {
    name: "over capacity by another stream",
    live: { options: { maxConnections: 1 } },
    before: (live) => SseClient.to(live, TOPICS),
    result: "capacity",
    status: 503,
    retryAfter: FEW_SECONDS,
    code: 1013,
    reason: "too many connections",
    retry: isSeconds,
  },
  {
    name: "when the authority is unavailable",
    live: asking(() =>
      Promise.resolve({ kind: "unavailable", reason: "it rains", retryAfterMs: 7_001 })
    ),
    result: "unavailable",
    status: 503,
    retryAfter: /^8$/,
    code: 1013,
    reason: "session could not be checked",
    retry: (ms) => ms === 7_001,
  },
  {
    name: "of an origin that is not listed",
    headers: { cookie: cookieOf("ada"), origin: "https://evil.example" },
    result: "origin",
    status: 403,
    code: 4403,
    reason: "origin not allowed",
    retry: isAnHour,
  },
  {
    name: "that the authority does not know",
    live: asking(() => Promise.resolve({ kind: "unauthorized" })),
    result: "unauthorized",
    status: 401,
    code: 4501,
    reason: "no valid session",
    retry: isAnHour,
  },
  {
    name: "without a cookie",
    headers: {},
    result: "unauthorized",
    status: 401,
    code: 4501,
    reason: "no valid session",
    retry: isAnHour,
  },
  {
    name: "over the user's limit",
    live: { options: { maxConnectionsPerUser: 1 } },
    before: (live) => SseClient.to(live, TOPICS),
    result: "user-limit",
    status: 429,
    retryAfter: FEW_SECONDS,
    code: 4429,
    reason: "too many connections of this user",
    retry: isSeconds,
  },
  {
    name: "when the authority rejects",
    live: asking(() => Promise.reject(new Error("broken"))),
    result: "error",
    status: 500,
    code: 1013,
    reason: "internal error",
    retry: isSeconds,
  },
];

function asking(authenticate: Authority["authenticate"]): StartLiveOptions {
  return { authority: fakeAuthority({ authenticate }) };
}

for (const row of rows) {
  const { name, before, headers = { cookie: cookieOf("ada") }, result } = row;

  testOnEach(`GET /sse answers ${row.status} ${name}`, async (startLive) => {
    await using live = await startLive(row.live);
    await using stack = new AsyncDisposableStack();
    if (before !== undefined) stack.use(await before(live));

    const head = await knock(live, "/sse?topic=event:1", headers);

    assertEquals(head.status, row.status);
    assertEquals(head.headers.get("content-length"), "0");
    assertMatch(head.headers.get("retry-after") ?? "", row.retryAfter ?? /^$/);
    assertEquals(live.metrics.upgrades.at(-1), result);
  });

  testOnEach(`GET /sse says ${row.code} ${name} with ?reject=close`, async (startLive) => {
    await using live = await startLive(row.live);
    await using stack = new AsyncDisposableStack();
    if (before !== undefined) stack.use(await before(live));

    await using client = await SseClient.connect(`${urlOf(live, TOPICS)}&reject=close`, headers);

    const { event, data, retry = 0 } = await client.event();
    assertEquals([event, JSON.parse(data)], ["close", { code: row.code, reason: row.reason }]);
    assertEquals(row.retry(retry), true, `${retry}`);
    assertEquals(await client.ended, true);
    assertEquals(live.metrics.upgrades.at(-1), result);
  });
}

testOnEach(
  "GET /sse answers 500 where no session can be made, and keeps no place",
  async (startLive) => {
    await using live = await startLive({
      sessions: () => {
        throw new Error("broken");
      },
      options: { maxConnections: 1 },
    });
    const cookie = cookieOf("ada");

    const answers = [
      await knock(live, "/sse?topic=event:1", { cookie }),
      await knock(live, "/sse?topic=event:1", { cookie }),
    ];

    assertEquals(answers.map(({ status }) => status), [500, 500]);
    assertEquals(live.metrics.upgrades, ["error", "error"]);
  },
);

testOnEach(
  "GET /sse keeps nothing of a client that left while it was checked",
  async (startLive) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const authority = fakeAuthority();
    const { authenticate } = authority;
    authority.authenticate = (cookie) => promise.then(() => authenticate(cookie));
    await using live = await startLive({ authority });
    const client = await RawClient.connect(live.port);
    await client.request("/sse?topic=event:1", { host: "x", cookie: cookieOf("ada") });
    await live.metrics.until(({ gauges }) => gauges.pendingUpgrades === 1);

    client.close();
    await live.knock("/"); // by then the server knows
    resolve();
    await live.metrics.until(({ upgrades }) => upgrades.length === 2);

    assertEquals(live.metrics.upgrades, ["unauthorized", "left"]);
    assertEquals(live.connections, []);
  },
);
