/**
 * Tests of a stream of events with the interface of a WebSocket, and of its comments.
 *
 * @module
 */

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { SseSocket } from "../../live/http/sse_socket.ts";
import { createFrameEncoder } from "../../live/transport/frame_encoder.ts";

const PING_MS = 15_000;
const PING = ": ping\n\n";

/** A stream and its reader. */
class Stream implements Disposable {
  /** How often `onClose` was called. */
  closed = 0;
  readonly socket = new SseSocket({
    pingIntervalMs: PING_MS,
    encode: createFrameEncoder(),
    onClose: () => this.closed++,
  });
  readonly #reader = this.socket.body.getReader();
  readonly #decoder = new TextDecoder();

  /** Reads the next frame; `undefined` at the end. */
  async read(): Promise<string | undefined> {
    const { value, done } = await this.#reader.read();
    return done ? undefined : this.#decoder.decode(value);
  }

  /** Reads to the end. */
  async rest(): Promise<string[]> {
    const frames: string[] = [];
    for (let frame = await this.read(); frame !== undefined; frame = await this.read()) {
      frames.push(frame);
    }
    return frames;
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }

  [Symbol.dispose](): void {
    this.socket.close();
  }
}

Deno.test("SseSocket.send() writes frames to the body, in order", async () => {
  using stream = new Stream();
  const waiting = stream.read();

  for (const frame of ["one\n\n", "two\n\n", "é😀\n\n"]) stream.socket.send(frame);

  assertEquals([await waiting, await stream.read(), await stream.read()], [
    "one\n\n",
    "two\n\n",
    "é😀\n\n",
  ]);
});

Deno.test("SseSocket.bufferedAmount is the length of the frames that were not read", async () => {
  using stream = new Stream();
  const { socket } = stream;
  const seen = [socket.bufferedAmount];

  for (const frame of ["12345", "123", "1"]) socket.send(frame);
  seen.push(socket.bufferedAmount);
  for (let count = 0; count < 3; count++) {
    await stream.read();
    seen.push(socket.bufferedAmount);
  }

  assertEquals(seen, [0, 9, 4, 1, 0]);
});

Deno.test("SseSocket.close() writes an event after the waiting frames, and ends the stream", async () => {
  using stream = new Stream();
  stream.socket.send("first");

  stream.socket.close(1001, "server shutting down; retry in 4321");

  assertEquals([stream.socket.readyState, stream.closed], [WebSocket.CLOSING, 1]);
  assertEquals(await stream.rest(), [
    "first",
    'event: close\ndata: {"code":1001,"reason":"server shutting down; retry in 4321"}\n' +
    "retry: 4321\n\n",
  ]);
});

Deno.test("SseSocket.close() ends a stream whose reader is waiting", async () => {
  using stream = new Stream();
  const rest = stream.rest();

  stream.socket.close(1008, "x");

  assertEquals(await rest, ['event: close\ndata: {"code":1008,"reason":"x"}\n\n']);
});

Deno.test("SseSocket.close() drops the waiting frames of a client that was too slow", async () => {
  using stream = new Stream();
  const { socket } = stream;
  for (let count = 0; count < 4; count++) socket.send("x".repeat(10_000));

  socket.close(1008, "back-pressure threshold exceeded");

  assert(socket.bufferedAmount < 100, `${socket.bufferedAmount}`);
  assertEquals(await stream.rest(), [
    'event: close\ndata: {"code":1008,"reason":"back-pressure threshold exceeded"}\n\n',
  ]);
});

Deno.test("SseSocket sends nothing after its end, and closes once", async () => {
  using stream = new Stream();
  const { socket } = stream;

  socket.close(1001, "first");
  socket.close(1008, "second");
  socket.send("late");

  assertEquals(await stream.rest(), ['event: close\ndata: {"code":1001,"reason":"first"}\n\n']);
  assertEquals([socket.readyState, socket.bufferedAmount, stream.closed], [2, 0, 1]);
});

Deno.test("SseSocket is closed and holds nothing once its reader has left", async () => {
  using stream = new Stream();
  const { socket } = stream;
  socket.send("unread");

  await stream.cancel();
  socket.send("late");

  assertEquals([socket.readyState, socket.bufferedAmount], [WebSocket.CLOSED, 0]);
  assertEquals(stream.closed, 1);
});

Deno.test("SseSocket sends a comment after each silent interval", async () => {
  using time = new FakeTime();
  using stream = new Stream();
  const frames: (string | undefined)[] = [];
  const readNext = () => stream.read().then((frame) => frames.push(frame));
  const tick = async (ms: number) => {
    await time.tickAsync(ms);
    await time.runMicrotasks();
    return frames.length;
  };

  readNext();
  assertEquals([await tick(PING_MS - 1), await tick(1)], [0, 1]);
  readNext();
  await tick(PING_MS - 1);
  stream.socket.send("frame");
  readNext();
  assertEquals([await tick(PING_MS - 1), await tick(1)], [2, 3]);

  assertEquals(frames, [PING, "frame", PING]);
});

Deno.test("SseSocket adds no comment to waiting frames, and continues once they are read", async () => {
  using time = new FakeTime();
  using stream = new Stream();
  stream.socket.send("one");
  stream.socket.send("two");

  time.tick(20 * PING_MS);
  assertEquals([await stream.read(), await stream.read()], ["one", "two"]);
  assertEquals(stream.socket.bufferedAmount, 0);
  const next = stream.read();
  await time.tickAsync(PING_MS);

  assertEquals(await next, PING);
});

for (const end of ["close", "cancel"] as const) {
  Deno.test(`SseSocket clears its timer at the stream's ${end}`, async () => {
    using time = new FakeTime();
    const stream = new Stream();
    stream.socket.send("frame");

    if (end === "close") stream.socket.close(1001, "");
    else await stream.cancel();

    assertEquals(time.next(), false);
  });
}

Deno.test("createFrameEncoder() returns the same bytes for the same frame, and new ones for others", () => {
  const encode = createFrameEncoder();
  const frame = '{"data":"é😀"}';

  const bytes = encode(frame);

  assertStrictEquals(encode(`${frame}`), bytes);
  const decoder = new TextDecoder();
  assertEquals([frame, "b", "", frame].map((text) => decoder.decode(encode(text))), [
    frame,
    "b",
    "",
    frame,
  ]);
});
