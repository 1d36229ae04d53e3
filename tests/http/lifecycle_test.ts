/**
 * Tests of starting and stopping in every order, and of failures in between. The sanitizers find
 * any listener, timer or connection that is left.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { createLiveServer, type LiveServer } from "../../live/http/live_server.ts";
import type { LiveServerOptions } from "../../live/http/live_options.ts";
import { takeFreePort } from "../../live/transport/listener.ts";
import type { Transport } from "../../live/transport/transport.ts";
import { transports } from "../../live/transport/transports.ts";
import { cookieOf, fakeAuthority } from "../support/authorities.ts";
import type { Live } from "../support/live.ts";
import { RawClient, UPGRADE_HEADERS } from "../support/raw_client.ts";
import { SseClient } from "../support/sse_client.ts";
import { testOnEach, TRANSPORTS } from "../support/transports.ts";

const STREAM = "/sse?topic=event:1";
const sessions = () => ({ handle() {}, end() {} });

function createServer(options: LiveServerOptions): LiveServer {
  return createLiveServer({ sessions, options: { host: "127.0.0.1", port: 0, ...options } });
}

type Step = "start" | "stop" | "stop(0)" | "await";

/**
 * Runs steps one after the other without waiting, unless a step is `await`; returns the outcomes.
 */
async function run(server: LiveServer, steps: readonly Step[]): Promise<string[]> {
  const outcomes: Promise<string>[] = [];
  for (const step of steps) {
    if (step === "await") {
      await outcomes.at(-1);
      continue;
    }
    const result: Promise<unknown> = step === "start"
      ? server.start()
      : server.stop(step === "stop" ? 60_000 : 0);
    outcomes.push(result.then(() => "ok", (error: Error) => error.name));
  }
  return await Promise.all(outcomes);
}

/** Orders of steps, and the outcome of each but `await`. */
const orders: readonly (readonly [steps: readonly Step[], outcomes: readonly string[]])[] = [
  [["stop"], ["ok"]],
  [["stop(0)"], ["ok"]],
  [["stop", "start"], ["ok", "TypeError"]],
  [["stop", "await", "start"], ["ok", "TypeError"]],
  [["start", "stop"], ["ok", "ok"]],
  [["start", "stop(0)"], ["ok", "ok"]],
  [["start", "stop", "stop"], ["ok", "ok", "ok"]],
  [["start", "stop", "start"], ["ok", "ok", "TypeError"]],
  [["start", "start", "stop"], ["ok", "TypeError", "ok"]],
  [["start", "await", "stop"], ["ok", "ok"]],
  [["start", "await", "stop(0)"], ["ok", "ok"]],
  [["start", "await", "stop(0)", "stop"], ["ok", "ok", "ok"]],
  [["start", "await", "start", "stop"], ["ok", "TypeError", "ok"]],
  [["start", "await", "stop", "await", "stop"], ["ok", "ok", "ok"]],
  [["start", "await", "stop", "await", "start"], ["ok", "ok", "TypeError"]],
];

for (const transport of TRANSPORTS) {
  for (const [steps, outcomes] of orders) {
    Deno.test(`[${transport}] LiveServer leaves nothing open after ${steps.join(", ")}`, async () => {
      const port = takeFreePort();
      const server = createServer({ transport, port });

      assertEquals(await run(server, steps), [...outcomes]);

      assertEquals(server.accepting, false);
      Deno.listen({ hostname: "127.0.0.1", port }).close();
    });
  }

  for (
    const [steps, outcomes] of [
      [["start", "await", "stop"], ["AddrInUse", "ok"]],
      [["start", "stop"], ["AddrInUse", "ok"]],
      [["start", "stop(0)"], ["AddrInUse", "ok"]],
      [["start", "await", "start", "await", "stop"], ["AddrInUse", "TypeError", "ok"]],
      [["start", "stop", "start"], ["AddrInUse", "ok", "TypeError"]],
    ] as const
  ) {
    Deno.test(`[${transport}] LiveServer on a taken port allows ${steps.join(", ")}`, async () => {
      using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const server = createServer({ transport, port: taken.addr.port });

      assertEquals(await run(server, steps), [...outcomes]);
      assertEquals(server.accepting, false);
    });
  }

  Deno.test(`[${transport}] LiveServer.start() names the port that is taken`, async () => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = taken.addr;

    await assertRejects(
      () => createServer({ transport, port }).start(),
      Deno.errors.AddrInUse,
      `Cannot start the live listener as the port is taken: 127.0.0.1:${port}`,
    );
  });
}

Deno.test("LiveServer listens on a transport that is passed as a function", async () => {
  const asked: number[] = [];
  const transport: Transport = (options) => {
    asked.push(options.pingIntervalMs);
    return transports.deno(options);
  };
  const server = createServer({ transport, pingIntervalMs: 1_234 });

  const { port } = await server.start();

  using client = await RawClient.connect(port);
  assertEquals((await client.upgrade("/")).status, 101);
  client.close();
  await server.stop();
  assertEquals(asked, [1_234]);
});

testOnEach("LiveServer.stop() may be called again, for the same result", async (startLive) => {
  await using live = await startLive();
  await using _client = await live.connect();

  assertStrictEquals(live.server.stop(), live.server.stop(0));
});

testOnEach("LiveServer.accepting is true between start and stop", async (startLive) => {
  await using live = await startLive();
  assert(live.server.accepting);

  const stopped = live.server.stop();

  assertEquals(live.server.accepting, false);
  await stopped;
});

/** Connects and sends a request. */
async function request(
  port: number,
  path: string,
  headers: Record<string, string>,
): Promise<RawClient> {
  const client = await RawClient.connect(port);
  await client.request(path, headers);
  return client;
}

/** Peers that would hold a connection open, and the longest time-outs to stop them with. */
const peers: Readonly<Record<string, [timeoutMs: number, (live: Live) => Promise<RawClient>]>> = {
  "sends nothing": [60_000, ({ port }) => RawClient.connect(port)],
  "has sent half a request": [60_000, async ({ port }) => {
    const client = await RawClient.connect(port);
    await client.write("GET / HTTP/1.1\r\nhost: x\r\n");
    return client;
  }],
  "keeps its connection alive": [60_000, async ({ port }) => {
    const client = await request(port, "/x", { host: "x" });
    assertEquals((await client.head()).status, 404);
    return client;
  }],
  "waits for its session to be checked": [60_000, async ({ port, metrics }) => {
    const client = await request(port, "/", { ...UPGRADE_HEADERS, cookie: cookieOf("slow") });
    await metrics.until(({ gauges }) => gauges.pendingUpgrades === 1);
    return client;
  }],
  "reads a stream": [60_000, async ({ port }) => {
    const client = await request(port, STREAM, { host: "x", cookie: cookieOf("ada") });
    assertEquals((await client.head()).status, 200);
    return client;
  }],
  "does not answer the close of its WebSocket": [20, (live) => live.connectRaw()],
  "does not answer the close of its refusal": [20, async ({ port }) => {
    const client = await request(port, "/?reject=close", UPGRADE_HEADERS);
    assertEquals((await client.head()).status, 101);
    return client;
  }],
};

for (const [name, [longest, connect]] of Object.entries(peers)) {
  for (const timeoutMs of [0, longest]) {
    testOnEach(
      `LiveServer.stop(${timeoutMs}) ends the connection of a peer that ${name}`,
      async (startLive) => {
        const never = Promise.withResolvers<never>();
        const known = fakeAuthority();
        const authority = fakeAuthority({
          authenticate: (cookie) =>
            cookie.requestHeader()?.[1] === cookieOf("slow")
              ? never.promise
              : known.authenticate(cookie),
        });
        await using live = await startLive({ authority });
        using peer = await connect(live);

        await live.server.stop(timeoutMs);

        await peer.ended();
      },
    );
  }
}

testOnEach("LiveServer.stop(0) ends streams and sockets alike", async (startLive) => {
  await using live = await startLive();
  await using stream = await SseClient.open(live, ["event:1"]);
  await using socket = await live.connect();

  await live.server.stop(0);

  await Promise.all([stream.ended, socket.closed]);
});
