/**
 * What Deno's own WebSocket server does, where the live server leans on it or works around it: an
 * upgrade of Deno that changes it shall be seen.
 *
 * @module
 */

import { assertEquals, assertGreater } from "@std/assert";
import { Bare } from "../support/bare_server.ts";
import { Client } from "../support/client.ts";
import { closeFrame, Opcode, readClose, textFrame } from "../support/frames.ts";
import { turn } from "../support/queue.ts";
import { RawClient, UPGRADE_HEADERS } from "../support/raw_client.ts";

/** Sends to a peer that does not read until the kernel takes no more. */
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

Deno.test("Deno fires close twice after idleTimeout, and error before", async () => {
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

Deno.test("Deno counts in bufferedAmount what the kernel does not take", async () => {
  await using bare = new Bare();
  const [peer, socket] = await bare.connect();
  using _peer = peer;
  assertEquals(socket.bufferedAmount, 0);

  await fill(socket);
  const before = socket.bufferedAmount;
  socket.send("x".repeat(1_000));

  assertEquals(socket.bufferedAmount - before, 1_000);
});

Deno.test("Deno reads bufferedAmount down as a peer reads", async () => {
  await using bare = new Bare();
  const [peer, socket] = await bare.connect();
  using _peer = peer;
  await fill(socket);

  do await peer.frame(); while (socket.bufferedAmount > 0);

  assertEquals([socket.readyState, socket.bufferedAmount], [WebSocket.OPEN, 0]);
});

Deno.test("Deno holds a closed socket of a peer that reads nothing, and shows no buffer", async () => {
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

Deno.test("Deno fires close for its own close only when the peer has answered", async () => {
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

Deno.test("Deno.HttpServer.shutdown() closes sockets with a reason of its own", async () => {
  await using bare = new Bare();
  await using client = await Client.connect(`ws://127.0.0.1:${bare.port}`);
  await bare.opened.next();

  bare.server.shutdown();

  assertEquals(await client.closed, { code: 1001, reason: "Server shutting down" });
});

Deno.test("Deno hands over bytes as an ArrayBuffer", async () => {
  await using bare = new Bare();
  await using client = await Client.connect(`ws://127.0.0.1:${bare.port}`);
  const socket = await bare.opened.next();
  const { promise, resolve } = Promise.withResolvers<unknown>();
  socket.onmessage = ({ data }) => resolve(data);

  client.send(new Uint8Array([1, 2, 3]));

  assertEquals(await promise, new Uint8Array([1, 2, 3]).buffer);
});

Deno.test("Deno takes a client's frames that are not masked", async () => {
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

Deno.test("Deno's request.signal tells that a client left while its answer was awaited", async () => {
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

Deno.test("Deno leaves TCP open after Connection: close to a request for an upgrade", async () => {
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

Deno.test("Deno closes TCP after Connection: close where the client asked for it, too", async () => {
  await using bare = new Bare(() => new Response(null, { headers: { "connection": "close" } }));
  using peer = await RawClient.connect(bare.port);

  await peer.upgrade("/", { connection: "close, Upgrade" });

  await peer.ended();
});

Deno.test("Deno makes a request whose URL is none of a Host that is none", async () => {
  await using bare = new Bare(({ url }) => new Response(null, { headers: { "x-url": url } }));
  using peer = await RawClient.connect(bare.port);

  const { status, headers } = await peer.upgrade("/path", { host: "[" });

  assertEquals([status, headers.get("x-url")], [200, "http://[/path"]);
  assertEquals(URL.canParse(headers.get("x-url") ?? ""), false);
});

Deno.test("Deno takes a message that is larger than any bound of the live server", async () => {
  await using bare = new Bare();
  await using client = await Client.connect(`ws://127.0.0.1:${bare.port}`);
  const socket = await bare.opened.next();
  const { promise, resolve } = Promise.withResolvers<string>();
  socket.onmessage = ({ data }) => resolve(data);

  client.send("x".repeat(1_000_000));

  assertGreater((await promise).length, 65_536);
});
