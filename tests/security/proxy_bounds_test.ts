/**
 * Tests that the proxies of SECURITY.md end connections that Deno's server cannot end, and keep connections
 * in use.
 *
 * @module
 */

import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { cookieOf } from "../support/authorities.ts";
import { type Frame, Opcode, readClose, textFrame } from "../support/frames.ts";
import { startLive } from "../support/live.ts";
import { turn } from "../support/queue.ts";
import { type Head, RawClient } from "../support/raw_client.ts";
import { SseClient } from "../support/sse_client.ts";
import { Proxy, proxyTest } from "./proxy_setup.ts";
import { kinds } from "./proxy_kinds_setup.ts";

/** A bound that is short enough for a test. */
const SHORT = "300ms";

/** The server's ping interval, and the proxy's idle timeout. */
const PING_MS = 400;
const QUIET = "1200ms";
/** Pings that take longer than the idle timeout. */
const PINGS = 4;

/** Together more than the kernel, the tunnel and a proxy buffer. */
const BLOCK = "x".repeat(250_000);
const MANY = 128;

const headers = { cookie: cookieOf("ada") };

/** Requests an upgrade; resolves to `undefined` if the connection ends instead. */
async function requestUpgrade(
  client: RawClient,
  more: Readonly<Record<string, string>> = {},
): Promise<Head | undefined> {
  return await client.upgrade("/", { ...headers, ...more }).catch(() => undefined);
}

/** Reads the next frame that is not a ping, and answers pings. */
async function read(client: RawClient, onPing = () => {}): Promise<Frame | undefined> {
  for (;;) {
    const frame = await client.frame();
    if (frame?.opcode !== Opcode.Ping) return frame;
    await client.sendFrame({ ...frame, opcode: Opcode.Pong, masked: true });
    onPing();
  }
}

/** Connects and reads `welcome`. */
async function connect(proxy: Proxy): Promise<RawClient> {
  const client = await RawClient.connect(proxy.port);
  assertEquals((await client.upgrade("/", headers)).status, 101);
  assertEquals((await client.message()).type, "welcome");
  return client;
}

const SUBSCRIBE = textFrame('{"type":"subscribe","topic":"event:1"}');

for (const kind of kinds) {
  const { name } = kind;

  for (
    const [what, text] of [
      ["sends nothing", ""],
      [
        "does not finish the head of its request",
        "GET / HTTP/1.1\r\nHost: live.example.com\r\nX-A: ",
      ],
    ] as const
  ) {
    proxyTest(kind, `${name} ends a connection that ${what}`, async () => {
      await using live = await startLive();
      await using proxy = await Proxy.start(kind, live.port, { head: SHORT });
      using client = await RawClient.connect(proxy.port);

      await client.write(text);

      await client.ended();
    });
  }

  for (
    const [what, more] of [
      ["a cookie", { cookie: "x".repeat(20_000) }],
      ["a header", { "x-long": "x".repeat(20_000) }],
      [
        "headers",
        Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`x-${i}`, "x".repeat(2_000)])),
      ],
    ] as const
  ) {
    proxyTest(kind, `${name} refuses ${what} larger than the server needs`, async () => {
      await using live = await startLive();
      await using proxy = await Proxy.start(kind, live.port);
      using client = await RawClient.connect(proxy.port);

      // The status is lost if the proxy ends the connection before it has read the whole request.
      assert([undefined, 400].includes((await requestUpgrade(client, more))?.status));

      assertEquals(live.metrics.upgrades, []);
    });
  }

  proxyTest(kind, `${name} bounds the connections of one address`, async () => {
    await using live = await startLive();
    await using proxy = await Proxy.start(kind, live.port, { connections: "2" });
    using stack = new DisposableStack();
    const connect = async () => stack.use(await RawClient.connect(proxy.port));

    assertEquals((await requestUpgrade(await connect()))?.status, 101);
    assertEquals((await requestUpgrade(await connect()))?.status, 101);
    assert([undefined, 429].includes((await requestUpgrade(await connect()))?.status));

    assertEquals(live.metrics.upgrades, ["accepted", "accepted"]);
  });

  proxyTest(kind, `${name} keeps a WebSocket that carries only pings`, async () => {
    await using live = await startLive({ options: { pingIntervalMs: PING_MS } });
    await using proxy = await Proxy.start(kind, live.port, { quiet: QUIET });
    using client = await connect(proxy);
    let pings = 0;

    const frame = await read(client, () => {
      if (++pings === PINGS) client.sendFrame(SUBSCRIBE);
    });

    assertEquals(new TextDecoder().decode(frame?.payload).slice(0, 20), '{"type":"subscribed"');
    assertGreaterOrEqual(pings, PINGS);
  });

  proxyTest(kind, `${name} keeps an event stream that carries only comments`, async () => {
    await using live = await startLive({ options: { pingIntervalMs: PING_MS } });
    await using proxy = await Proxy.start(kind, live.port, { quiet: QUIET });
    await using client = await SseClient.connect(`${proxy.http}/sse?topic=event:1`, headers);
    await client.take(2);

    while (client.comments.length < PINGS) await client.received();

    await live.publish("event:1", "still here");
    assertEquals((await client.next()).data, "still here");
  });

  proxyTest(kind, `${name} ends an idle WebSocket`, async () => {
    await using live = await startLive();
    await using proxy = await Proxy.start(kind, live.port, { quiet: SHORT });
    using client = await connect(proxy);

    await client.ended();

    await live.metrics.until(({ disconnects }) => disconnects.length === 1);
  });

  proxyTest(kind, `${name} ends an idle event stream`, async () => {
    await using live = await startLive();
    await using proxy = await Proxy.start(kind, live.port, { quiet: SHORT });
    const client = await SseClient.connect(`${proxy.http}/sse?topic=event:1`, headers);

    assertEquals(await client.ended, false);

    await live.metrics.until(({ disconnects }) => disconnects.length === 1);
  });

  proxyTest(kind, `${name} ends a WebSocket that the server has closed`, async () => {
    await using live = await startLive();
    await using proxy = await Proxy.start(kind, live.port, { quiet: SHORT });
    using client = await RawClient.connect(proxy.port);
    assertEquals((await client.upgrade("/?reject=close")).status, 101);
    const close = await client.frame();
    assertEquals(close && readClose(close).code, 4501);

    await client.ended();
  });

  proxyTest(kind, `${name} ends a client that does not read`, async () => {
    await using live = await startLive({ options: { backpressureThresholdBytes: 65_536 } });
    await using proxy = await Proxy.start(kind, live.port, { stuck: SHORT });
    using client = await connect(proxy);
    await client.sendFrame(SUBSCRIBE);
    assertEquals((await client.message()).type, "subscribed");

    for (let count = 0; count < MANY; count++) {
      await live.publish("event:1", BLOCK);
      await turn();
    }

    await live.metrics.until(({ disconnects }) => disconnects.length === 1);
    await live.metrics.until(({ gauges }) => gauges.closingSockets === 0);
  });
}
