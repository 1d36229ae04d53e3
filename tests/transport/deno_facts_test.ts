/**
 * Tests of Deno's own WebSocket server, where the live server relies on its behaviour or works
 * around it. They fail if an update of Deno changes that behaviour.
 *
 * @module
 */

import { assertEquals, assertGreater } from "@std/assert";
import { Bare } from "../support/bare_server.ts";
import { Client } from "../support/client.ts";
import { closeFrame, Opcode, readClose, textFrame } from "../support/frames.ts";
import { turn } from "../support/queue.ts";
import { RawClient, UPGRADE_HEADERS } from "../support/raw_client.ts";

/** Sends to a peer that does not read, until the kernel takes no more. */
async function fill(socket: WebSocket): Promise<void> {
  const block = "x".repeat(1_000_000);
  do {
    socket.send(block);
    await turn();
  } while (socket.bufferedAmount < 2 * block.length);
}

Deno.test("Deno pings after half of idleTimeout, and closes with 1001 after the rest", async () => {
  await using bare = new Bare(undefined, 0.1);
  const [peer] = await bare.connect();
  using _peer = peer;

  assertEquals((await peer.frame())?.opcode, Opcode.Ping);
  const close = await peer.frame();

  assertEquals(close && readClose(close), { code: 1001, reason: "No response from ping frame." });
});

Deno.test("Deno fires error, and close twice, after idleTimeout", async () => {
  await using bare = new Bare(undefined, 0.1);
  const [peer] = await bare.connect();
  using _peer = peer;

  await peer.frame();
  await peer.frame();
  peer.close();
  await bare.server.shutdown();

  assertEquals(bare.events, ["error", "close 1001", "close 1005"]);
});

Deno.test("Deno fires close with code 0 when a peer breaks off", async () => {
  await using bare = new Bare();
  const [peer] = await bare.connect();

  peer.close();

  assertEquals(await bare.closed.next(), 0);
});

Deno.test("Deno's bufferedAmount counts what the kernel did not take", async () => {
  await using bare = new Bare();
  const [peer, socket] = await bare.connect();
  using _peer = peer;
  assertEquals(socket.bufferedAmount, 0);

  await fill(socket);
  const before = socket.bufferedAmount;
  socket.send("x".repeat(1_000));

  assertEquals(socket.bufferedAmount - before, 1_000);
});

Deno.test("Deno's bufferedAmount falls as the peer reads", async () => {
  await using bare = new Bare();
  const [peer, socket] = await bare.connect();
  using _peer = peer;
  await fill(socket);

  do await peer.frame(); while (socket.bufferedAmount > 0);

  assertEquals([socket.readyState, socket.bufferedAmount], [WebSocket.OPEN, 0]);
});

Deno.test("Deno keeps a closed socket whose peer reads nothing, with a bufferedAmount of 0", async () => {
  await using bare = new Bare();
  const [peer, socket] = await bare.connect();
  using _peer = peer;
  await fill(socket);

  socket.close(1008, "too slow");
  await turn();

  assertEquals([socket.readyState, socket.bufferedAmount], [WebSocket.CLOSING, 0]);
  assertEquals(bare.events, []);
  peer.close(); // only now does it fire close
  await bare.closed.next();
});

Deno.test("Deno fires close after its own close only once the peer has answered", async () => {
  await using bare = new Bare();
  const [peer, socket] = await bare.connect();
  using _peer = peer;

  socket.close(1008, "bye");
  const close = await peer.frame();
  assertEquals(close && readClose(close), { code: 1008, reason: "bye" });
  assertEquals([socket.readyState, bare.events.length], [WebSocket.CLOSING, 0]);
  await peer.sendFrame(closeFrame(1008));

  assertEquals(await bare.closed.next(), 1008);
  assertEquals(socket.readyState, WebSocket.CLOSED);
});

Deno.test("Deno.HttpServer.shutdown() closes sockets with its own reason", async () => {
  await using bare = new Bare();
  await using client = await Client.connect(`ws://127.0.0.1:${bare.port}`);
  await bare.opened.next();

  bare.server.shutdown();

  assertEquals(await client.closed, { code: 1001, reason: "Server shutting down" });
});

Deno.test("Deno ends a socket whose peer does not answer its close when the server is aborted", async () => {
  await using bare = new Bare();
  const [peer, socket] = await bare.connect();
  using _peer = peer;
  socket.close(1001, "bye");
  assertEquals((await peer.frame())?.opcode, Opcode.Close);

  bare.controller.abort();

  await peer.ended();
  assertEquals(await bare.closed.next(), 1005);
});

Deno.test("Deno delivers binary frames as an ArrayBuffer", async () => {
  await using bare = new Bare();
  await using client = await Client.connect(`ws://127.0.0.1:${bare.port}`);
  const socket = await bare.opened.next();
  const { promise, resolve } = Promise.withResolvers<unknown>();
  socket.onmessage = ({ data }) => resolve(data);

  client.send(new Uint8Array([1, 2, 3]));

  assertEquals(await promise, new Uint8Array([1, 2, 3]).buffer);
});

Deno.test("Deno accepts unmasked frames from a client", async () => {
  await using bare = new Bare();
  const [peer] = await bare.connect();
  using _peer = peer;

  await peer.sendFrame({ ...textFrame("hello"), masked: false });
  await peer.sendFrame(closeFrame(1000));
  await bare.closed.next();

  assertEquals(bare.events[0], "message hello");
});

Deno.test("Deno fires close with code 0 after text that is not UTF-8, and sends no 1007", async () => {
  await using bare = new Bare();
  const [peer] = await bare.connect();
  using _peer = peer;

  await peer.sendFrame({ opcode: Opcode.Text, payload: new Uint8Array([0xff]) });

  assertEquals(await peer.frame(), undefined);
  assertEquals(await bare.closed.next(), 0);
});

Deno.test("Deno aborts request.signal when a client disconnects before the response", async () => {
  const arrived = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  await using bare = new Bare(async ({ signal }) => {
    signal.addEventListener("abort", () => left.resolve());
    arrived.resolve();
    await left.promise;
    return new Response(String(signal.aborted));
  });
  using peer = await RawClient.connect(bare.port);

  await peer.request("/", UPGRADE_HEADERS);
  await arrived.promise;
  peer.close();

  await left.promise;
});

Deno.test("Deno keeps TCP open after it answered an upgrade request with Connection: close", async () => {
  let count = 0;
  await using bare = new Bare(() => {
    const headers = { "connection": "close", "content-length": "0", "x-count": String(++count) };
    return new Response(null, { status: 503, headers });
  });
  using peer = await RawClient.connect(bare.port);

  const first = await peer.upgrade("/");
  const second = await peer.upgrade("/");

  assertEquals(first.headers.get("connection"), "close");
  assertEquals(second.headers.get("x-count"), "2");
});

Deno.test("Deno closes TCP after Connection: close if the client sent it as well", async () => {
  await using bare = new Bare(() => new Response(null, { headers: { "connection": "close" } }));
  using peer = await RawClient.connect(bare.port);

  await peer.upgrade("/", { connection: "close, Upgrade" });

  await peer.ended();
});

Deno.test("Deno creates a request with an invalid URL from an invalid Host", async () => {
  await using bare = new Bare(({ url }) => new Response(null, { headers: { "x-url": url } }));
  using peer = await RawClient.connect(bare.port);

  const { status, headers } = await peer.upgrade("/path", { host: "[" });

  assertEquals([status, headers.get("x-url")], [200, "http://[/path"]);
  assertEquals(URL.canParse(headers.get("x-url") ?? ""), false);
});

Deno.test("Deno accepts a message larger than the limit of the live server", async () => {
  await using bare = new Bare();
  await using client = await Client.connect(`ws://127.0.0.1:${bare.port}`);
  const socket = await bare.opened.next();
  const { promise, resolve } = Promise.withResolvers<string>();
  socket.onmessage = ({ data }) => resolve(data);

  client.send("x".repeat(1_000_000));

  assertGreater((await promise).length, 65_536);
});
