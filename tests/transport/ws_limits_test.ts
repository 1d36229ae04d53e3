/**
 * Tests of the limits of the transport `ws`, which Deno's own server does not have.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { silentLogger } from "../../live/domain/logger.ts";
import { withDefaults } from "../../live/http/live_options.ts";
import { emptyResponse } from "../../live/transport/responses.ts";
import type { TransportOptions } from "../../live/transport/transport.ts";
import { WS_LIMITS, type WsLimits } from "../../live/transport/ws_server.ts";
import { listenOnWs } from "../../live/transport/ws_transport.ts";
import { cookieOf, fakeAuthority, userOf } from "../support/authorities.ts";
import { encodeFrame, Opcode, readClose, textFrame } from "../support/frames.ts";
import { RawClient, UPGRADE_HEADERS } from "../support/raw_client.ts";
import { RecordingLogger } from "../support/recording_logger.ts";
import { testOn, testOnEach } from "../support/transports.ts";

/** Largest head: the URL, and the names and values of the headers, in bytes. */
const MAX_HEADER_BYTES = 16_383;
const cookie = cookieOf("ada");

/** Starts to listen, without a live server. */
async function listen(options: Partial<TransportOptions>, limits: Partial<WsLimits> = {}) {
  const listener = await listenOnWs({
    ...withDefaults(),
    host: "127.0.0.1",
    port: 0,
    handle: () => emptyResponse(404),
    logger: silentLogger,
    ...options,
  }, { ...WS_LIMITS, ...limits });
  return {
    port: listener.addr.port,
    [Symbol.asyncDispose]: () => listener.abort(),
  };
}

for (
  const [name, bytes, status] of [
    ["404 to a head of 16,383 bytes", MAX_HEADER_BYTES, 404],
    ["431 to a head of 16,384 bytes", MAX_HEADER_BYTES + 1, 431],
  ] as const
) {
  testOn("ws", `LiveServer answers ${name}, and closes the connection`, async (startLive) => {
    await using live = await startLive();
    using client = await RawClient.connect(live.port);
    const fixed = "/hostxx-filling".length;

    await client.request("/", { "host": "x", "x-filling": "x".repeat(bytes - fixed) });

    assertEquals((await client.head()).status, status);
    await client.ended();
  });
}

for (
  const [name, text] of [
    ["nothing", ""],
    ["half a head", "GET / HTTP/1.1\r\nhost: x\r\n"],
    ["half a head of an upgrade", "GET / HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\n"],
  ] as const
) {
  Deno.test(`listenOnWs() answers 408 to a client that sends ${name}, and closes the connection`, async () => {
    await using server = await listen({}, { headersTimeoutMs: 20, checkIntervalMs: 5 });
    using client = await RawClient.connect(server.port);

    await client.write(text);

    assertEquals((await client.head()).status, 408);
    await client.ended();
  });
}

Deno.test("listenOnWs() answers 431 to a head above the limit in its options", async () => {
  await using server = await listen({}, { headerBytes: 200 });
  using client = await RawClient.connect(server.port);

  await client.request("/", { "host": "x", "x-filling": "x".repeat(200) });

  assertEquals((await client.head()).status, 431);
});

for (const path of ["/", "/sse?topic=event:1"]) {
  testOn("ws", `LiveServer closes TCP after it refused ${path}`, async (startLive) => {
    await using live = await startLive();
    using client = await RawClient.connect(live.port);

    assertEquals((await client.upgrade(path)).status, 401);

    await client.ended();
  });
}

testOn("ws", "LiveServer answers 400 to a method that Request does not allow", async (start) => {
  await using live = await start();
  using client = await RawClient.connect(live.port);

  await client.request("/", { host: "x" }, "TRACE");

  assertEquals((await client.head()).status, 400);
});

Deno.test("listenOnWs() answers 500 if the handler rejects, and logs the error", async () => {
  const error = new Error("broken");
  const logger = new RecordingLogger();
  await using server = await listen({ handle: () => Promise.reject(error), logger });

  for (const headers of [{ host: "x" }, UPGRADE_HEADERS]) {
    using client = await RawClient.connect(server.port);
    await client.request("/", headers);
    assertEquals((await client.head()).status, 500);
  }

  const line = { message: "request failed", fields: { listener: "live listener", error } };
  assertEquals(logger.lines, [{ level: "error", ...line }, { level: "error", ...line }]);
});

testOnEach(
  "LiveServer handles messages that arrive before the upgrade is answered",
  async (startLive) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const authority = fakeAuthority({
      authenticate: () => promise.then(() => ({ kind: "authenticated", user: userOf("ada") })),
    });
    await using live = await startLive({ authority });
    using client = await RawClient.connect(live.port);
    await client.request("/", { ...UPGRADE_HEADERS, cookie });
    await live.metrics.until(({ gauges }) => gauges.pendingUpgrades === 1);

    await client.sendFrame(textFrame('{"type":"subscribe","topic":"event:1"}'));
    await live.knock("/"); // the message has arrived by then
    resolve();

    assertEquals((await client.head()).status, 101);
    assertEquals((await client.message()).type, "welcome");
    assertEquals((await client.message()).type, "subscribed");
  },
);

testOn(
  "ws",
  "LiveServer disconnects a client that sends 64 KiB before its upgrade is answered",
  async (startLive) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const authority = fakeAuthority({
      authenticate: () => promise.then(() => ({ kind: "authenticated", user: userOf("ada") })),
    });
    await using live = await startLive({ authority });
    using client = await RawClient.connect(live.port);
    await client.request("/", { ...UPGRADE_HEADERS, cookie });
    await live.metrics.until(({ gauges }) => gauges.pendingUpgrades === 1);

    await client.write(new Uint8Array(65_537)).catch(() => {}); // fails once the server has broken the connection
    await client.ended();
    resolve();

    await live.metrics.until(({ upgrades }) => upgrades.length === 1);
    assertEquals(live.metrics.upgrades, ["left"]);
  },
);

testOn("ws", "LiveServer breaks a closed socket whose peer does not close", async (startLive) => {
  await using live = await startLive({ options: { closeTimeoutMs: 20, maxMessageBytes: 8 } });
  using client = await live.connectRaw();

  await client.sendFrame(textFrame("too long"));
  assertEquals((await client.message()).code, "protocol-violation");
  await client.sendFrame(textFrame("too long!"));
  const close = await client.frame();

  assertEquals(close && readClose(close).code, 1009);
  assertEquals(await client.frame(), undefined);
  await live.metrics.until(({ gauges }) => gauges.closingSockets === 0);
  assertEquals(live.metrics.disconnects, [1009]);
});

testOn("ws", "LiveServer disconnects a peer that sends pings and reads no pongs", async (start) => {
  await using live = await start();
  using client = await live.connectRaw();
  const ping = encodeFrame({ opcode: Opcode.Ping, payload: new Uint8Array(125) });
  const many = new Uint8Array(ping.length * 1_000);
  for (let at = 0; at < many.length; at += ping.length) many.set(ping, at);

  while (live.metrics.disconnects.length === 0) {
    await client.write(many).catch(() => {}); // fails once the server has broken the connection
  }

  assertEquals(live.metrics.disconnects, [1006]);
});
