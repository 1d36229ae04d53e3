/**
 * Tests of malformed frames and messages.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { encodeFrame, Opcode, readClose, textFrame } from "../support/frames.ts";
import { malformedFrames } from "../support/malformed.ts";
import { Random } from "../support/random.ts";
import { testOn, testOnEach } from "../support/transports.ts";

const COUNT = 200;

testOnEach(`LiveServer answers ${COUNT} malformed frames, and keeps serving`, async (startLive) => {
  await using live = await startLive({ options: { messageBurst: COUNT + 1 } });
  await using client = await live.connect();

  for (const { kind, frame, code, id } of malformedFrames(new Random(1), COUNT)) {
    const answer = await client.ask(frame);

    const shown = typeof frame === "string" ? frame.slice(0, 200) : frame;
    assertEquals([answer.type, answer.code, answer.id], ["error", code, id], `${kind}: ${shown}`);
  }

  assertEquals((await client.subscribe("event:1")).type, "subscribed");
  assertEquals(client.pending, 0);
  assertEquals(live.logger.of("error"), []);
  assertEquals(live.metrics.outbound.error, COUNT);
});

testOnEach(
  "LiveServer answers a violation with an error, and with the id if there is one",
  async (startLive) => {
    await using live = await startLive();
    await using client = await live.connect();

    client.send('{"type":"dance","id":"7"}');
    client.send("not JSON");
    await client.take(2);

    assertEquals(client.frames.slice(1), [
      '{"type":"error","code":"protocol-violation","message":"Invalid message envelope","id":"7"}',
      '{"type":"error","code":"protocol-violation","message":"Invalid message envelope"}',
    ]);
    assertEquals(live.metrics.inbound, { subscribe: 0, unsubscribe: 0, ping: 0, invalid: 2 });
  },
);

testOnEach(
  "LiveServer joins the fragments of a message, with a ping between them",
  async (startLive) => {
    await using live = await startLive();
    using client = await live.connectRaw();
    const { payload } = textFrame('{"type":"subscribe","topic":"event:é"}');

    // The second fragment begins in the middle of a character.
    await client.sendFrame({ opcode: Opcode.Text, payload: payload.subarray(0, 36), fin: false });
    await client.sendFrame({ opcode: Opcode.Ping, payload: payload.subarray(0, 3) });
    await client.sendFrame({ opcode: Opcode.Continuation, payload: payload.subarray(36) });

    const pong = await client.frame();
    assertEquals([pong?.opcode, pong?.payload], [Opcode.Pong, payload.slice(0, 3)]);
    assertEquals((await client.message()).topic, "event:é");
  },
);

/** Frames that break the protocol, and the close code of `ws`. */
const violations = [
  ["with a reserved opcode", 1002, encodeFrame({ opcode: 3, payload: new Uint8Array(1) })],
  ["with a reserved bit", 1002, encodeFrame({ ...textFrame("?"), rsv: 4 })],
  ["that continues no message", 1002, encodeFrame({ opcode: 0, payload: new Uint8Array(1) })],
  [
    "with text that is not UTF-8",
    1007,
    encodeFrame({ opcode: 1, payload: new Uint8Array([0xff]) }),
  ],
  [
    "with a control payload that is too long",
    1002,
    encodeFrame({ opcode: 9, payload: new Uint8Array(126) }),
  ],
  ["longer than the memory", 1009, new Uint8Array([0x82, 0xff, 127, ...new Array(13).fill(255)])],
] as const;

for (const [name, code, bytes] of violations) {
  testOnEach(
    `LiveServer closes a connection after a frame ${name}, and serves the others`,
    async (startLive) => {
      await using live = await startLive();
      await using other = await live.connect();
      using client = await live.connectRaw();

      await client.write(bytes);
      const close = await client.frame();
      await client.ended();
      await live.metrics.until(({ gauges }) => gauges.connections === 1);

      const isWs = live.transport === "ws";
      assertEquals(close && readClose(close).code, isWs ? code : undefined);
      assertEquals(live.metrics.disconnects, [isWs ? code : 0]);
      assertEquals((await other.subscribe("event:1")).type, "subscribed");
      assertEquals(live.logger.of("error"), []);
    },
  );
}

testOn("ws", "LiveServer closes with 1002 after an unmasked frame", async (startLive) => {
  await using live = await startLive();
  using client = await live.connectRaw();

  await client.sendFrame({ ...textFrame("?"), masked: false });

  const close = await client.frame();
  assertEquals(close && readClose(close).code, 1002);
  await client.ended();
  assertEquals(live.metrics.disconnects, [1002]);
});
