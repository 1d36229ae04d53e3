/**
 * A network that drops everything while TCP stays open: the client notices, and reconnects.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { message, openSetup, PROBE, Setup } from "./setup.ts";

/** Returns a client that is subscribed to `event:1`, with a source of random numbers. */
function quiet(random: number): Setup {
  const setup = new Setup();
  setup.random = random;
  setup.socket.open();
  setup.live.subscribe("event:1");
  setup.socket.start("e", 0);
  setup.socket.sent.length = 0;
  return setup;
}

for (const [random, probeMs] of [[0.1, 26_000], [0.5, 30_000], [1, 35_000]] as const) {
  Deno.test(`LiveClient notices after ${probeMs + 5_000} ms of silence, if the jitter is ${random}`, () => {
    using time = new FakeTime(0);
    using setup = quiet(random);

    time.tick(probeMs - 1);
    assertEquals(setup.socket.sent, []);
    time.tick(1);
    assertEquals(setup.socket.sent, [PROBE]);
    time.tick(4_999);
    assertEquals(setup.live.state.phase, "open");
    time.tick(1);

    assertEquals(setup.live.state, {
      phase: "waiting",
      reason: "no answer",
      code: 1006,
      retryAt: time.now + 500 * random,
    });
    assertEquals(setup.socket.closed, { code: undefined });
    assertEquals(setup.socket.sent, [PROBE]);
  });
}

for (
  const [what, answer] of [
    ["pong", { type: "pong", id: "ping" }],
    ["an error, as servers without ping do", {
      type: "error",
      code: "protocol-violation",
      message: "Invalid message envelope",
      id: "ping",
    }],
    ["a message that happens to arrive", message(1)],
  ] as const
) {
  Deno.test(`LiveClient keeps a connection that answers the probe with ${what}`, () => {
    using time = new FakeTime(0);
    using setup = quiet(0);

    for (let minute = 0; minute < 10; minute++) {
      time.tick(25_000);
      setup.socket.receive(answer);
    }

    assertEquals(setup.live.state.phase, "open");
    assertEquals(setup.socket.sent, Array(10).fill(PROBE));
    assertEquals([setup.sockets.length, setup.errors], [1, []]);
  });
}

Deno.test("LiveClient probes no connection on which messages arrive", () => {
  using time = new FakeTime(0);
  using setup = quiet(0);

  for (let offset = 1; offset <= 10; offset++) {
    time.tick(24_999);
    setup.socket.receive(message(offset));
  }

  assertEquals(setup.socket.sent, []);
});

Deno.test("LiveClient resumes on the connection that replaces a silent one", () => {
  using time = new FakeTime(0);
  using setup = openSetup();
  const { notes } = setup.follow();
  setup.socket.start("e", 7);
  const [dead] = setup.sockets;

  time.tick(35_000);
  time.tick(250);
  setup.socket.open();
  assertEquals(setup.socket.last["since"], { epoch: "e", offset: 7 });
  setup.socket.start("e", 7, [], true);
  dead?.receive(message(9)); // too late
  dead?.end(1006);
  setup.socket.receive(message(8));

  assertEquals(notes, ["start e 7", "recovered e 7", "message 8"]);
  assertEquals(setup.live.state.phase, "open");
});

for (const how of ["closes", "breaks"] as const) {
  Deno.test(`LiveClient sends no probe on a connection that ${how}`, () => {
    using time = new FakeTime(0);
    using setup = quiet(1);

    if (how === "closes") setup.live.close();
    else setup.socket.end(4503);

    assertEquals(time.next(), false);
    assertEquals(setup.socket.sent, []);
  });
}
