/**
 * How the client connects, reconnects, and gives up.
 *
 * @module
 */

import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { connect, LiveError } from "../../live/client/mod.ts";
import { openSetup, Setup, WELCOME } from "./setup.ts";

Deno.test("LiveClient asks for refusals as close codes, and keeps the rest of the address", () => {
  using _time = new FakeTime(0);
  using setup = new Setup();

  assertEquals(setup.socket.url, "wss://live.test/some?x=1&reject=close");
});

Deno.test("LiveClient is connecting until welcome, which its state then holds", () => {
  using _time = new FakeTime(0);
  using setup = new Setup();

  setup.socket.readyState = 1;
  const before = setup.live.state;
  setup.socket.receive(WELCOME);

  assertEquals(before, { phase: "connecting" });
  assertEquals(setup.live.state, { phase: "open", welcome: WELCOME });
  assertEquals(setup.states, [{ phase: "open", welcome: WELCOME }]);
});

Deno.test("connect() throws if the address is not a URL", () => {
  assertThrows(() => connect("live.test"), TypeError);
});

Deno.test("LiveClient ends, later, if no WebSocket can be created", async () => {
  using _time = new FakeTime(0);
  using setup = new Setup({
    webSocket: () => {
      throw new DOMException("mixed content", "SecurityError");
    },
  });
  const { notes } = setup.follow();

  assertEquals(setup.live.state, { phase: "connecting" });
  await Promise.resolve();

  const closed = { phase: "closed", reason: "SecurityError: mixed content", code: 1006 } as const;
  assertEquals(setup.states, [closed]);
  assertEquals(notes, ["error 1006", "end"]);
});

Deno.test("LiveClient reconnects after a failed attempt without a close event, as in Node.js 22", () => {
  using time = new FakeTime(1_000);
  using setup = new Setup();
  setup.socket.readyState = 3;

  setup.socket.onerror?.();

  assertEquals(setup.live.state, {
    phase: "waiting",
    reason: "connection lost",
    code: 1006,
    retryAt: 1_250,
  });
  time.tick(250);
  assertEquals(setup.sockets.length, 2);
});

Deno.test("LiveClient takes the code of a break after `welcome` from the close event", () => {
  using _time = new FakeTime(1_000);
  using setup = openSetup();

  setup.socket.onerror?.();
  const before = setup.live.state.phase;
  setup.socket.end(1009, "message too big");

  assertEquals(before, "open");
  assertEquals(setup.live.state, { phase: "closed", reason: "message too big", code: 1009 });
});

for (
  const [code, reason, told] of [
    [0, "", "connection lost"],
    [1001, "No response from ping frame.", "No response from ping frame."],
    [1005, "", "connection lost"],
    [1006, "", "connection lost"],
    [1008, "back-pressure threshold exceeded", "back-pressure threshold exceeded"],
    [1011, "", "connection lost"],
    [1013, "too many connections", "too many connections"],
    [4429, "too many messages", "too many messages"],
  ] as const
) {
  Deno.test(`LiveClient reconnects after ${code} ${reason}, with backoff`, () => {
    using time = new FakeTime(1_000);
    using setup = openSetup();

    setup.socket.end(code, reason);

    assertEquals(setup.live.state, {
      phase: "waiting",
      reason: told,
      code: code || 1006, // Deno reports 0 if the connection broke
      retryAt: 1_250,
    });
    time.tick(249);
    assertEquals(setup.sockets.length, 1);
    time.tick(1);
    assertEquals(setup.sockets.length, 2);
    assertEquals(setup.states.map(({ phase }) => phase), ["open", "waiting", "connecting"]);
  });
}

for (const code of [1009, 4403, 4501, 4503]) {
  Deno.test(`LiveClient ends permanently after ${code}`, () => {
    using time = new FakeTime(0);
    using setup = openSetup();
    const errors: LiveError[] = [];
    setup.live.subscribe("event:1", { onError: (error) => errors.push(error) });

    setup.socket.end(code, "for a reason");

    assertEquals(setup.live.state, { phase: "closed", reason: "for a reason", code });
    assertEquals(errors.map(({ code, message }) => [code, message]), [[code, "for a reason"]]);
    assertInstanceOf(errors[0], LiveError);
    assertEquals(time.next(), false);
    assertEquals(setup.sockets.length, 1);
  });
}

Deno.test("LiveClient reconnects after the delay that a server names when it shuts down", () => {
  using time = new FakeTime(0);
  using setup = openSetup();

  setup.socket.end(1001, "server shutting down; retry in 4321");

  assertEquals(setup.live.state.phase, "waiting");
  time.tick(4_320);
  assertEquals(setup.sockets.length, 1);
  time.tick(1);
  assertEquals(setup.sockets.length, 2);
});

Deno.test("LiveClient doubles the bound of its delays up to 30 seconds", () => {
  using time = new FakeTime(0);
  using setup = new Setup();
  setup.random = 1;
  const waits: number[] = [];

  for (let attempt = 0; attempt < 9; attempt++) {
    setup.socket.end(1006);
    const { state } = setup.live;
    waits.push(state.phase === "waiting" ? state.retryAt - time.now : -1);
    time.next();
  }

  assertEquals(waits, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
});

Deno.test("LiveClient may reconnect without a delay: full jitter", () => {
  using _time = new FakeTime(0);
  using setup = new Setup();
  setup.random = 0;

  setup.socket.end(1006);

  assertEquals(setup.live.state, {
    phase: "waiting",
    reason: "connection lost",
    code: 1006,
    retryAt: 0,
  });
});

for (const [lived, next] of [[4_999, 1_000], [5_000, 500]] as const) {
  Deno.test(`LiveClient waits at most ${next} ms after a connection of ${lived} ms`, () => {
    using time = new FakeTime(0);
    using setup = new Setup();
    setup.random = 1;
    setup.socket.end(1006);
    time.next();
    setup.socket.open();
    time.tick(lived);

    setup.socket.end(1006);

    const { state } = setup.live;
    assertEquals(state.phase === "waiting" && state.retryAt - time.now, next);
  });
}

Deno.test("LiveClient resets its backoff once after a stable connection", () => {
  using time = new FakeTime(0);
  using setup = openSetup();
  setup.random = 1;
  time.tick(20_000);
  const waits: number[] = [];

  for (let attempt = 0; attempt < 3; attempt++) {
    setup.socket.end(1006);
    const { state } = setup.live;
    waits.push(state.phase === "waiting" ? state.retryAt - time.now : -1);
    time.next();
  }

  assertEquals(waits, [500, 1_000, 2_000]);
});

Deno.test("LiveClient.retry() reconnects at once, and does nothing else", () => {
  using time = new FakeTime(0);
  using setup = openSetup();

  setup.live.retry();
  assertEquals(setup.sockets.length, 1);
  setup.socket.end(1006);
  setup.live.retry();
  setup.live.retry();

  assertEquals(setup.sockets.length, 2);
  setup.socket.open();
  time.tick(1_000); // the timer of the delay is cleared
  assertEquals(setup.sockets.length, 2);
});

Deno.test("LiveClient gives up a socket that brings no welcome in 20 seconds", () => {
  using time = new FakeTime(0);
  using setup = new Setup();
  const [socket] = setup.sockets;

  time.tick(19_999);
  assertEquals(setup.live.state.phase, "connecting");
  time.tick(1);

  assertEquals(setup.live.state, {
    phase: "waiting",
    reason: "no answer",
    code: 1006,
    retryAt: 20_250,
  });
  assertEquals(socket?.closed, { code: undefined });
  time.tick(250);
  socket?.end(1006);
  assertEquals(setup.live.state.phase, "connecting"); // the events of an old socket are ignored
});
