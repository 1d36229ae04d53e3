/**
 * Tests of the pauses between the messages of one client.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { PacedConnection } from "../../live/directus_protocol/paced_connection.ts";
import { RETRY_MS } from "../../live/hub/fan_out.ts";
import type { Subscriber } from "../../live/hub/subscriber.ts";
import { jsonWire } from "../../live/wire/json_wire.ts";
import { HubSetup } from "../hub/setup.ts";
import { createClient } from "../support/fake_client.ts";

Deno.test("PacedConnection has no room for 10 ms after a message", () => {
  using time = new FakeTime();
  const paced = new PacedConnection(createClient().connection);

  const rooms = [paced.hasRoom];
  paced.deliver("a");
  rooms.push(paced.hasRoom);
  time.tick(9);
  rooms.push(paced.hasRoom);
  time.tick(1);
  rooms.push(paced.hasRoom);

  assertEquals(rooms, [true, false, false, true]);
});

Deno.test("PacedConnection pauses ten times, and then as often as ten times a second", () => {
  using time = new FakeTime();
  let now = 0;
  const paced = new PacedConnection(createClient().connection, { now: () => now });
  const pauses = (messages: number) => {
    let count = 0;
    for (let n = 0; n < messages; n++) {
      paced.deliver("a");
      if (!paced.hasRoom) count++;
      time.tick(10);
    }
    return count;
  };

  const first = pauses(12);
  now += 200;

  assertEquals([first, pauses(5)], [10, 2]);
});

Deno.test("PacedConnection.deliverAfterPause() sends frames 10 ms apart, before there is room", () => {
  using time = new FakeTime();
  const { connection, socket } = createClient();
  const paced = new PacedConnection(connection);
  const sent: [count: number, hasRoom: boolean][] = [];

  for (const frame of ["a", "b", "c"]) paced.deliverAfterPause(frame);
  for (const ms of [9, 1, 10, 10]) {
    sent.push([socket.frames.length, paced.hasRoom]);
    time.tick(ms);
  }
  sent.push([socket.frames.length, paced.hasRoom]);

  assertEquals(sent, [[1, false], [1, false], [2, false], [3, false], [3, true]]);
  assertEquals(socket.frames, ["a", "b", "c"]);
});

Deno.test("PacedConnection.deliverAfterPause() sends all that waits at once when no pauses are left", () => {
  using time = new FakeTime();
  const { connection, socket } = createClient();
  const paced = new PacedConnection(connection, { now: () => 0 });

  for (let n = 0; n < 20; n++) paced.deliverAfterPause("a");
  time.tick(100);

  assertEquals(socket.frames.length, 20);
});

Deno.test("PacedConnection has no room that its socket does not have", () => {
  const { connection, socket } = createClient();
  const paced = new PacedConnection(connection);
  socket.bufferedAmount = 1_000_000;
  assertEquals(paced.hasRoom, false);
});

Deno.test("PacedConnection leaves no timer behind, before and after the end", () => {
  const { connection } = createClient();
  const paced = new PacedConnection(connection);

  paced.deliver("a");
  connection.end(1001, "");
  paced.end();

  assertEquals([paced.deliver("b"), paced.ended], [false, true]);
});

Deno.test("Hub sends messages that are due together one after the other, in the order of each topic", async () => {
  await using setup = new HubSetup();
  const { connection, socket } = setup.connect();
  const paced = new PacedConnection(connection);
  const subscriber: Subscriber = {
    wire: { ...jsonWire, joins: () => false },
    get ended() {
      return paced.ended;
    },
    get hasRoom() {
      return paced.hasRoom;
    },
    deliver: (frame) => paced.deliver(frame),
  };
  for (const topic of ["a:1", "b:1"]) {
    const start = setup.hub.subscribe(subscriber, topic, { onStart() {} });
    await start;
  }

  await setup.publishAll(
    { topic: "a:1", data: 1 },
    { topic: "b:1", data: 2 },
    { topic: "a:1", data: 3 },
  );
  const counts = [socket.frames.length];
  const backlogs = [setup.hub.backlogOf(subscriber) > 0];
  for (let visit = 0; visit < 3; visit++) {
    await setup.pass(RETRY_MS);
    counts.push(socket.frames.length);
    backlogs.push(setup.hub.backlogOf(subscriber) > 0);
  }

  assertEquals(counts, [1, 2, 3, 3]);
  assertEquals(backlogs, [true, true, false, false]);
  assertEquals(
    socket.frames.map((frame) => JSON.parse(frame)).map(({ topic, data }) => [topic, data]),
    [["a:1", 1], ["a:1", 3], ["b:1", 2]],
  );
});
