/**
 * Start and stop of the live listener.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertRejects, assertStrictEquals } from "@std/assert";
import { createLiveServer } from "../../live/http/live_server.ts";
import { cookieOf, fakeAuthority, userOf } from "../support/authorities.ts";
import { Client } from "../support/client.ts";
import { closeFrame, Opcode } from "../support/frames.ts";
import { RawClient, UPGRADE_HEADERS } from "../support/raw_client.ts";
import { testOn, testOnEach } from "../support/transports.ts";

const GOING_AWAY = /^server shutting down; retry in (\d+)$/;

testOnEach(
  "LiveServer.stop() closes every connection with a time to come back at",
  async (startLive) => {
    await using live = await startLive();
    const clients = [
      await live.connect("ada"),
      await live.connect("ada"),
      await live.connect("bob"),
    ];

    const result = await live.server.stop();

    for (const client of clients) {
      const { code, reason } = await client.closed;
      assertEquals(code, 1001);
      assertMatch(reason, GOING_AWAY);
      const retryMs = Number(GOING_AWAY.exec(reason)?.[1]);
      assert(retryMs >= 1_000 && retryMs < 5_000, reason);
    }
    assertEquals(result, { stragglers: 0 });
    assertEquals(live.metrics.disconnects, [1001, 1001, 1001]);
  },
);

testOnEach("LiveServer.stop() tells clients different times to come back at", async (startLive) => {
  await using live = await startLive();
  const clients = await Promise.all(Array.from({ length: 20 }, () => live.connect()));

  await live.server.stop();

  const reasons = await Promise.all(clients.map(async ({ closed }) => (await closed).reason));
  assert(new Set(reasons).size > 1, reasons[0]);
});

testOnEach("LiveServer.stop() waits for a peer that lets go in its own time", async (startLive) => {
  await using live = await startLive();
  using peer = await live.connectRaw();

  const stopped = live.server.stop();
  const close = await peer.frame();
  assertEquals([close?.opcode, live.metrics.gauges.closingSockets], [Opcode.Close, 1]);
  await peer.sendFrame(closeFrame(1001));
  await peer.ended();
  peer.close();

  assertEquals(await stopped, { stragglers: 0 });
});

testOnEach(
  "LiveServer.stop() gives up at its deadline on a peer that does not let go",
  async (startLive) => {
    await using live = await startLive();
    using _peer = await live.connectRaw();

    const isDeno = live.transport === "deno";
    assertEquals(await live.server.stop(20), { stragglers: isDeno ? 1 : 0 });
    assertEquals(live.metrics.gauges.connections, 0);
    assertEquals(
      live.logger.of("warn"),
      isDeno
        ? [{
          level: "warn",
          message: "gave up on sockets that do not close",
          fields: { stragglers: 1 },
        }]
        : [],
    );
  },
);

testOn(
  "ws",
  "LiveServer.stop() ends a peer that does not let go, at its deadline",
  async (start) => {
    await using live = await start();
    using peer = await live.connectRaw();

    await live.server.stop(20);

    assertEquals((await peer.frame())?.opcode, Opcode.Close);
    assertEquals(await peer.frame(), undefined);
    assertEquals(live.metrics.gauges.closingSockets, 0);
  },
);

testOnEach("LiveServer.stop() takes its deadline from the options", async (startLive) => {
  await using live = await startLive({ options: { drainTimeoutMs: 20 } });
  using _peer = await live.connectRaw();

  assertEquals(await live.server.stop(), { stragglers: live.transport === "deno" ? 1 : 0 });
});

testOnEach(
  "LiveServer.stop() gives up at its deadline on a request that is not answered",
  async (startLive) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const authority = fakeAuthority({
      authenticate: () => promise.then(() => ({ kind: "unauthorized" })),
    });
    await using live = await startLive({ authority });
    using client = await RawClient.connect(live.port);
    await client.request("/", { ...UPGRADE_HEADERS, cookie: cookieOf("ada") });
    await live.metrics.until(({ gauges }) => gauges.pendingUpgrades === 1);

    assertEquals(await live.server.stop(20), { stragglers: 0 });
    resolve();
    await client.head();
  },
);

testOnEach(
  "LiveServer.stop() answers 503 to a request that was being checked",
  async (startLive) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const authority = fakeAuthority({
      authenticate: () => promise.then(() => ({ kind: "authenticated", user: userOf("ada") })),
    });
    await using live = await startLive({ authority });
    using client = await RawClient.connect(live.port);
    await client.request("/", { ...UPGRADE_HEADERS, cookie: cookieOf("ada") });
    await live.metrics.until(({ gauges }) => gauges.pendingUpgrades === 1);

    const stopped = live.server.stop();
    resolve();

    const { status, headers } = await client.head();
    assertEquals(status, 503);
    assertMatch(headers.get("retry-after") ?? "", /^[1-5]$/);
    assertEquals(await stopped, { stragglers: 0 });
    assertEquals(live.metrics.upgrades, ["draining"]);
  },
);

testOnEach(
  "LiveServer.stop() sends away a client that was upgraded just before",
  async (startLive) => {
    await using live = await startLive();
    const client = new Client(live.ws, { cookie: cookieOf("ada") });

    await live.metrics.until(({ upgrades }) => upgrades.includes("accepted"));
    assertEquals(live.metrics.gauges.connections, 0, "its socket is not open yet");
    const stopped = live.server.stop();

    assertEquals((await client.next()).type, "welcome");
    const { code, reason } = await client.closed;
    assertEquals(code, 1001);
    assertMatch(reason, GOING_AWAY);
    assertEquals(await stopped, { stragglers: 0 });
  },
);

testOnEach("LiveServer.stop() frees the port", async (startLive) => {
  await using first = await startLive();
  const { port } = first;

  await first.server.stop();

  await using second = await startLive({ options: { port } });
  assertEquals(second.port, port);
});

testOnEach("LiveServer.stop() may be called again, for the same result", async (startLive) => {
  await using live = await startLive();
  await using _client = await live.connect();

  assertStrictEquals(live.server.stop(), live.server.stop(0));
});

Deno.test("LiveServer.stop() resolves if the server never started", async () => {
  const server = createLiveServer({ sessions: () => ({ handle() {}, end() {} }) });

  assertEquals(await server.stop(), { stragglers: 0 });
});

testOnEach("LiveServer.start() resolves to where it listens", async (startLive) => {
  await using live = await startLive();

  assertEquals(live.logger.of("info"), [{
    level: "info",
    message: "live listener started",
    fields: { host: "127.0.0.1", port: live.port },
  }]);
  assertEquals((await live.knock("/")).status, 401);
});

testOnEach("LiveServer.start() rejects if the server listens already", async (startLive) => {
  await using live = await startLive();

  await assertRejects(() => live.server.start(), TypeError, "Cannot start the live listener twice");
  await using _client = await live.connect();
});

testOnEach("LiveServer.start() rejects if the server was stopped", async (startLive) => {
  await using live = await startLive();
  await live.server.stop();

  await assertRejects(() => live.server.start(), TypeError, "Cannot start");
});

testOnEach("LiveServer.start() rejects if the port is taken, and names it", async (startLive) => {
  await using live = await startLive();
  const server = createLiveServer({
    options: { transport: live.transport, host: "127.0.0.1", port: live.port },
    sessions: () => ({ handle() {}, end() {} }),
  });

  await assertRejects(
    () => server.start(),
    Deno.errors.AddrInUse,
    `Cannot start the live listener as the port is taken: 127.0.0.1:${live.port}`,
  );
  assertEquals(server.accepting, false);
});

Deno.test("LiveServer.accepting is true from the start to the stop", async () => {
  const server = createLiveServer({
    options: { host: "127.0.0.1", port: 0 },
    sessions: () => ({ handle() {}, end() {} }),
  });
  const seen = [server.accepting];

  await server.start();
  seen.push(server.accepting);
  const stopped = server.stop();
  seen.push(server.accepting);
  await stopped;

  assertEquals(seen, [false, true, false]);
});
