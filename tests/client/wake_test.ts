/**
 * Events of the page that make the client reconnect: it becomes visible, or the network is back.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { LiveClient } from "../../live/client/live_client.ts";
import { onWake, type Page } from "../../live/client/page.ts";
import { FakePage, FakeSocket, openSetup, PROBE, Setup } from "./setup.ts";

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
    time.tick(1_000); // the timer of the delay is cleared
    assertEquals(setup.sockets.length, 2);
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
    using setup = new Setup();
    setup.random = 1; // no probe without the page's event before 35 seconds
    setup.socket.open();
    setup.page.become("hidden");
    time.tick(ms);

    setup.page.become("visible");

    assertEquals(setup.socket.sent, [...probes]);
  });
}

Deno.test("LiveClient probes its connection if the page was hidden from the start", () => {
  using time = new FakeTime(0);
  using setup = new Setup();
  setup.random = 1;
  setup.page.document.visibilityState = "hidden";
  setup.socket.open();
  time.tick(30_001);

  setup.page.become("visible");

  assertEquals(setup.socket.sent, [PROBE]);
});

Deno.test("LiveClient probes its connection once, even if the page gets online repeatedly", () => {
  using time = new FakeTime(0);
  using setup = openSetup();

  for (let second = 1; second <= 5; second++) {
    setup.page.dispatchEvent(new Event("online"));
    time.tick(1_000);
  }

  assertEquals(setup.socket.sent, [PROBE]);
  assertEquals(setup.live.state.phase, "waiting");
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
