/**
 * The embedded server as one object.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { type Broker, createLive, type LiveOptions, Publication } from "@live/server";
import { Client } from "../support/client.ts";

/** Starts a server on a free port. */
async function start(options: LiveOptions = {}) {
  const live = createLive({ host: "127.0.0.1", port: 0, ...options });
  const { port } = await live.start();
  return {
    live,
    connect: () => Client.connect(`ws://127.0.0.1:${port}/`),
    [Symbol.asyncDispose]: async () => void await live.stop(2_000),
  };
}

Deno.test("createLive() without an authority gives every topic to anonymous clients", async () => {
  await using server = await start({ instanceId: "one" });
  await using client = await server.connect();
  const { user, instance } = await client.next();
  assertEquals([user, instance], [null, "one"]);
  assertEquals((await client.subscribe("event:42")).type, "subscribed");

  const positions = await server.live.publish([
    { topic: "event:42", key: "car-7", data: { x: 1 } },
    Publication.from({ topic: "event:42", key: "car-7", removed: true }),
  ]);

  assertEquals(positions.map(({ topic, offset }) => [topic, offset]), [
    ["event:42", 1],
    ["event:42", 2],
  ]);
  assertEquals(await client.take(2), [
    { type: "message", topic: "event:42", offset: 1, key: "car-7", data: { x: 1 } },
    { type: "message", topic: "event:42", offset: 2, key: "car-7", removed: true },
  ]);
});

Deno.test("Live.publish() rejects an invalid publication, and publishes nothing", async () => {
  await using server = await start();
  const { live } = server;
  const valid = { topic: "event:42", data: 1 };
  await assertRejects(() => live.publish([valid, { topic: "event" }]), TypeError, "topic");
  assertEquals((await live.publish([valid])).map(({ offset }) => offset), [1]);
});

Deno.test("Live.revoke() closes an anonymous connection", async () => {
  await using server = await start();
  await using client = await server.connect();
  const { connection } = await client.next();
  assertEquals(await server.live.revoke({ connection }), { closed: 1, asked: 0, withdrawn: 0 });
  assertEquals((await client.closed).code, 4503);
});

Deno.test("Live.readiness follows start() and stop()", async () => {
  const live = createLive({ host: "127.0.0.1", port: 0 });
  const started = live.start();
  assertEquals(live.readiness, "starting");
  await started;
  assertEquals(live.readiness, "ready");
  const stopped = live.stop();
  assertEquals(live.readiness, "draining");
  assertEquals(await stopped, { stragglers: 0 });
});

Deno.test("Live.stop() stops the broker, although nothing was started", async () => {
  let stops = 0;
  const broker: Broker = {
    trouble: "cut off",
    listen() {},
    publish: () => Promise.resolve([]),
    open: () => Promise.reject(new Error("not used")),
    refresh: () => Promise.resolve(),
    close() {},
    stop: () => Promise.resolve(void stops++),
  };
  const live = createLive({ broker });
  assertEquals(live.trouble, "cut off");
  await Promise.all([live.stop(), live.stop()]);
  assertEquals(stops, 1);
});
