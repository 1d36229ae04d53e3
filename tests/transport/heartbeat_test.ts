/**
 * The heartbeat: pings of the protocol, which browsers answer by themselves.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Opcode, readClose, textFrame } from "../support/frames.ts";
import { testOn, testOnEach } from "../support/transports.ts";

testOn("deno", "LiveServer pings a silent peer, closes it, and forgets it", async (startLive) => {
  await using live = await startLive({ options: { pingIntervalMs: 25 } });
  using peer = await live.connectRaw();

  assertEquals((await peer.frame())?.opcode, Opcode.Ping);
  const close = await peer.frame();

  assertEquals(close?.opcode, Opcode.Close);
  assertEquals(close && readClose(close), { code: 1001, reason: "No response from ping frame." });
  await live.metrics.until(({ gauges }) => gauges.connections + gauges.closingSockets === 0);
  assertEquals(live.metrics.disconnects, [1001]);
});

testOn("ws", "LiveServer pings a silent peer, ends it, and forgets it", async (startLive) => {
  await using live = await startLive({ options: { pingIntervalMs: 25 } });
  using peer = await live.connectRaw();

  assertEquals((await peer.frame())?.opcode, Opcode.Ping);

  assertEquals(await peer.frame(), undefined);
  await live.metrics.until(({ gauges }) => gauges.connections + gauges.closingSockets === 0);
  assertEquals(live.metrics.disconnects, [1006]);
});

testOnEach("LiveServer keeps a peer that answers its pings", async (startLive) => {
  await using live = await startLive({ options: { pingIntervalMs: 500 } });
  using peer = await live.connectRaw();

  for (let count = 0; count < 3; count++) {
    const ping = await peer.frame();
    assertEquals(ping?.opcode, Opcode.Ping);
    await peer.sendFrame({ opcode: Opcode.Pong, payload: ping?.payload ?? new Uint8Array() });
  }

  await peer.sendFrame(textFrame('{"type":"unsubscribe","topic":"event:1"}'));
  assertEquals((await peer.message()).type, "unsubscribed");
  assertEquals(live.metrics.gauges.connections, 1);
});
