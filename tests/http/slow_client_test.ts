/**
 * Tests of clients that read slowly or not at all, as WebSockets and as streams.
 *
 * The kernel buffers some megabytes of a connection, so these tests publish until it takes no more.
 *
 * @module
 */

import { assert, assertEquals, assertLess } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { cookieOf } from "../support/authorities.ts";
import { encodeFrame, type Frame, Opcode, readClose, textFrame } from "../support/frames.ts";
import type { Live } from "../support/live.ts";
import { turn } from "../support/queue.ts";
import { SseClient, urlOf } from "../support/sse_client.ts";
import { testOn, testOnEach } from "../support/transports.ts";
import { protocols, webSocket } from "./protocols_setup.ts";

const TOPIC = "event:1";
const BLOCK = "x".repeat(250_000);
/** More blocks than any kernel buffers. */
const MAX_BLOCKS = 200;
/** Event loop turns in which a socket that is read takes more. */
const TURNS = 20;
/** How often the server looks for stalled connections, in milliseconds. */
const LOOK_MS = 1_000;
const options = { backpressureThresholdBytes: 65_536 };
const TOO_SLOW = { code: 1008, reason: "back-pressure threshold exceeded" };

/** Publishes until the last connection's socket takes no more; returns the number of messages. */
async function fill(live: Live, afterEach: () => Promise<unknown> = turn): Promise<number> {
  const connection = live.connections.at(-1);
  for (let count = 1; count < MAX_BLOCKS; count++) {
    await live.publish(TOPIC, BLOCK);
    await afterEach();
    for (let turns = 0; turns < TURNS && !connection?.hasRoom; turns++) await turn();
    if (!connection?.hasRoom) return count;
  }
  throw new Error("The socket takes everything");
}

/** Lets time pass until a connection has ended. */
async function stall(live: Live, time: FakeTime): Promise<void> {
  for (let looks = 0; live.metrics.disconnects.length === 0; looks++) {
    assertLess(looks, MAX_BLOCKS);
    live.passTime(LOOK_MS);
    time.tick(LOOK_MS);
    await turn();
  }
}

for (const { name, connect, connectStuck } of protocols) {
  testOnEach(
    `LiveServer closes a ${name} that is never read, and serves the others`,
    async (startLive) => {
      using time = new FakeTime();
      await using live = await startLive({ options });
      await using healthy = await connect(live, TOPIC);
      await healthy.next();
      using stuck = await connectStuck(live, TOPIC);
      const offsets: number[] = [];
      const receive = async () => offsets.push((await healthy.next()).offset);

      const count = await fill(live, receive);
      await stall(live, time);
      await live.publish(TOPIC, "after");
      await receive();

      assertEquals(offsets, Array.from({ length: count + 1 }, (_, index) => index + 1));
      assertEquals(live.metrics.disconnects, [1008]);
      stuck.close();
    },
  );

  testOnEach(
    `LiveServer counts the socket of a ${name} that is never read until it is gone`,
    async (startLive) => {
      using time = new FakeTime();
      await using live = await startLive({ options: { ...options, maxConnectionsPerUser: 1 } });
      using stuck = await connectStuck(live, TOPIC);
      await fill(live);

      await stall(live, time);

      const { connections, subscriptions, topics, closingSockets } = live.metrics.gauges;
      assertEquals([connections, subscriptions, topics, closingSockets], [0, 0, 0, 1]);
      if (name === "stream") assertLess(live.connections[0]?.bufferedBytes ?? NaN, 100);
      assertEquals((await live.knock("/", { cookie: cookieOf("stuck") })).status, 429);

      stuck.close();
      await live.metrics.until(({ gauges }) => gauges.closingSockets === 0);
      const next = await live.connect("stuck"); // it has room again
      await next.close();
    },
  );

  testOn(
    "ws",
    `LiveServer breaks the connection of a ${name} that is never read`,
    async (start) => {
      using time = new FakeTime();
      await using live = await start({ options: { ...options, closeTimeoutMs: 20 } });
      using stuck = await connectStuck(live, TOPIC);
      await fill(live);
      await stall(live, time);

      time.tick(20);

      await live.metrics.until(({ gauges }) => gauges.closingSockets === 0);
      await stuck.ended();
      assertEquals(live.metrics.disconnects, [1008]);
    },
  );

  testOnEach(
    `LiveServer.stop() breaks a ${name} that is never read, at its deadline`,
    async (startLive) => {
      using time = new FakeTime();
      await using live = await startLive({ options });
      await using healthy = await connect(live, TOPIC);
      await healthy.next();
      using stuck = await connectStuck(live, TOPIC);
      await fill(live, () => healthy.next());

      const stopped = live.server.stop(1_000);
      await live.metrics.until(({ disconnects, gauges }) =>
        disconnects.length === 2 && gauges.closingSockets === 1
      );
      await time.tickAsync(1_000);

      assertEquals(await stopped, { stragglers: 1 });
      assertEquals(live.metrics.disconnects, [1001, 1001]);
      await stuck.ended();
    },
  );

  testOnEach(
    `LiveServer keeps a ${name} that is read more slowly than is published`,
    async (startLive) => {
      await using live = await startLive({ options: { backpressureThresholdBytes: 4_194_304 } });
      await using slow = await connect(live, TOPIC);
      await slow.next();
      const offsets: number[] = [];

      for (let count = 0; count < 24; count++) await live.publish(TOPIC, BLOCK);
      while (offsets.length < 24) offsets.push((await slow.next()).offset);

      assertEquals(offsets, Array.from({ length: 24 }, (_, index) => index + 1));
      assertEquals(live.metrics.disconnects, []);
    },
  );
}

for (
  const [maxConnections, strain] of [
    [10, undefined],
    [9, "1 sockets were closed and are not gone"],
  ] as const
) {
  testOn(
    "deno",
    `LiveServer.strain is ${strain} with one closing socket of ${maxConnections} allowed`,
    async (startLive) => {
      using time = new FakeTime();
      await using live = await startLive({ options: { ...options, maxConnections } });
      using stuck = await webSocket.connectStuck(live, TOPIC);
      assertEquals(live.server.strain, undefined);
      await fill(live);

      await stall(live, time);

      assertEquals(live.server.strain, strain);
      stuck.close();
      await live.metrics.until(({ gauges }) => gauges.closingSockets === 0);
      assertEquals(live.server.strain, undefined);
    },
  );
}

testOnEach("a WebSocket that is read again says why it was closed", async (startLive) => {
  using time = new FakeTime();
  await using live = await startLive({ options });
  using slow = await webSocket.connectStuck(live, TOPIC);
  const sent = await fill(live);
  await live.publish(TOPIC, "not sent");
  await stall(live, time);

  const frames: Frame[] = [];
  for (let frame = await slow.frame(); frame !== undefined; frame = await slow.frame()) {
    if (frame.opcode !== Opcode.Ping) frames.push(frame);
    if (frame.opcode === Opcode.Close) break;
  }

  const close = frames.pop();
  assertEquals(close && readClose(close), TOO_SLOW);
  assertEquals([frames.length, live.metrics.outbound.message], [sent, sent]);
});

testOnEach(
  "a stream that is read again says why it was closed, and can be resumed",
  async (startLive) => {
    using time = new FakeTime();
    await using live = await startLive({ options });
    const response = await fetch(urlOf(live, [TOPIC]), { headers: { cookie: cookieOf("ada") } });
    const published = await fill(live);
    await stall(live, time);

    await using slow = new SseClient(response);
    await slow.take(2);
    const offsets: number[] = [];
    let last = await slow.event();
    for (; last.event === "message"; last = await slow.event()) {
      offsets.push(JSON.parse(last.data).offset);
    }

    assertEquals([last.event, JSON.parse(last.data)], ["close", TOO_SLOW]);
    assert(await slow.ended, "the stream ends whole");
    const upTo = offsets.at(-1) ?? 0;
    assertLess(upTo, published, "it was not sent everything");
    assertEquals(slow.lastEventId.split(":")[1], `${upTo}`);

    await using next = await SseClient.to(live, [TOPIC], { "last-event-id": slow.lastEventId });
    const [, { recovered, messages }] = await next.take(2);
    assertEquals([recovered, messages[0].offset], [true, upTo + 1]);
  },
);

testOnEach("LiveServer closes a client that asks and never reads the answers", async (start) => {
  await using live = await start({ options: { ...options, messageBurst: 1_000_000 } });
  using client = await webSocket.connectStuck(live, TOPIC);
  const topic = `event:${"9".repeat(200)}`;
  const question = encodeFrame(textFrame(JSON.stringify({ type: "unsubscribe", topic })));
  const many = new Uint8Array(question.length * 500);
  for (let at = 0; at < many.length; at += question.length) many.set(question, at);

  while (live.metrics.disconnects.length === 0) {
    await client.write(many).catch(() => {}); // fails once the server has broken the connection
    await turn();
  }

  assertEquals(live.metrics.disconnects, [1008]);
  assertEquals(live.metrics.gauges.connections, 0);
});
