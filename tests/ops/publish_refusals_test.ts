/**
 * Publish calls that are refused, and why.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { BrokerUnavailable } from "../../live/domain/broker.ts";
import { CALL_HEADERS, Ops, type OpsSetup } from "./ops_setup.ts";

const one = { topic: "event:42", data: 1 };
const BAD_TOPIC = "topic: must be <prefix>:<id>, its id the key of one item";

const refused: [name: string, body: unknown, error: string, index?: number][] = [
  ["a string", '"x"', "Invalid input: expected object, received string"],
  ["no data", { topic: "event:42" }, "data: missing"],
  ["JSON text in place of data", { topic: "event:42", json: "1" }, "data: missing"],
  ["a bad topic", { topic: "event:..", data: 1 }, BAD_TOPIC],
  ["a numeric key", { ...one, key: 7 }, "key: Invalid input: expected string, received number"],
  [
    "a removal without a key",
    { topic: "event:42", removed: true },
    "key: missing; a removal must name the key",
  ],
  [
    "a removal with data",
    { ...one, key: "k", removed: true },
    "data: must be absent if removed is true",
  ],
  [
    "a removal with null as data",
    { topic: "event:42", key: "k", data: null, removed: true },
    "data: must be absent if removed is true",
  ],
  [
    "removed as text",
    { topic: "event:42", key: "k", removed: "true" },
    "removed: Invalid input: expected boolean, received string",
  ],
  ["a bad element", [one, one, { topic: "event", data: 1 }], `Element 2: ${BAD_TOPIC}`, 2],
  ["an element without data", [one, { topic: "event:42" }], "Element 1: data: missing", 1],
  [
    "an element that removes without a key",
    [{ topic: "event:42", removed: true }, one],
    "Element 0: key: missing; a removal must name the key",
    0,
  ],
  [
    "an element that removes with data",
    [one, { ...one, key: "k", removed: true }],
    "Element 1: data: must be absent if removed is true",
    1,
  ],
  ["1,001 elements", Array(1_001).fill(one), "Array must hold at most 1000 elements: 1001"],
];

for (const [name, body, error, index] of refused) {
  Deno.test(`POST /publish refuses ${name} with 400 and publishes nothing`, async () => {
    await using ops = await Ops.start();

    const { status, json } = await ops.post("/publish", body);

    assertEquals([status, json], [400, index === undefined ? { error } : { error, index }]);
    assertEquals(ops.published, []);
  });
}

const fail = (error: Error): OpsSetup => ({ publish: () => Promise.reject(error) });
const unavailable: [name: string, setup: OpsSetup, retryAfter: string, error: string][] = [
  ["the server is starting", { readiness: "starting" }, "5", "server is starting"],
  ["the server drains", { readiness: "draining" }, "5", "server is draining"],
  [
    "the server is cut off, without trying",
    { trouble: "cut off from Redis", ...fail(new Error("tried")) },
    "5",
    "cut off from Redis",
  ],
  ...[[0, "1"], [1, "1"], [1_000, "1"], [2_001, "3"]].map(([retryAfterMs, seconds]) =>
    [
      `the broker is unavailable for ${retryAfterMs} ms`,
      fail(new BrokerUnavailable("Redis: gone", Number(retryAfterMs))),
      String(seconds),
      "Redis: gone",
    ] as (typeof unavailable)[number]
  ),
];

for (const [name, setup, retryAfter, error] of unavailable) {
  Deno.test(`POST /publish is 503 while ${name}`, async () => {
    await using ops = await Ops.start(setup);
    const { status, headers, json } = await ops.post("/publish", one);
    assertEquals([status, headers.get("retry-after"), json], [503, retryAfter, { error }]);
    assertEquals([ops.published, ops.logger.of("error")], [[], []]);
  });
}

Deno.test("POST /publish hides an outage from callers without the token", async () => {
  await using ops = await Ops.start({ trouble: "cut off from Redis" });
  const { status } = await ops.post("/publish", one, { authorization: "Bearer another-token" });
  assertEquals(status, 401);
});

Deno.test("POST /publish refuses a malformed Idempotency-Key", async () => {
  await using ops = await Ops.start();

  for (const key of ["a b", "x".repeat(201), "ä"]) {
    const headers = { ...CALL_HEADERS, "idempotency-key": key };
    assertEquals((await ops.post("/publish", one, headers)).status, 400);
  }
  assertEquals(ops.published, []);
});

Deno.test("POST /publish is 500 after an unexpected error, which is logged", async () => {
  await using ops = await Ops.start(fail(new Error("a fault")));
  const { status, headers, text } = await ops.post("/publish", one);
  assertEquals([status, headers.get("retry-after"), text], [500, null, ""]);
  assertEquals(ops.logger.of("error").length, 1);
});

Deno.test("POST /publish refuses a compressed body", async () => {
  await using ops = await Ops.start();

  const answer = await ops.post("/publish", one, { ...CALL_HEADERS, "content-encoding": "gzip" });

  assertEquals([answer.status, answer.json], [415, {
    error: "Content-Encoding is not supported",
  }]);
});
