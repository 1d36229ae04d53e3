/**
 * The publish call and every answer of it.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Publication } from "../../live/domain/broker.ts";
import { silentLogger } from "../../live/domain/logger.ts";
import { createOpsServer, type Readiness } from "../../live/ops/ops_server.ts";
import { createPrometheusMetrics } from "../../live/telemetry/prometheus_metrics.ts";
import { RawClient } from "../support/raw_client.ts";

const TOKEN = "a-publish-token-of-tests";
const MIB = 1_048_576;

/** What a call sends beside the usual. */
interface Call {
  readonly headers?: Record<string, string | undefined>;
  readonly body: BodyInit;
}

/** Starts an ops listener whose publications are kept, with offsets that count them. */
async function startOps(options: { state?: Readiness; token?: string | undefined } = {}) {
  const published: Publication[] = [];
  const server = createOpsServer({
    host: "127.0.0.1",
    port: 0,
    publishToken: "token" in options ? options.token : TOKEN,
    readiness: () => options.state ?? "ready",
    metrics: createPrometheusMetrics("i"),
    publish: (publications) =>
      Promise.resolve(publications.map((publication) => ({
        topic: publication.topic,
        offset: published.push(publication),
        epoch: "e",
      }))),
    logger: silentLogger,
  });
  const { port } = await server.start();
  return {
    port,
    published,
    async call({ headers = {}, body }: Call) {
      const all = {
        authorization: `Bearer ${TOKEN}`,
        "content-type": "application/json",
        ...headers,
      };
      const sent = Object.entries(all).filter((pair): pair is [string, string] => !!pair[1]);
      const response = await fetch(`http://127.0.0.1:${port}/publish`, {
        method: "POST",
        headers: sent,
        body,
      });
      return { status: response.status, headers: response.headers, json: await response.json() };
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

const one = JSON.stringify({ topic: "event:42", data: 1 });

Deno.test("POST /publish takes a single publication and answers its position", async () => {
  await using ops = await startOps();

  const { status, json } = await ops.call({
    body: '{"topic":"event:42","key":"car-7","data":{"x":1},"extra":true}',
  });

  assertEquals([status, json], [200, {
    published: [{ topic: "event:42", offset: 1, epoch: "e" }],
  }]);
  assertEquals(ops.published, [{ topic: "event:42", key: "car-7", data: '{"x":1}' }]);
});

Deno.test("POST /publish keeps the order of a batch", async () => {
  await using ops = await startOps();
  const batch = [3, 1, 2].map((data) => ({ topic: `event:${data % 2}`, data }));

  const { status, json } = await ops.call({ body: JSON.stringify(batch) });

  assertEquals(status, 200);
  assertEquals(json.published.map(({ topic }: { topic: string }) => topic), [
    "event:1",
    "event:1",
    "event:0",
  ]);
  assertEquals(ops.published.map(({ data }) => data), ["3", "1", "2"]);
});

for (
  const [name, data] of [
    ["null", "null"],
    ["false", "false"],
    ["an empty string", '""'],
    ["__proto__", '{"__proto__":{"admin":true}}'],
    ["a lone surrogate", '"\\ud800"'],
    ["a deep nesting", "[".repeat(100_000) + "]".repeat(100_000)],
  ] as const
) {
  Deno.test(`POST /publish takes ${name} as data, as it is`, async () => {
    await using ops = await startOps();

    const { status } = await ops.call({ body: `{"topic":"event:42","data":${data}}` });

    assertEquals(status, 200);
    assert(ops.published[0]?.data === data);
  });
}

const faults: (Call & { name: string; status: number; error: string; index?: number })[] = [
  {
    name: "no token",
    headers: { authorization: undefined },
    body: one,
    status: 401,
    error: "Authorization must carry the publish token as bearer",
  },
  {
    name: "a wrong token",
    headers: { authorization: "Bearer another-token-of-tests" },
    body: one,
    status: 401,
    error: "Authorization must carry the publish token as bearer",
  },
  {
    name: "the token's beginning",
    headers: { authorization: `Bearer ${TOKEN.slice(0, -1)}` },
    body: one,
    status: 401,
    error: "Authorization must carry the publish token as bearer",
  },
  {
    name: "something after the token",
    headers: { authorization: `Bearer ${TOKEN} junk` },
    body: one,
    status: 401,
    error: "Authorization must carry the publish token as bearer",
  },
  {
    name: "another scheme",
    headers: { authorization: `Basic ${TOKEN}` },
    body: one,
    status: 401,
    error: "Authorization must carry the publish token as bearer",
  },
  {
    name: "another content type",
    headers: { "content-type": "text/plain" },
    body: one,
    status: 415,
    error: "Content-Type must be application/json",
  },
  {
    name: "a body over 1 MiB",
    body: one.padEnd(MIB + 1),
    status: 413,
    error: "Body must be at most 1048576 bytes",
  },
  { name: "no body", body: "", status: 400, error: "Body must be JSON in UTF-8" },
  { name: "half a body", body: one.slice(0, -1), status: 400, error: "Body must be JSON in UTF-8" },
  {
    name: "bytes that are not UTF-8",
    body: new Uint8Array([0x22, 0xff, 0x22]),
    status: 400,
    error: "Body must be JSON in UTF-8",
  },
  {
    name: "a string",
    body: '"x"',
    status: 400,
    error: "Invalid input: expected object, received string",
  },
  {
    name: "a bad topic",
    body: '{"topic":"event:..","data":1}',
    status: 400,
    error: "topic: must be <prefix>:<id>, its id the key of one item",
  },
  {
    name: "a key that is no string",
    body: '{"topic":"event:42","data":1,"key":7}',
    status: 400,
    error: "key: Invalid input: expected string, received number",
  },
  {
    name: "a bad element among good ones",
    body: `[${one},${one},{"topic":"event","data":1}]`,
    status: 400,
    error: "Element 2: topic: must be <prefix>:<id>, its id the key of one item",
    index: 2,
  },
  {
    name: "1,001 elements",
    body: `[${Array(1_001).fill(one).join()}]`,
    status: 400,
    error: "Array must hold at most 1000 elements: 1001",
  },
];

for (const { name, status, error, index, ...call } of faults) {
  Deno.test(`POST /publish refuses ${name} with ${status} and publishes nothing`, async () => {
    await using ops = await startOps();

    const answer = await ops.call(call);

    assertEquals(answer.status, status);
    assertEquals(answer.json, index === undefined ? { error } : { error, index });
    assertEquals(ops.published, []);
  });
}

Deno.test("POST /publish refuses an element without data, naming its index", async () => {
  await using ops = await startOps();

  const { status, json } = await ops.call({ body: `[${one},{"topic":"event:42"}]` });

  assertEquals([status, json.index, ops.published.length], [400, 1, 0]);
  assert(json.error.startsWith("Element 1: data:"));
});

Deno.test("POST /publish says which scheme it wants", async () => {
  await using ops = await startOps();

  const { headers } = await ops.call({ headers: { authorization: undefined }, body: one });

  assertEquals(headers.get("www-authenticate"), "Bearer");
});

Deno.test("POST /publish is off without a token, and says so", async () => {
  await using ops = await startOps({ token: undefined });

  const { status, json } = await ops.call({ body: one });

  assertEquals([status, json], [401, {
    error: "Publishing is off: LIVE_PUBLISH_TOKEN is not set",
  }]);
});

Deno.test("POST /publish takes the scheme and the content type in any case", async () => {
  await using ops = await startOps();

  const { status } = await ops.call({
    headers: {
      authorization: `bearer ${TOKEN}`,
      "content-type": "Application/JSON; charset=utf-8",
    },
    body: one,
  });

  assertEquals(status, 200);
});

Deno.test("POST /publish takes a body of 1 MiB", async () => {
  await using ops = await startOps();

  assertEquals((await ops.call({ body: one.padEnd(MIB) })).status, 200);
});

Deno.test("POST /publish refuses a body of unknown length once it is over 1 MiB", async () => {
  await using ops = await startOps();
  using client = await RawClient.connect(ops.port);
  await client.request("/publish", {
    "host": "127.0.0.1",
    "authorization": `Bearer ${TOKEN}`,
    "content-type": "application/json",
    "transfer-encoding": "chunked",
  }, "POST");

  // The last chunk, which would end the body, is never sent.
  for (let sent = 0; sent <= MIB; sent += 65_536) {
    await client.write(`10000\r\n${" ".repeat(65_536)}\r\n`);
  }

  assertEquals((await client.head()).status, 413);
  assertEquals(ops.published, []);
});

Deno.test("POST /publish takes 1,000 elements, and none", async () => {
  await using ops = await startOps();

  const many = await ops.call({ body: `[${Array(1_000).fill(one).join()}]` });
  const none = await ops.call({ body: "[]" });

  assertEquals([many.status, many.json.published.length], [200, 1_000]);
  assertEquals([none.status, none.json], [200, { published: [] }]);
});

for (const state of ["starting", "draining"] as const) {
  Deno.test(`POST /publish is 503 while ${state}`, async () => {
    await using ops = await startOps({ state });

    const { status, headers, json } = await ops.call({ body: one });

    assertEquals([status, json, ops.published], [503, { error: `server is ${state}` }, []]);
    assert(headers.has("retry-after"));
  });
}
