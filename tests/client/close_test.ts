/**
 * Closing the client.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { openSetup, Setup } from "./setup.ts";

for (const phase of ["connecting", "open", "waiting"] as const) {
  Deno.test(`LiveClient.close() closes permanently while ${phase}`, () => {
    using time = new FakeTime(0);
    using setup = new Setup();
    const { notes } = setup.follow();
    if (phase === "open") setup.socket.open();
    if (phase === "waiting") setup.socket.end(1006);

    setup.live.close();
    setup.live.close();
    setup.live.retry();
    setup.page.dispatchEvent(new Event("online"));

    if (phase !== "waiting") assertEquals(setup.socket.closed, { code: 1000 });
    assertEquals(setup.live.state, {
      phase: "closed",
      reason: "closed by this program",
      code: 1000,
    });
    assertEquals(setup.states.at(-1), setup.live.state);
    assertEquals(notes, ["end"]);
    assertEquals([setup.sockets.length, time.next()], [1, false]);
  });
}

Deno.test("LiveClient.close() stops all handlers", () => {
  using _time = new FakeTime(0);
  using setup = openSetup();
  const { notes } = setup.follow();

  setup.live.close();
  setup.socket.start("e", 0);

  assertEquals(notes, ["end"]);
});

Deno.test("LiveClient.close() changes nothing once the client has ended", () => {
  using _time = new FakeTime(0);
  using setup = openSetup();
  setup.socket.end(4503, "revoked");

  setup.live.close();

  assertEquals(setup.live.state, { phase: "closed", reason: "revoked", code: 4503 });
});

Deno.test("LiveClient sends nothing on a socket that is closing", () => {
  using _time = new FakeTime(0);
  using setup = openSetup();
  setup.socket.readyState = 2;

  setup.live.subscribe("event:1");

  assertEquals(setup.socket.sent, []);
});

Deno.test("LiveClient.subscribe() ends the subscription at once if the client has ended", async () => {
  using time = new FakeTime(0);
  using setup = openSetup();
  setup.socket.end(4501, "no valid session");
  const { notes } = setup.follow();

  assertEquals(notes, []); // not before subscribe() has returned
  await time.runMicrotasks();
  assertEquals(notes, ["error 4501", "end"]);
});
