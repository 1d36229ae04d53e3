/**
 * Tests of the comments that keep a stream of events alive.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { message, PING_MS, SseBench, SUBSCRIBED } from "../support/sse_setup.ts";

Deno.test("SseSocket sends a comment whenever it was quiet for the interval", async () => {
  using time = new FakeTime();
  using bench = new SseBench();
  bench.socket.send(SUBSCRIBED);
  await bench.read();
  const events: string[] = [];
  const read = async () => {
    for (let event = await bench.read(); event !== undefined; event = await bench.read()) {
      events.push(event);
    }
  };
  read();

  await time.tickAsync(PING_MS - 1);
  await time.runMicrotasks();
  assertEquals(events, []);
  await time.tickAsync(1);
  await time.runMicrotasks();
  assertEquals(events, [":ping\n\n"]);
  await time.tickAsync(PING_MS - 1);
  bench.socket.send(message(5));
  await time.tickAsync(PING_MS - 1);
  await time.runMicrotasks();
  assertEquals(events, [":ping\n\n", `data:${message(5)}\nid:a:5\n\n`]);
  await time.tickAsync(1);
  await time.runMicrotasks();
  assertEquals(events.at(-1), ":ping\n\n");
  assertEquals(events.length, 3);
});

Deno.test("SseSocket adds no comments to what a stuck reader does not take", async () => {
  using time = new FakeTime();
  using bench = new SseBench();
  for (let offset = 1; offset < 4; offset++) bench.socket.send(message(offset));

  time.tick(20 * PING_MS);
  bench.socket.close(1001, "");

  const text = await bench.rest();
  assertEquals(text.split(":ping").length, 1);
});

Deno.test("SseSocket goes on with its comments once a stuck reader has read", async () => {
  using time = new FakeTime();
  using bench = new SseBench();
  for (let offset = 1; offset < 4; offset++) bench.socket.send(message(offset));
  time.tick(2 * PING_MS);
  for (let offset = 1; offset < 4; offset++) await bench.read();

  const next = bench.read();
  await time.tickAsync(PING_MS);

  assertEquals(await next, ":ping\n\n");
});

for (const end of ["close", "cancel"] as const) {
  Deno.test(`SseSocket ends its timer at the stream's ${end}`, async () => {
    using time = new FakeTime();
    const bench = new SseBench();
    bench.socket.send(SUBSCRIBED);

    if (end === "close") bench.socket.close(1001, "");
    else await bench.cancel();

    assertEquals(time.next(), false);
  });
}
