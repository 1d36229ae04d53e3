/**
 * Tests of what becomes of TCP connections of the transport `ws` before they are sessions.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { silentLogger } from "../../live/domain/logger.ts";
import { withDefaults } from "../../live/http/live_options.ts";
import type { Answer, Incoming, TransportOptions } from "../../live/transport/transport.ts";
import { WS_LIMITS, type WsLimits } from "../../live/transport/ws_server.ts";
import { listenOnWs } from "../../live/transport/ws_transport.ts";
import { isUpgrade } from "../../live/http/handshake.ts";
import { SpareDescriptors } from "../../live/transport/spare_descriptors.ts";
import { RawClient, UPGRADE_HEADERS } from "../support/raw_client.ts";
import { RecordingLogger } from "../support/recording_logger.ts";

/** Accepts every upgrade, and answers other requests with 200. */
function accept({ request }: Incoming): Answer {
  if (!isUpgrade(request)) return new Response("hello");
  return { open: () => ({ closed() {} }), abandon() {} };
}

async function listen(options: Partial<TransportOptions> = {}, limits: Partial<WsLimits> = {}) {
  const listener = await listenOnWs({
    ...withDefaults(),
    host: "127.0.0.1",
    port: 0,
    handle: accept,
    logger: silentLogger,
    ...options,
  }, { ...WS_LIMITS, ...limits });
  const { port } = listener.addr;
  return { listener, port, [Symbol.asyncDispose]: () => listener.abort() };
}

const GET = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";
const UPGRADE = [
  "GET / HTTP/1.1",
  ...Object.entries(UPGRADE_HEADERS).map(([name, value]) => `${name}: ${value}`),
  "\r\n",
].join("\r\n");

for (
  const [name, text] of [
    ["behind a GET", GET + UPGRADE],
    ["behind two GETs", GET + GET + UPGRADE],
    ["behind a POST", `POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}${UPGRADE}`],
  ] as const
) {
  Deno.test(`listenOnWs() closes a connection with an upgrade ${name}, while that is not answered`, async () => {
    const answered = Promise.withResolvers<void>();
    let upgrades = 0;
    await using server = await listen({
      async handle(incoming) {
        if (isUpgrade(incoming.request)) upgrades++;
        await answered.promise;
        return accept(incoming);
      },
    });
    using client = await RawClient.connect(server.port);

    await client.write(text);

    await client.ended();
    answered.resolve();
    assertEquals(upgrades, 0);
  });
}

Deno.test("listenOnWs() upgrades a connection whose earlier request was answered", async () => {
  await using server = await listen();
  using client = await RawClient.connect(server.port);
  await client.request("/", { host: "x" }, "HEAD");
  assertEquals((await client.head()).status, 200);

  assertEquals((await client.upgrade("/")).status, 101);
});

Deno.test("listenOnWs() breaks the oldest connection without a request when there are too many", async () => {
  await using server = await listen({}, { idleConnections: 2, idleGraceMs: 0 });
  using session = await RawClient.connect(server.port);
  assertEquals((await session.upgrade("/")).status, 101);
  using oldest = await RawClient.connect(server.port);
  using second = await RawClient.connect(server.port);

  using third = await RawClient.connect(server.port);

  await oldest.ended();
  for (const client of [second, third]) assertEquals((await client.upgrade("/")).status, 101);
});

Deno.test("listenOnWs() keeps connections without a request that have just connected", async () => {
  await using server = await listen({}, { idleConnections: 1, idleGraceMs: 60_000 });
  using first = await RawClient.connect(server.port);
  using second = await RawClient.connect(server.port);
  for (const client of [first, second]) assertEquals((await client.upgrade("/")).status, 101);
});

Deno.test("listenOnWs() closes a connection whose client reads nothing of an answer", async () => {
  const body = new Uint8Array(1_000_000);
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  await using server = await listen({
    pingIntervalMs: 1,
    handle: ({ completed }) => {
      completed.then(resolve);
      return new Response(
        new ReadableStream({ pull: (controller) => controller.enqueue(body) }),
      );
    },
  }, { idleTimeoutMs: 50 });
  using client = await RawClient.connect(server.port);

  await client.request("/", { host: "x" });

  await ended;
});

Deno.test("listenOnWs() breaks connections without a request in a shortage, and keeps sessions", async () => {
  let free = 0;
  const spares = new SpareDescriptors(() => {
    if (free-- <= 0) throw new Error("Too many open files (os error 24)");
    return { close() {} };
  }, 1);
  const logger = new RecordingLogger();
  free = 1_000;
  await using server = await listen({ spares, logger });
  spares.hold();
  using session = await RawClient.connect(server.port);
  assertEquals((await session.upgrade("/")).status, 101);
  using silent = await RawClient.connect(server.port);

  free = 0; // the server looks once a second
  await silent.ended();
  assertEquals(
    server.listener.trouble,
    "live listener accepts no connections: too many open files",
  );
  free = 1_000;
  await logger.line("live listener accepts connections again");

  assertEquals(server.listener.trouble, undefined);
  using newcomer = await RawClient.connect(server.port);
  assertEquals((await newcomer.upgrade("/")).status, 101);
  spares.close();
});
