/**
 * Clients that do not read.
 *
 * The kernel takes some megabytes before a socket's buffer is seen to fill, so these tests send
 * until it does.
 *
 * @module
 */

import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { encodeFrame, type Frame, Opcode, readClose, textFrame } from "../support/frames.ts";
import type { Live } from "../support/live.ts";
import { turn } from "../support/queue.ts";
import type { RawClient } from "../support/raw_client.ts";
import { testOn, testOnEach } from "../support/transports.ts";

const options = { backpressureThresholdBytes: 65_536 };
const BLOCK = "x".repeat(250_000);
/** More blocks than any kernel takes: whoever has not read by then is stuck. */
const STUCK = 100;
/** More blocks than are published until a reader that is stuck is found. */
const MANY = 2 * STUCK;
/** How long nothing must drain until a reader counts as stuck, in milliseconds. */
const STALL_MS = 1_000;
const TOO_SLOW = { code: 1008, reason: "back-pressure threshold exceeded" };

/** Connects a client that subscribes, and then reads no more. */
async function connectStuck(live: Live): Promise<RawClient> {
  const client = await live.connectRaw("stuck");
  await client.sendFrame(textFrame('{"type":"subscribe","topic":"event:1"}'));
  assertEquals((await client.message()).type, "subscribed");
  return client;
}

/** Publishes blocks, each when the last has been sent, until a connection is ended. */
async function publishUntilEnd(live: Live, afterEach: () => Promise<unknown>): Promise<number> {
  let count = 0;
  while (live.metrics.disconnects.length === 0) {
    assertLess(count++, MANY);
    await live.publish("event:1", BLOCK);
    await afterEach();
    if (count > STUCK) live.passTime(STALL_MS);
  }
  return count;
}

testOnEach(
  "LiveServer ends a client that never reads, and others receive everything",
  async (startLive) => {
    await using live = await startLive({ options });
    await using client = await live.connect("ada");
    await client.subscribe("event:1");
    using _stuck = await connectStuck(live);
    const offsets: number[] = [];
    const receive = async () => offsets.push((await client.next()).offset);

    const count = await publishUntilEnd(live, receive);
    await live.publish("event:1", "after");
    await receive();

    assertEquals(offsets, Array.from({ length: count + 1 }, (_, index) => index + 1));
    assertEquals(live.metrics.disconnects, [1008]);
  },
);

testOnEach(
  "LiveServer forgets a client that never reads at once, and counts its socket",
  async (startLive) => {
    await using live = await startLive({ options });
    using stuck = await connectStuck(live);

    await publishUntilEnd(live, turn);

    const { connections, subscriptions, topics, closingSockets } = live.metrics.gauges;
    assertEquals({ connections, subscriptions, topics, closingSockets }, {
      connections: 0,
      subscriptions: 0,
      topics: 0,
      closingSockets: 1,
    });

    stuck.close();
    await live.metrics.until(({ gauges }) => gauges.closingSockets === 0);
  },
);

for (
  const [maxConnections, strain] of [
    [10, undefined],
    [9, "1 sockets were closed and do not go away"],
  ] as const
) {
  testOn(
    "deno",
    `LiveServer is ${strain ? "" : "not "}strained by one socket of ${maxConnections} that stays`,
    async (start) => {
      await using live = await start({ options: { ...options, maxConnections } });
      using stuck = await connectStuck(live);
      assertEquals(live.server.strain, undefined);

      await publishUntilEnd(live, turn);

      assertEquals(live.server.strain, strain);
      stuck.close();
      await live.metrics.until(({ gauges }) => gauges.closingSockets === 0);
      assertEquals(live.server.strain, undefined);
    },
  );
}

testOn("ws", "LiveServer ends the socket of a client that never reads by itself", async (start) => {
  await using live = await start({ options: { ...options, closeTimeoutMs: 20 } });
  using stuck = await connectStuck(live);

  await publishUntilEnd(live, turn);

  await live.metrics.until(({ gauges }) => gauges.closingSockets === 0);
  await stuck.ended();
  assertEquals(live.metrics.disconnects, [1008]);
});

testOnEach("LiveServer frees the place of a client that never reads", async (startLive) => {
  await using live = await startLive({ options: { ...options, maxConnectionsPerUser: 1 } });
  using _stuck = await connectStuck(live);

  await publishUntilEnd(live, turn);

  await using _client = await live.connect("stuck");
});

testOnEach("LiveServer tells a client that reads again why it was closed", async (startLive) => {
  await using live = await startLive({ options });
  using slow = await connectStuck(live);
  const published = await publishUntilEnd(live, turn);

  const frames: Frame[] = [];
  for (let frame = await slow.frame(); frame !== undefined; frame = await slow.frame()) {
    frames.push(frame);
    if (frame.opcode === Opcode.Close) break;
  }

  const close = frames.pop();
  assertEquals(close && readClose(close), TOO_SLOW);
  assertGreater(published, frames.length, "what it could not take was not sent");
  assertEquals(live.metrics.outbound.message, frames.length);
});

testOnEach("LiveServer ends a client that asks and never reads the answers", async (startLive) => {
  await using live = await startLive({
    options: { ...options, messageBurst: 1_000_000 },
  });
  using client = await connectStuck(live);
  const topic = `event:${"9".repeat(200)}`;
  const question = encodeFrame(textFrame(JSON.stringify({ type: "unsubscribe", topic })));
  const many = new Uint8Array(question.length * 500);
  for (let at = 0; at < many.length; at += question.length) many.set(question, at);

  while (live.metrics.disconnects.length === 0) {
    await client.write(many).catch(() => {}); // it breaks once the server has ended it
    await turn();
  }

  assertEquals(live.metrics.disconnects, [1008]);
  assertEquals(live.metrics.gauges.connections, 0);
});

testOnEach(
  "LiveServer keeps a client that reads slower than is published, but reads",
  async (startLive) => {
    await using live = await startLive({ options: { backpressureThresholdBytes: 4_194_304 } });
    using slow = await connectStuck(live);
    const offsets: number[] = [];

    for (let count = 0; count < 24; count++) await live.publish("event:1", BLOCK);
    while (offsets.length < 24) {
      const received = await slow.message();
      for (const { offset } of [received].flat()) offsets.push(offset);
    }

    assertEquals(offsets, Array.from({ length: 24 }, (_, index) => index + 1));
    assertEquals(live.metrics.disconnects, []);
  },
);
