/**
 * Tests of the status and of a look into a topic, over HTTP with a server that works.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { BrokerUnavailable } from "../../live/domain/broker.ts";
import { createLive, type Live } from "../../live/live.ts";
import { createPrometheusMetrics } from "../../live/telemetry/prometheus_metrics.ts";
import { cookieOf, fakeAuthority } from "../support/authorities.ts";
import { Client } from "../support/client.ts";
import { CALL_HEADERS, Ops, type OpsAnswer, type OpsSetup } from "./ops_setup.ts";

/** A live server with an ops listener. */
class Setup implements AsyncDisposable {
  readonly metrics = createPrometheusMetrics("i");
  readonly live: Live = createLive({
    host: "127.0.0.1",
    port: 0,
    authority: fakeAuthority(),
    metrics: this.metrics,
  });
  readonly #stack = new AsyncDisposableStack();
  ops!: Ops;

  static async start(setup: OpsSetup = {}): Promise<Setup> {
    const own = new Setup();
    const { port } = await own.live.start();
    const { status, content } = own.live;
    const { metrics } = own;
    own.ops = own.#stack.use(await Ops.start({ status, content, metrics, ...setup }));
    own.#stack.defer(async () => void await own.live.stop());
    own.connect = async (user, ...topics) => {
      const client = await Client.connect(`ws://127.0.0.1:${port}`, { cookie: cookieOf(user) });
      own.#stack.use(client);
      await client.next();
      for (const topic of topics) await client.subscribe(topic);
      return client;
    };
    return own;
  }

  connect!: (user: string, ...topics: string[]) => Promise<Client>;

  get(path: string, headers = CALL_HEADERS): Promise<OpsAnswer> {
    return this.ops.fetch(path, { headers });
  }

  async publish(topic: string, ...values: unknown[]): Promise<void> {
    await this.live.publish(values.map((data, n) => ({ topic, key: `key-${n}`, data })));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

for (const path of ["/status", "/status/topic?topic=event:1"]) {
  Deno.test(`GET ${path} needs the token`, async () => {
    await using setup = await Setup.start();
    const { status, json, headers } = await setup.get(path, {});
    const error = "Authorization must carry the publish token as bearer";
    assertEquals([status, json], [401, { error }]);
    assertEquals(headers.get("www-authenticate"), "Bearer");
  });

  Deno.test(`GET ${path} is off without a token in the configuration`, async () => {
    await using setup = await Setup.start({ publishToken: undefined });
    const { status, json } = await setup.get(path);
    const error = "Reading the status is off: LIVE_PUBLISH_TOKEN is not set";
    assertEquals([status, json], [401, { error }]);
  });

  Deno.test(`GET ${path} may not be stored`, async () => {
    await using setup = await Setup.start();
    assertEquals((await setup.get(path)).headers.get("cache-control"), "no-store");
  });
}

Deno.test("GET /status shows topics, connections, metrics and the server's settings", async () => {
  await using setup = await Setup.start({ about: { instance: "berlin-1", redis: "none" } });
  await setup.connect("ada", "event:1", "event:2");
  await setup.connect("bob", "event:1");
  await setup.publish("event:1", 1, 2, 3);

  const { json } = await setup.get("/status");

  assertEquals(json.about, { instance: "berlin-1", redis: "none" });
  assertEquals(json.health, { status: "ready" });
  assertEquals(json.series["processor_live_connections"], 2);
  assertEquals(
    json.series['processor_live_messages_inbound_total{type="subscribe",instance_id="i"}'],
    3,
  );
  assertEquals([json.topics.total, json.topics.found], [2, 2]);
  const [first, second] = json.topics.rows;
  assertEquals({ ...first, bytes: 0 }, {
    name: "event:1",
    subscribers: 2,
    lagging: 0,
    rate: 0.3,
    offset: 3,
    bytes: 0,
  });
  assertEquals([second.name, second.subscribers, second.rate], ["event:2", 1, 0]);
  assertEquals(json.views, { total: 0, found: 0, rows: [] });
  const [connection] = json.connections.rows.filter((row: { topicCount: number }) =>
    row.topicCount === 2
  );
  assertEquals(connection.user, { id: "ada", email: null, name: null });
  assertEquals(connection.topics, ["event:1", "event:2"]);
  assertEquals([connection.unsent, connection.lagMs], [0, 0]);
  assertMatch(connection.id, /^[0-9a-f-]{36}$/);
});

Deno.test("GET /status rounds rates to tenths", async () => {
  const table = <Row>(rows: Row[]) => ({ total: rows.length, found: rows.length, rows });
  const counts = { subscribers: 1, bytes: 1 };
  const topic = { ...counts, name: "event:1", lagging: 0, offset: 1, rate: 64 / 30 };
  const view = { ...counts, collection: "events", query: "{}", classes: 2, rate: 0.1 + 0.2 };
  await using setup = await Setup.start({
    status: () =>
      Promise.resolve({ connections: table([]), topics: table([topic]), views: table([view]) }),
  });

  const { json } = await setup.get("/status");

  assertEquals(json.topics.rows, [{ ...topic, rate: 2.1 }]);
  assertEquals(json.views, table([{ ...view, rate: 0.3 }]));
});

Deno.test("GET /status searches topics, and connections by user, id and topic", async () => {
  await using setup = await Setup.start();
  for (const user of ["zoe", "tom", "kim"]) await setup.connect(user, `event:${user}`, "event:all");
  const users = async (search: string) => {
    const { json } = await setup.get(`/status?connections=${search}`);
    const { found, rows } = json.connections;
    assertEquals(found, rows.length);
    return rows.map((row: { user: { id: string } }) => row.user.id).toSorted();
  };

  assertEquals(await users("ZO"), ["zoe"]);
  assertEquals(await users("event:t"), ["tom"]);
  assertEquals(await users("127.0.0"), ["kim", "tom", "zoe"]);
  assertEquals(await users("nobody"), []);
  const { topics } = (await setup.get("/status?topics=EVENT")).json;
  assertEquals([topics.total, topics.found], [4, 4]);
  const { rows } = (await setup.get("/status?topics=:kim")).json.topics;
  assertEquals(rows.map(({ name }: { name: string }) => name), ["event:kim"]);
});

Deno.test("GET /status shows the requested number of rows, in the requested order", async () => {
  await using setup = await Setup.start();
  await setup.connect("ada", "event:1");
  await setup.connect("bob", "event:1", "event:2", "event:3");
  await setup.connect("eve", "event:1", "event:2");

  const { json } = await setup.get("/status?limit=2&connectionsBy=topics&topicsBy=subscribers");

  const names = json.topics.rows.map(({ name }: { name: string }) => name);
  assertEquals([json.topics.total, names], [3, ["event:1", "event:2"]]);
  const counts = json.connections.rows.map((row: { topicCount: number }) => row.topicCount);
  assertEquals([json.connections.found, counts], [3, [3, 2]]);
});

for (
  const [what, query, error] of [
    ["too many rows", "limit=201", /^limit: /],
    ["an unknown order", "topicsBy=name", /^topicsBy: /],
    ["a long search", `topics=${"x".repeat(257)}`, /^topics: /],
  ] as const
) {
  Deno.test(`GET /status refuses ${what} with 400`, async () => {
    await using setup = await Setup.start();
    const { status, json } = await setup.get(`/status?${query}`);
    assertEquals(status, 400);
    assertMatch(json.error, error);
  });
}

Deno.test("GET /status shows what is wrong with the server", async () => {
  await using setup = await Setup.start({ trouble: "cut off from Redis: refused" });
  const { json } = await setup.get("/status");
  assertEquals(json.health, { status: "cut off", reason: "cut off from Redis: refused" });
});

Deno.test("GET /status/topic shows the latest of each key, and then only what is new", async () => {
  await using setup = await Setup.start();
  await setup.connect("ada", "event:1");
  await setup.publish("event:1", { x: 1 }, "two");

  const { json: first } = await setup.get("/status/topic?topic=event:1");
  await setup.live.publish([{ topic: "event:1", key: "key-0", removed: true }]);
  const { epoch, offset } = first;
  const { json: next } = await setup.get(
    `/status/topic?topic=event:1&epoch=${epoch}&offset=${offset}`,
  );

  const shown = (messages: { offset: number; key: string; json: string }[]) =>
    messages.map(({ offset, key, json }) => [offset, key, json]);
  assertEquals([first.subscribers, first.keys, offset], [1, 2, 2]);
  assertEquals(shown(first.latest), [[2, "key-1", '"two"'], [1, "key-0", '{"x":1}']]);
  assertEquals(shown(first.messages), shown(first.latest));
  assertEquals(shown(next.messages), [[3, "key-0", null]]);
  assertEquals(shown(next.latest), [[2, "key-1", '"two"']]);
});

Deno.test("GET /status/topic starts over if the topic has begun a new life", async () => {
  await using setup = await Setup.start();
  await setup.publish("event:1", 1);
  const { json } = await setup.get("/status/topic?topic=event:1&epoch=other&offset=1");
  assertEquals(json.messages.length, 1);
});

Deno.test("GET /status/topic leaves a topic without subscribers closed", async () => {
  await using setup = await Setup.start();
  assertEquals((await setup.get("/status/topic?topic=event:1")).json.keys, 0);
  const { json } = await setup.get("/status");
  assertEquals([json.topics.total, json.series["processor_live_topics"]], [0, 0]);
});

Deno.test("GET /status/topic shows the newest hundred messages, and only the start of long ones", async () => {
  await using setup = await Setup.start();
  await setup.publish("event:1", ...Array.from({ length: 150 }, () => "x".repeat(3_000)));
  const { json } = await setup.get("/status/topic?topic=event:1");
  assertEquals([json.keys, json.latest.length, json.messages.length], [150, 100, 100]);
  assertEquals([json.latest[0].offset, json.latest[0].json.length], [150, 2_001]);
});

Deno.test("GET /status/topic is 503 while the topic cannot be read", async () => {
  await using setup = await Setup.start({
    content: () => Promise.reject(new BrokerUnavailable("cut off from Redis", 2_000)),
  });
  const { status, json } = await setup.get("/status/topic?topic=event:1");
  assertEquals([status, json], [503, { error: "cut off from Redis" }]);
});

for (const topic of ["", "view:abc", "changes:*", "event:..", "event"]) {
  Deno.test(`GET /status/topic refuses "${topic}" with 400`, async () => {
    await using setup = await Setup.start();
    const { status } = await setup.get(`/status/topic?topic=${topic}`);
    assertEquals(status, 400);
  });
}
