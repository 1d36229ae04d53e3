/**
 * Events of the page that make the client reconnect: it becomes visible, or the network is back.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { LiveClient } from "../../live/client/live_client.ts";
import { onWake, type Page } from "../../live/client/page.ts";
import { FakePage, FakeSocket, message, openSetup, Setup } from "./setup.ts";

/** The message that makes a live server answer. */
const PROBE = { type: "unsubscribe", topic: "" };

for (const event of ["online", "visible"] as const) {
  Deno.test(`LiveClient reconnects at once when the page is ${event}`, () => {
    using time = new FakeTime(0);
    using setup = new Setup();
    setup.page.become("hidden");
    setup.socket.end(1006);

    if (event === "online") setup.page.dispatchEvent(new Event("online"));
    else setup.page.become("visible");

    assertEquals(setup.sockets.length, 2);
    assertEquals(setup.live.state, { phase: "connecting" });
    setup.socket.open();
    assertEquals(time.next(), false);
  });
}

Deno.test("LiveClient keeps waiting when the page is hidden", () => {
  using _time = new FakeTime(0);
  using setup = new Setup();
  setup.socket.end(1006);

  setup.page.become("hidden");

  assertEquals(setup.sockets.length, 1);
});

for (const [ms, probes] of [[30_000, []], [30_001, [PROBE]]] as const) {
  Deno.test(`LiveClient sends ${probes.length} probes after ${ms} ms hidden`, () => {
    using time = new FakeTime(0);
    using setup = openSetup();
    setup.page.become("hidden");
    time.tick(ms);

    setup.page.become("visible");

    assertEquals(setup.socket.sent, [...probes]);
  });
}

Deno.test("LiveClient probes its connection if the page was hidden from the start", () => {
  using time = new FakeTime(0);
  using setup = new Setup();
  setup.page.document.visibilityState = "hidden";
  setup.socket.open();
  time.tick(30_001);

  setup.page.become("visible");

  assertEquals(setup.socket.sent, [PROBE]);
});

Deno.test("LiveClient keeps a connection that answers the probe", () => {
  using time = new FakeTime(0);
  using setup = openSetup();

  setup.page.dispatchEvent(new Event("online"));
  assertEquals(setup.socket.sent, [PROBE]);
  time.tick(4_999);
  setup.socket.receive({ type: "error", code: "bad-topic", message: "", topic: "" });
  time.tick(60_000);

  assertEquals(setup.live.state.phase, "open");
  assertEquals(setup.sockets.length, 1);
});

Deno.test("LiveClient replaces a connection that does not answer the probe, and resumes", () => {
  using time = new FakeTime(0);
  using setup = openSetup();
  const { notes } = setup.follow();
  setup.socket.start("e", 7);
  const [dead] = setup.sockets;

  setup.page.dispatchEvent(new Event("online"));
  time.tick(5_000);
  assertEquals(setup.live.state, {
    phase: "waiting",
    reason: "no answer",
    code: 1006,
    retryAt: 5_250,
  });
  time.tick(250);
  setup.socket.open();
  assertEquals(setup.socket.last["since"], { epoch: "e", offset: 7 });
  setup.socket.start("e", 7, [], true);
  dead?.receive(message(9)); // too late
  setup.socket.receive(message(8));

  assertEquals(notes, ["start e 7", "recovered e 7", "message 8"]);
});

Deno.test("onWake() listens until it is stopped", () => {
  using _time = new FakeTime(0);
  const page = new FakePage();
  const woken: boolean[] = [];
  const stop = onWake(page, (mayBeDead) => woken.push(mayBeDead));
  page.dispatchEvent(new Event("online"));
  page.become("visible");

  stop();
  page.dispatchEvent(new Event("online"));
  page.become("visible");

  assertEquals(woken, [true, false]);
});

Deno.test("LiveClient.close() stops listening to the page", () => {
  using _time = new FakeTime(0);
  const signals: AbortSignal[] = [];
  const page: Page = { addEventListener: (_type, _listener, { signal }) => signals.push(signal) };
  const webSocket = (url: string) => new FakeSocket(url) as unknown as WebSocket;
  const live = new LiveClient("wss://live.test", { webSocket }, { page, random: Math.random });

  live.close();

  assertEquals(signals.map(({ aborted }) => aborted), [true, true]);
});

Deno.test("onWake() works without a page, as in Node.js", () => {
  onWake({}, () => {})();
});
