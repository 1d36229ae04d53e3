/**
 * Tests of LiveServer.stop() with clients connected. The order of starts and stops is tested in
 * lifecycle_test.ts, and peers that read nothing in slow_client_test.ts.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { cookieOf, fakeAuthority } from "../support/authorities.ts";
import { Client } from "../support/client.ts";
import { closeFrame, Opcode } from "../support/frames.ts";
import { RawClient, UPGRADE_HEADERS } from "../support/raw_client.ts";
import { SseClient } from "../support/sse_client.ts";
import { testOnEach } from "../support/transports.ts";

const GOING_AWAY = /^server shutting down; retry in ([1-4]\d{3})$/;

testOnEach("LiveServer.stop() closes every connection with a reconnect delay", async (start) => {
  await using live = await start();
  const sockets = [
    await live.connect("ada"),
    await live.connect("ada"),
    await live.connect("bob"),
  ];
  await using stream = await SseClient.open(live, ["event:1"]);

  const result = await live.server.stop();

  for (const socket of sockets) {
    const { code, reason } = await socket.closed;
    assertEquals(code, 1001);
    assertMatch(reason, GOING_AWAY);
  }
  const { event, data, retry } = await stream.event();
  const { code, reason } = JSON.parse(data);
  assertEquals([event, code, GOING_AWAY.exec(reason)?.[1]], ["close", 1001, `${retry}`]);
  assert(await stream.ended, "the stream ends whole");
  assertEquals(result, { stragglers: 0 });
  assertEquals(live.metrics.disconnects, [1001, 1001, 1001, 1001]);
});

testOnEach("LiveServer.stop() gives clients different reconnect delays", async (startLive) => {
  await using live = await startLive();
  const clients = await Promise.all(Array.from({ length: 20 }, () => live.connect()));

  await live.server.stop();

  const reasons = await Promise.all(clients.map(async ({ closed }) => (await closed).reason));
  assert(new Set(reasons).size > 1, reasons[0]);
});

testOnEach("LiveServer.stop() waits for a peer to answer the close frame", async (startLive) => {
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

for (
  const [name, drainTimeoutMs, timeoutMs] of [
    ["its argument", 60_000, 20],
    ["its options", 20, undefined],
  ] as const
) {
  testOnEach(
    `LiveServer.stop() breaks a connection that does not close after the time in ${name}`,
    async (startLive) => {
      await using live = await startLive({ options: { drainTimeoutMs } });
      using peer = await live.connectRaw();

      assertEquals(await live.server.stop(timeoutMs), { stragglers: 1 });

      assertEquals((await peer.frame())?.opcode, Opcode.Close);
      await peer.ended();
      assertEquals(live.metrics.gauges.connections, 0);
      assertEquals(live.logger.of("warn"), [{
        level: "warn",
        message: "gave up on sockets that do not close",
        fields: { stragglers: 1 },
      }]);
    },
  );
}

for (const path of ["/", "/sse?topic=event:1"]) {
  testOnEach(
    `LiveServer.stop() refuses ${path} at once while its session is checked`,
    async (startLive) => {
      const never = Promise.withResolvers<never>();
      const authority = fakeAuthority({ authenticate: () => never.promise });
      await using live = await startLive({ authority });
      using client = await RawClient.connect(live.port);
      const headers = path === "/" ? UPGRADE_HEADERS : { host: "x" };
      await client.request(path, { ...headers, cookie: cookieOf("ada") });
      await live.metrics.until(({ gauges }) => gauges.pendingUpgrades === 1);

      const stopped = live.server.stop();

      const { status, headers: answered } = await client.head();
      assertEquals(status, 503);
      assertMatch(answered.get("retry-after") ?? "", /^[1-5]$/);
      assertEquals(await stopped, { stragglers: 0 });
      assertEquals(live.metrics.upgrades, ["draining"]);
    },
  );
}

testOnEach("LiveServer.stop() closes a socket that opens meanwhile", async (startLive) => {
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
});

testOnEach("LiveServer.start() logs and returns the address", async (startLive) => {
  await using live = await startLive();

  assertEquals(live.logger.of("info"), [{
    level: "info",
    message: "live listener started",
    fields: { host: "127.0.0.1", port: live.port },
  }]);
  assertEquals((await live.knock("/")).status, 401);
});
