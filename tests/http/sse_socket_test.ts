/**
 * Tests of the stream of events in the place of a WebSocket.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { message, SseBench, SUBSCRIBED } from "../support/sse_setup.ts";

Deno.test("SseSocket.send() writes a message as an event, as it is", async () => {
  using bench = new SseBench();

  bench.socket.send('{"type":"error" , "code":"limit","n":1.0}');

  assertEquals(await bench.read(), 'data:{"type":"error" , "code":"limit","n":1.0}\n\n');
});

Deno.test("SseSocket.send() writes a frame of several messages as as many events", async () => {
  using bench = new SseBench();
  bench.socket.send(SUBSCRIBED);
  bench.socket.send(`[${message(5)},${message(6)}]`);

  assertEquals([await bench.read(), await bench.read(), await bench.read()], [
    `data:${SUBSCRIBED}\nid:a:4\n\n`,
    `data:${message(5)}\nid:a:5\n\n`,
    `data:${message(6)}\nid:a:6\n\n`,
  ]);
});

Deno.test("SseSocket.send() tells of each message, in order", () => {
  using bench = new SseBench();

  bench.socket.send(SUBSCRIBED);
  bench.socket.send(`[${message(5)},${message(6)}]`);

  assertEquals(bench.messages, JSON.parse(`[${SUBSCRIBED},${message(5)},${message(6)}]`));
});

Deno.test("SseSocket.send() lets the clients of a server that breaks come back one by one", async () => {
  const waits = new Set<string | undefined>();
  for (let count = 0; count < 20; count++) {
    using bench = new SseBench();
    bench.socket.send('{"type":"welcome"}');
    const event = await bench.read() ?? "";
    assertMatch(event, /^data:\{"type":"welcome"\}\nretry:[1-4]\d{3}\n\n$/);
    waits.add(/\d+/.exec(event)?.[0]);
  }

  assert(waits.size > 1);
});

for (
  const [name, data] of [
    ["a line feed", "a\n\nevent:close\ndata:{}\n\n"],
    ["a carriage return", "a\r\revent:close\rdata:{}\r\r"],
    ["both", "a\r\n\r\nid:z:9\r\n\r\n"],
    ["a NUL", "\0id:z:9"],
    ["line separators of Unicode", "a\u2028\u2029\u0085b"],
  ]
) {
  Deno.test(`SseSocket.send() lets no message forge an event by ${name}`, async () => {
    using bench = new SseBench();

    bench.socket.send(message(1, data));

    const event = await bench.read() ?? "";
    assertEquals(event, `data:${message(1, data)}\n\n`);
    assertEquals(event.split(/\r\n|\r|\n/).length, 3);
  });
}

Deno.test("SseSocket.send() lets no JSON with line breaks between its tokens forge an event", async () => {
  using bench = new SseBench();

  bench.socket.send('{"type":"error",\n\nevent:"close"}'.replace("event", '"event"'));

  assertEquals(await bench.read(), 'data:{"type":"error",\ndata:\ndata:"event":"close"}\n\n');
});

Deno.test("SseSocket.bufferedAmount is what was not read, ids included", async () => {
  using bench = new SseBench();
  const { socket } = bench;
  const events = [SUBSCRIBED.length + "a:4".length, message(5).length + "a:5".length];
  const read = async () => {
    await bench.read();
    return socket.bufferedAmount;
  };

  // A stream takes one event in advance.
  for (const frame of [SUBSCRIBED, message(5), SUBSCRIBED, message(5)]) socket.send(frame);
  const before = socket.bufferedAmount;

  assertEquals(before, 2 * ((events[0] ?? 0) + (events[1] ?? 0)));
  const after = [await read(), await read(), await read(), await read()];
  assertEquals(after.at(-1), 0);
  assertEquals(after, after.toSorted((a, b) => b - a));
});

Deno.test("SseSocket.close() writes an event after what waits, and ends the stream", async () => {
  using bench = new SseBench();
  bench.socket.send(SUBSCRIBED);

  bench.socket.close(1001, "server shutting down; retry in 4321");

  assertEquals(bench.socket.readyState, 2);
  assertEquals(
    await bench.rest(),
    `data:${SUBSCRIBED}\nid:a:4\n\n` +
      'event:close\ndata:{"code":1001,"reason":"server shutting down; retry in 4321"}\n' +
      "retry:4321\n\n",
  );
});

Deno.test("SseSocket.close() ends a stream whose reader waits", async () => {
  using bench = new SseBench();
  const text = bench.rest();

  bench.socket.close(1008, "x");

  assertEquals(await text, 'event:close\ndata:{"code":1008,"reason":"x"}\n\n');
});

Deno.test("SseSocket.close() drops what waits for a client that was too slow", async () => {
  using bench = new SseBench();
  const { socket } = bench;
  socket.send(SUBSCRIBED);
  await bench.read();
  for (let offset = 5; offset < 9; offset++) socket.send(message(offset, "x".repeat(10_000)));

  socket.close(1008, "back-pressure threshold exceeded");

  assert(socket.bufferedAmount < 100, `${socket.bufferedAmount}`);
  const events = (await bench.rest()).split("\n\n");
  assertEquals(events.at(-1), "");
  assertEquals(
    events.at(-2),
    'event:close\ndata:{"code":1008,"reason":"back-pressure threshold exceeded"}',
  );
  assert(events.length <= 3, "one event may have been taken in advance");
});

Deno.test("SseSocket sends nothing once it is closed, and tells its end", async () => {
  using bench = new SseBench();
  const { socket } = bench;

  socket.close(1001, "first");
  socket.close(1008, "second");
  socket.send(SUBSCRIBED);
  assertEquals([socket.readyState, bench.messages], [2, []]);
  assertEquals(await bench.read(), 'event:close\ndata:{"code":1001,"reason":"first"}\n\n');
  await bench.cancel();

  assertEquals([socket.bufferedAmount, bench.closed], [0, 1]);
});

Deno.test("SseSocket is closed, and holds nothing, once its reader left", async () => {
  using bench = new SseBench();
  const { socket } = bench;
  socket.send(SUBSCRIBED);
  await bench.read();

  await bench.cancel();
  socket.send(message(5));

  assertEquals([socket.readyState, socket.bufferedAmount, bench.closed], [3, 0, 1]);
});
