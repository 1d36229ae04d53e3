/**
 * Tests of the heartbeat: its timer, and its pings on the wire.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Heartbeat } from "../../live/transport/heartbeat.ts";
import { Opcode, readClose, textFrame } from "../support/frames.ts";
import { testOn, testOnEach } from "../support/transports.ts";

const INTERVAL_MS = 1_000;

/** Starts a heartbeat, and records its calls. */
function start(): { heartbeat: Heartbeat; calls: string[]; socket: { drainedBytes: number } } {
  const calls: string[] = [];
  const socket = {
    drainedBytes: 0,
    ping: () => void calls.push("ping"),
    terminate: () => void calls.push("terminate"),
  };
  return { heartbeat: new Heartbeat(socket, INTERVAL_MS), calls, socket };
}

Deno.test("Heartbeat pings after a silent interval, and terminates after another", () => {
  using time = new FakeTime();
  const { calls } = start();
  const seen = [INTERVAL_MS - 1, 1, INTERVAL_MS - 1, 1, 10 * INTERVAL_MS].map((ms) => {
    time.tick(ms);
    return calls.length;
  });

  assertEquals(seen, [0, 1, 1, 2, 2]);
  assertEquals(calls, ["ping", "terminate"]);
});

Deno.test("Heartbeat does not ping a peer that sends often enough", () => {
  using time = new FakeTime();
  const { heartbeat, calls } = start();

  for (let count = 0; count < 20; count++) {
    time.tick(INTERVAL_MS - 1);
    heartbeat.seen();
  }
  heartbeat.stop();

  assertEquals(calls, []);
});

Deno.test("Heartbeat pings an interval after the last activity", () => {
  using time = new FakeTime();
  const { heartbeat, calls } = start();

  time.tick(INTERVAL_MS - 1);
  heartbeat.seen();
  time.tick(INTERVAL_MS - 1);
  assertEquals(calls, []);
  time.tick(1);
  assertEquals(calls, ["ping"]);
  heartbeat.stop();
});

Deno.test("Heartbeat starts over when its ping is answered", () => {
  using time = new FakeTime();
  const { heartbeat, calls } = start();

  time.tick(INTERVAL_MS);
  time.tick(INTERVAL_MS - 1);
  heartbeat.seen();
  time.tick(INTERVAL_MS);

  assertEquals(calls, ["ping", "ping"]);
  heartbeat.stop();
});

Deno.test("Heartbeat still pings after the clock was set back an hour", () => {
  using time = new FakeTime();
  const { heartbeat, calls } = start();
  const clock = globalThis.Date;
  const now = () => clock.now() - 3_600_000;

  globalThis.Date = new Proxy(clock, { get: (_, key) => key === "now" ? now : undefined });
  try {
    time.tick(2 * INTERVAL_MS);
  } finally {
    globalThis.Date = clock;
    heartbeat.stop();
  }

  assertEquals(calls, ["ping"]);
});

for (
  const [what, drainedBytes, seconds] of [
    ["nothing", 0, 2],
    ["what is read in an interval", 16_384, 2],
    ["64 KiB", 65_536, 5],
    ["more than can be on the way", 1e9, 257],
  ] as const
) {
  Deno.test(`Heartbeat gives a peer the time to read ${what} before the pong`, () => {
    using time = new FakeTime();
    const { socket, calls } = start();
    socket.drainedBytes = drainedBytes;
    time.tick(seconds * INTERVAL_MS - 1);
    assertEquals(calls, ["ping"]);
    time.tick(1);
    assertEquals(calls, ["ping", "terminate"]);
  });
}

Deno.test("Heartbeat keeps a peer that reads 16 KiB a second, even if it has much to read", () => {
  using time = new FakeTime();
  const { socket, heartbeat, calls } = start();
  for (let seconds = 0; seconds < 200; seconds++) {
    time.tick(INTERVAL_MS);
    socket.drainedBytes += 16_400;
  }
  assertEquals(calls, ["ping"]);
  heartbeat.stop();
});

Deno.test("Heartbeat counts what was sent after a ping as not read when its pong arrives", () => {
  using time = new FakeTime();
  const { socket, heartbeat, calls } = start();
  time.tick(INTERVAL_MS);
  socket.drainedBytes = 65_536;
  heartbeat.seen();
  time.tick(4 * INTERVAL_MS);
  assertEquals(calls, ["ping", "ping"]);
  time.tick(INTERVAL_MS);
  assertEquals(calls, ["ping", "ping", "terminate"]);
});

Deno.test("Heartbeat.stop() clears its timer", () => {
  using time = new FakeTime();
  const { heartbeat, calls } = start();

  time.tick(INTERVAL_MS);
  heartbeat.stop();
  time.tick(10 * INTERVAL_MS);

  assertEquals(calls, ["ping"]);
  assertEquals(time.next(), false);
});

testOnEach("LiveServer pings a silent peer, disconnects it, and forgets it", async (startLive) => {
  await using live = await startLive({ options: { pingIntervalMs: 25 } });
  using peer = await live.connectRaw();

  assertEquals((await peer.frame())?.opcode, Opcode.Ping);
  const close = await peer.frame();

  const isDeno = live.transport === "deno";
  const noResponse = { code: 1001, reason: "No response from ping frame." };
  assertEquals(close && readClose(close), isDeno ? noResponse : undefined);
  await live.metrics.until(({ gauges }) => gauges.connections + gauges.closingSockets === 0);
  assertEquals(live.metrics.disconnects, [isDeno ? 1001 : 1006]);
});

testOnEach("LiveServer keeps a peer that answers its pings", async (startLive) => {
  await using live = await startLive({ options: { pingIntervalMs: 500 } });
  using peer = await live.connectRaw();

  for (let count = 0; count < 3; count++) {
    const ping = await peer.frame();
    assertEquals(ping?.opcode, Opcode.Ping);
    await peer.sendFrame({ opcode: Opcode.Pong, payload: ping?.payload ?? new Uint8Array() });
  }

  await peer.sendFrame(textFrame('{"type":"unsubscribe","topic":"event:1"}'));
  assertEquals((await peer.message()).type, "unsubscribed");
  assertEquals(live.metrics.gauges.connections, 1);
});

testOn("ws", "Connection.lastSeenAt moves with pings and pongs", async (startLive) => {
  await using live = await startLive({ options: { pingIntervalMs: 60_000 } });
  using client = await live.connectRaw();
  const seen: boolean[] = [];

  for (const opcode of [Opcode.Ping, Opcode.Pong]) {
    for (const connection of live.connections) connection.lastSeenAt = 0;
    await client.sendFrame({ opcode, payload: new Uint8Array() });
    await client.sendFrame({ opcode: Opcode.Ping, payload: new Uint8Array([1]) });
    for (let pong = await client.frame(); pong?.payload[0] !== 1;) pong = await client.frame();
    seen.push(...live.connections.map(({ lastSeenAt }) => lastSeenAt > 0));
  }

  assertEquals(seen, [true, true]);
});
