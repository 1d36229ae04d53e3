/**
 * Tests of what the fan-out does about sockets that do not drain.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { RETRY_MS } from "../../live/hub/fan_out.ts";
import { Bench } from "./setup.ts";
import { messageOf } from "./fakes.ts";

/** Past this nothing is handed to a socket. */
const MARK = 65_536;

/** What a connection may hold unsent, in these tests. */
const THRESHOLD = 100_000;

const STALL_MS = 1_000;

const TOO_SLOW: [number, string][] = [[1008, "back-pressure threshold exceeded"]];

/** Length of the outbound JSON around a string of the first message. */
const ENVELOPE = messageOf("a:1", 1, "").length;

for (
  const [name, buffered, thresholdBytes, sent] of [
    ["at the mark", MARK, undefined, 1],
    ["past the mark", MARK + 1, undefined, 0],
    ["at a threshold below the mark", 1_000, 1_000, 1],
    ["past a threshold below the mark", 1_001, 1_000, 0],
  ] as const
) {
  Deno.test(`FanOut hands ${sent ? "a" : "no"} message to a socket ${name}`, async () => {
    await using bench = new Bench(thresholdBytes === undefined ? {} : { thresholdBytes });
    const { socket } = await bench.join("a:1");
    socket.bufferedAmount = buffered;
    await bench.publish("a:1", 1);
    assertEquals([socket.frames.length, socket.closes], [sent, []]);
    assertEquals(bench.metrics.sentCounts.message ?? 0, sent);
  });
}

Deno.test("FanOut stops handing over as soon as a socket is past the mark", async () => {
  await using bench = new Bench();
  const { socket } = await bench.join("a:1");
  socket.slow = true;
  const data = "x".repeat(40_000);
  await bench.publish("a:1", data, data, data);
  assertEquals(socket.frames, [messageOf("a:1", 1, data), messageOf("a:1", 2, data)]);
  await bench.pass(STALL_MS);
  assertEquals(socket.frames.length, 2);
  socket.bufferedAmount = 0;
  await bench.pass(RETRY_MS);
  assertEquals(socket.frames.slice(2), [messageOf("a:1", 3, data)]);
  assertEquals(bench.metrics.sentCounts, { message: 3 });
});

Deno.test("FanOut sends a drained socket what it missed, in one frame, and then live", async () => {
  await using bench = new Bench({ historySize: 0 });
  const { socket } = await bench.join("a:1");
  socket.bufferedAmount = MARK + 1;
  await bench.publish("a:1", 1);
  await bench.publish("a:1", 2);
  await bench.publish("a:1", 3);
  assertEquals(socket.frames, []);
  socket.bufferedAmount = MARK;
  await bench.pass(RETRY_MS);
  await bench.publish("a:1", 4);
  assertEquals(socket.frames, [
    `[${[1, 2, 3].map((n) => messageOf("a:1", n, n))}]`,
    messageOf("a:1", 4, 4),
  ]);
});

Deno.test("FanOut sends a drained socket what it missed with the next message", async () => {
  await using bench = new Bench();
  const { socket } = await bench.join("a:1");
  socket.bufferedAmount = MARK + 1;
  await bench.publish("a:1", 1);
  socket.bufferedAmount = 0;
  await bench.publish("a:1", 2);
  assertEquals(socket.frames, [`[${messageOf("a:1", 1, 1)},${messageOf("a:1", 2, 2)}]`]);
});

Deno.test("FanOut does not hold up others for a socket that lags", async () => {
  await using bench = new Bench();
  const [before, slow, after, elsewhere] = [
    await bench.join("a:1"),
    await bench.join("a:1", "b:1"),
    await bench.join("a:1"),
    await bench.join("b:1"),
  ];
  slow.socket.bufferedAmount = MARK + 1;
  for (let data = 1; data <= 3; data++) {
    await bench.publish("a:1", data);
    await bench.publish("b:1", data);
  }
  for (
    const [{ socket }, topic] of [[before, "a:1"], [after, "a:1"], [elsewhere, "b:1"]] as const
  ) {
    assertEquals(socket.frames, [1, 2, 3].map((n) => messageOf(topic, n, n)));
  }
  await bench.pass(STALL_MS);
  assertEquals([before.socket.frames.length, slow.socket.frames], [3, []]);
});

Deno.test("FanOut closes with 1008 what is past the threshold and stalls for a second", async () => {
  await using bench = new Bench({ thresholdBytes: THRESHOLD });
  const { socket } = await bench.join("a:1");
  socket.bufferedAmount = MARK + 1;
  await bench.publish("a:1", "x".repeat(THRESHOLD - MARK));
  await bench.pass(STALL_MS - RETRY_MS);
  assertEquals(socket.closes, []);
  await bench.pass(RETRY_MS);
  assertEquals(socket.closes, TOO_SLOW);
  socket.bufferedAmount = 0;
  await bench.publish("a:1", 2);
  await bench.pass(STALL_MS);
  assertEquals(socket.frames, []);
  assertEquals([bench.metrics.gauges.topics, bench.metrics.gauges.subscriptions], [0, 0]);
});

Deno.test("FanOut leaves alone what stalls below the threshold", async () => {
  await using bench = new Bench({ thresholdBytes: THRESHOLD });
  const { socket } = await bench.join("a:1");
  const message = "x".repeat(THRESHOLD - MARK - 1 - ENVELOPE);
  socket.bufferedAmount = MARK + 1;
  await bench.publish("a:1", message);
  await bench.pass(10 * STALL_MS);
  assertEquals(socket.closes, []);
  await bench.publish("a:1", ""); // one message more
  assertEquals(socket.closes, TOO_SLOW);
});

Deno.test("FanOut leaves alone what is past the threshold while it drains", async () => {
  await using bench = new Bench({ thresholdBytes: THRESHOLD });
  const { socket } = await bench.join("a:1");
  socket.bufferedAmount = MARK + 1_000;
  await bench.publish("a:1", "x".repeat(2 * THRESHOLD));
  await bench.pass(10 * STALL_MS, () => socket.bufferedAmount--);
  assertEquals(socket.closes, []);
  await bench.pass(STALL_MS);
  assertEquals(socket.closes, TOO_SLOW);
});

Deno.test("FanOut forgets that a socket stalled once it has taken something", async () => {
  await using bench = new Bench({ thresholdBytes: THRESHOLD });
  const { socket } = await bench.join("a:1");
  const data = "x".repeat(THRESHOLD);
  socket.bufferedAmount = MARK + 1;
  await bench.publish("a:1", data);
  await bench.pass(STALL_MS - RETRY_MS);
  socket.bufferedAmount = 0;
  await bench.pass(RETRY_MS);
  assertEquals(socket.frames, [messageOf("a:1", 1, data)]);
  socket.bufferedAmount = MARK + 1;
  await bench.publish("a:1", data);
  await bench.pass(STALL_MS - RETRY_MS);
  assertEquals(socket.closes, []);
  await bench.pass(RETRY_MS);
  assertEquals(socket.closes, TOO_SLOW);
});

Deno.test("FanOut counts against a socket only what follows its own cursor", async () => {
  await using bench = new Bench({ thresholdBytes: THRESHOLD });
  const early = await bench.join("a:1");
  early.socket.bufferedAmount = MARK + 1;
  await bench.publish("a:1", "x".repeat(THRESHOLD));
  const late = await bench.join("a:1"); // the long message is no concern of it
  late.socket.bufferedAmount = MARK + 1;
  await bench.publish("a:1", "x".repeat(THRESHOLD - MARK - 1 - ENVELOPE));
  await bench.pass(STALL_MS);
  assertEquals([early.socket.closes, late.socket.closes], [TOO_SLOW, []]);
});

Deno.test("FanOut keeps what a socket has not taken, and no longer", async () => {
  await using bench = new Bench({ historySize: 0 });
  const [slow] = [await bench.join("a:1"), await bench.join("a:1")];
  const log = await bench.broker.open("a:1");
  slow.socket.bufferedAmount = MARK + 1;
  await bench.publish("a:1", 1, 2);
  assertEquals(log.read(0, Infinity)?.length, 2);
  slow.socket.bufferedAmount = 0;
  await bench.pass(RETRY_MS);
  assertEquals([slow.socket.frames.length, log.read(0, Infinity)], [1, undefined]);
});

Deno.test("FanOut does not keep what only a socket has not taken that has left", async () => {
  await using bench = new Bench({ historySize: 0 });
  const [slow] = [await bench.join("a:1"), await bench.join("a:1")];
  const log = await bench.broker.open("a:1");
  slow.socket.bufferedAmount = MARK + 1;
  await bench.publish("a:1", 1, 2);
  slow.connection.end(1001, "gone");
  await bench.pass(RETRY_MS);
  assertEquals([slow.socket.frames, log.read(0, Infinity)], [[], undefined]);
});

Deno.test("FanOut leaves alone what lags because another topic fills a socket that drains", async () => {
  await using bench = new Bench({ thresholdBytes: 300_000, historyMaxBytes: 1_000_000_000 });
  const { socket } = await bench.join("b:1", "a:1");
  const data = "x".repeat(60_000);
  socket.slow = true;
  socket.bufferedAmount = MARK + 1;
  await bench.publish("a:1", data, data, data, data, data);
  await bench.pass(3 * STALL_MS, () => {
    socket.bufferedAmount = 0; // the peer reads all there is, and the other topic fills it again
    bench.hub.publish([data, data].map((x) => ({ topic: "b:1", data: JSON.stringify(x) })));
  });
  assertEquals(socket.closes, []);
});

Deno.test("FanOut counts no broadcast when it only looks again", async () => {
  await using bench = new Bench();
  const { socket } = await bench.join("a:1");
  socket.bufferedAmount = MARK + 1;
  await bench.publish("a:1", 1);
  await bench.pass(STALL_MS);
  assertEquals(bench.metrics.broadcasts.length, 1);
});
