/**
 * One call to Directus is bounded in time and size, whatever is at the other end.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { JsonAnswer } from "../../live/directus/get_json.ts";
import { options } from "./fixtures.ts";
import { call, serve, take, TIMEOUT_MS } from "./get_json_fixtures.ts";
import { createDirectusStandIn } from "./stand_in.ts";

const MAX_BYTES = 65_536;

Deno.test("getJson() gives up on a Directus that hangs, at its timeout", async () => {
  using time = new FakeTime();
  const directus = createDirectusStandIn(options);
  directus.fail("hung");
  let answer: JsonAnswer | undefined;
  const answered = call(directus.fetch).then((value) => answer = value);
  await time.tickAsync(TIMEOUT_MS - 1);
  await time.runMicrotasks();
  assertEquals(answer, undefined);
  time.tick(1);
  assertEquals(await answered, {
    kind: "failed",
    cause: "fault",
    reason: "no answer within 5000 ms",
  });
});

Deno.test("getJson() gives up on a server that accepts and never answers", async () => {
  using time = new FakeTime();
  const arrived = Promise.withResolvers<void>();
  const release = Promise.withResolvers<Response>();
  await using server = serve(() => {
    arrived.resolve();
    return release.promise;
  });
  const answered = call(fetch, server.url);
  await arrived.promise;
  time.tick(TIMEOUT_MS);
  assertEquals(await answered, {
    kind: "failed",
    cause: "fault",
    reason: "no answer within 5000 ms",
  });
  release.resolve(new Response());
});

Deno.test("getJson() gives up on a body that stops half-way", async () => {
  using time = new FakeTime();
  const begun = Promise.withResolvers<void>();
  await using server = serve(() => {
    const half = new TextEncoder().encode('{"data":');
    return new Response(new ReadableStream({ start: (controller) => controller.enqueue(half) }));
  });
  const answered = call(async (input, init) => {
    const response = await fetch(input, init);
    begun.resolve();
    return response;
  }, server.url);
  await begun.promise;
  time.tick(TIMEOUT_MS);
  assertEquals(await answered, {
    kind: "failed",
    cause: "fault",
    reason: "no answer within 5000 ms",
  });
});

Deno.test("getJson() fails when the connection is refused", async () => {
  // A client's own port: nobody listens on it, and nobody else can.
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  using _accepted = await listener.accept();
  const { port } = client.localAddr as Deno.NetAddr;
  const answer = await call(fetch, `http://127.0.0.1:${port}/users/me`);
  assert(answer.kind === "failed");
  assertStringIncludes(answer.reason, "Connection refused");
  assertEquals(answer.retryAfterMs, undefined);
});

Deno.test("getJson() fails when the connection is closed without an answer", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const answered = call(fetch, `http://127.0.0.1:${listener.addr.port}/users/me`);
  (await listener.accept()).close();
  assertEquals((await answered).kind, "failed");
});

for (const [size, kind] of [[MAX_BYTES, "json"], [MAX_BYTES + 1, "failed"]] as const) {
  Deno.test(`getJson() with a body of ${size} bytes is ${kind}`, async () => {
    const answer = await take(JSON.stringify("x".repeat(size - 2)));
    assertEquals(answer.kind, kind);
    if (answer.kind === "failed") assertEquals(answer.reason, "answer over 65536 bytes");
  });
}

Deno.test("getJson() counts bytes, not letters", async () => {
  const answer = await take(JSON.stringify("Ä".repeat(MAX_BYTES / 2)));
  assertEquals(answer, { kind: "failed", cause: "other", reason: "answer over 65536 bytes" });
});

Deno.test("getJson() stops reading a body that never ends", async () => {
  let chunks = 0;
  let cancelled = 0;
  const body = new ReadableStream({
    pull(controller) {
      chunks++;
      controller.enqueue(new Uint8Array(1_024).fill(32));
    },
    cancel: () => void cancelled++,
  }, { highWaterMark: 0 });
  assertEquals(await take(body), {
    kind: "failed",
    cause: "other",
    reason: "answer over 65536 bytes",
  });
  assertEquals([chunks, cancelled], [65, 1]);
});

Deno.test("getJson() fails when the body breaks off", async () => {
  const body = ReadableStream.from((function* () {
    yield new TextEncoder().encode('{"data":{"id":"1"}}');
    throw new Error("connection reset");
  })());
  assertEquals(await take(body), { kind: "failed", cause: "fault", reason: "connection reset" });
});

Deno.test("getJson() does not reject whatever fetch throws", async () => {
  assertEquals(await call(() => Promise.reject("plain text")), {
    kind: "failed",
    cause: "fault",
    reason: "plain text",
  });
  assertEquals(await call(() => Promise.reject(undefined)), {
    kind: "failed",
    cause: "fault",
    reason: "undefined",
  });
});
