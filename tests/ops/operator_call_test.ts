/**
 * Tests of what the operator's calls refuse, and how.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Refusals } from "../../live/domain/refusal_log.ts";
import type { Revocation } from "../../live/domain/revocation.ts";
import { RawClient } from "../support/raw_client.ts";
import { CALL_HEADERS, MIB, Ops, type OpsSetup, TOKEN } from "./ops_setup.ts";

const calls = [
  ["/publish", "Publishing", { topic: "event:42", data: 1 }],
  ["/directus", "Publishing", { event: "events.items.create", collection: "events", key: "1" }],
  ["/revoke", "Revoking", { user: "ada" }],
] as const;

/** Starts a listener and counts what its calls did. */
async function start(setup: OpsSetup = {}) {
  const revocations: Revocation[] = [];
  const ops = await Ops.start({
    revoke(revocation) {
      revocations.push(revocation);
      return Promise.resolve({ closed: 0, asked: 0, withdrawn: 0 });
    },
    ...setup,
  });
  return {
    ops,
    get done() {
      return revocations.length + ops.published.length;
    },
    [Symbol.asyncDispose]: () => ops[Symbol.asyncDispose](),
  };
}

const NO_BEARER = "Authorization must carry the publish token as bearer";
const NO_JSON = "Body must be JSON in UTF-8";

const refused: [
  name: string,
  headers: Record<string, string | null>,
  body: string | Uint8Array | undefined,
  status: number,
  error: string,
][] = [
  ["no token", { authorization: null }, undefined, 401, NO_BEARER],
  ["another token", { authorization: "Bearer another-token" }, undefined, 401, NO_BEARER],
  ["half the token", { authorization: `Bearer ${TOKEN.slice(0, -1)}` }, undefined, 401, NO_BEARER],
  ["more than the token", { authorization: `Bearer ${TOKEN} x` }, undefined, 401, NO_BEARER],
  ["another scheme", { authorization: `Basic ${TOKEN}` }, undefined, 401, NO_BEARER],
  [
    "another content type",
    { "content-type": "text/plain" },
    undefined,
    415,
    "Content-Type must be application/json",
  ],
  ["more than 1 MiB", {}, " ".repeat(MIB + 1), 413, "Body must be at most 1048576 bytes"],
  ["an empty body", {}, "", 400, NO_JSON],
  ["half a body", {}, "{", 400, NO_JSON],
  ["a body that is not UTF-8", {}, new Uint8Array([0x22, 0xff, 0x22]), 400, NO_JSON],
  [
    "a Flow's template that names nothing",
    {},
    " undefined\n",
    400,
    'Body is the word "undefined": the template in the Flow refers to nothing, use {{$trigger}} ' +
    "or a part of it",
  ],
];

for (const [path, name, valid] of calls) {
  for (
    const [what, headers] of [
      ["a valid call", {}],
      ["the scheme and content type in any case", {
        "authorization": `bearer  ${TOKEN}`,
        "content-type": "Application/JSON; charset=utf-8",
      }],
    ] as const
  ) {
    Deno.test(`POST ${path} accepts ${what}`, async () => {
      await using bench = await start();
      const { status } = await bench.ops.post(path, valid, headers);
      assertEquals([status, bench.done], [200, 1]);
    });
  }

  Deno.test(`POST ${path} accepts a body of 1 MiB`, async () => {
    await using bench = await start();
    const { status } = await bench.ops.post(path, JSON.stringify(valid).padEnd(MIB));
    assertEquals([status, bench.done], [200, 1]);
  });

  for (const [what, headers, body, status, error] of refused) {
    Deno.test(`POST ${path} refuses ${what} with ${status} and does nothing`, async () => {
      await using bench = await start();
      const answer = await bench.ops.post(path, body ?? valid, headers);
      assertEquals([answer.status, answer.json, bench.done], [status, { error }, 0]);
    });
  }

  Deno.test(`POST ${path} is off without a token, and says so`, async () => {
    await using bench = await start({ publishToken: undefined });
    const { status, json, headers } = await bench.ops.post(path, valid);
    assertEquals([status, json], [401, {
      error: `${name} is off: LIVE_PUBLISH_TOKEN is not set`,
    }]);
    assertEquals([headers.get("www-authenticate"), bench.done], ["Bearer", 0]);
  });
}

Deno.test("the operator's calls note a wrong or missing token, without the token itself", async () => {
  const noted: string[][] = [];
  const refusals: Refusals = { note: (...words) => noted.push(words) };
  await using bench = await start({ refusals });
  const { ops } = bench;

  await ops.post("/publish?token=x", {}, { authorization: "Bearer wrong-token-of-a-guest" });
  await ops.post("/revoke", {}, { authorization: null });
  await ops.post("/publish", { topic: "event:1", data: 1 });

  assertEquals(noted, [
    ["token", "POST /publish with another token"],
    ["token", "POST /revoke with no token"],
  ]);
});

for (
  const [what, headers, status] of [
    ["a body announced as over 1 MiB", { "content-length": `${MIB + 1}` }, 413],
    ["a body without the token", { "authorization": "Bearer wrong", "content-length": "100" }, 401],
  ] as const
) {
  Deno.test(`POST /publish refuses ${what} before it arrives`, async () => {
    await using ops = await Ops.start();
    using client = await RawClient.connect(ops.port);
    await client.request("/publish", { "host": "localhost", ...CALL_HEADERS, ...headers }, "POST");
    assertEquals((await client.head()).status, status);
  });
}

Deno.test("POST /publish refuses a body of unknown length once it is over 1 MiB", async () => {
  await using ops = await Ops.start();
  using client = await RawClient.connect(ops.port);
  const headers = { "host": "localhost", ...CALL_HEADERS, "transfer-encoding": "chunked" };
  await client.request("/publish", headers, "POST");

  // The last chunk, which would end the body, is never sent.
  for (let sent = 0; sent <= MIB; sent += 65_536) {
    await client.write(`10000\r\n${" ".repeat(65_536)}\r\n`);
  }

  assertEquals((await client.head()).status, 413);
  assertEquals(ops.published, []);
});
