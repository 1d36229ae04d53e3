/**
 * The bounds of a request to Directus: its time, and the size of the response.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { failure, get, MAX_BYTES, receive, serve, TIMEOUT_MS } from "./request_setup.ts";

for (const what of ["a response", "the rest of a body"]) {
  Deno.test(`requestJson() times out waiting for ${what}`, async () => {
    using time = new FakeTime();
    const requested = Promise.withResolvers<void>();
    const responded = Promise.withResolvers<void>();
    const released = Promise.withResolvers<Response>();
    await using server = serve(() => {
      requested.resolve();
      if (what === "a response") return released.promise;
      const half = new TextEncoder().encode('{"data":');
      return new Response(new ReadableStream({ start: (controller) => controller.enqueue(half) }));
    });
    const response = get(async (input, init) => {
      const response = await fetch(input, init);
      responded.resolve();
      return response;
    }, server.url);
    await (what === "a response" ? requested : responded).promise;
    time.tick(TIMEOUT_MS);
    released.resolve(new Response());
    assertEquals(await response, failure("outage", "no answer within 5000 ms"));
  });
}

Deno.test("requestJson() fails if the connection is refused, or closed without a response", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  using _accepted = await listener.accept();
  const own = (client.localAddr as Deno.NetAddr).port; // nothing listens on it, and no other program can take it
  const refused = await get(fetch, `http://127.0.0.1:${own}/users/me`);
  assert(refused.kind === "failed");
  assertStringIncludes(refused.reason, "Connection refused");
  const closed = get(fetch, `http://127.0.0.1:${listener.addr.port}/users/me`);
  (await listener.accept()).close();
  assertEquals((await closed).kind, "failed");
});

for (
  const [name, text, kind] of [
    ["65,536 bytes", "x".repeat(MAX_BYTES - 2), "json"],
    ["65,537 bytes", "x".repeat(MAX_BYTES - 1), "failed"],
    ["65,538 bytes in half as many characters", "Ä".repeat(MAX_BYTES / 2), "failed"],
  ] as const
) {
  Deno.test(`requestJson() with a body of ${name} is ${kind}`, async () => {
    assertEquals((await receive(JSON.stringify(text))).kind, kind);
  });
}

Deno.test("requestJson() stops reading a body that never ends", async () => {
  let chunks = 0;
  let cancelled = 0;
  const body = new ReadableStream({
    pull(controller) {
      chunks++;
      controller.enqueue(new Uint8Array(1_024).fill(32));
    },
    cancel: () => void cancelled++,
  }, { highWaterMark: 0 });
  assertEquals(await receive(body), failure("other", "response is over 65536 bytes"));
  assertEquals([chunks, cancelled], [65, 1]);
});

Deno.test("requestJson() fails if the body breaks off", async () => {
  const body = new ReadableStream({
    start: (controller) => controller.error(new Error("connection reset")),
  });
  assertEquals(await receive(body), failure("outage", "connection reset"));
});

for (const thrown of ["plain text", undefined]) {
  Deno.test(`requestJson() does not reject if fetch throws ${thrown}`, async () => {
    const response = await get(() => Promise.reject(thrown));
    assertEquals(response, failure("outage", String(thrown)));
  });
}
