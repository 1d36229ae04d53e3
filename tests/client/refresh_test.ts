/**
 * What the client does when its session has ended: 4401.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { openSetup, type Setup } from "./setup.ts";

const REASON = "session is no longer good";

/** Returns a client whose session has just ended, and how often `refresh()` was called. */
function endedSession(refresh?: () => Promise<boolean | void>): Setup & { calls(): number } {
  let calls = 0;
  const setup = openSetup(
    refresh && {
      refresh() {
        calls++;
        return refresh();
      },
    },
  );
  setup.socket.end(4401, REASON);
  return Object.assign(setup, { calls: () => calls });
}

Deno.test("LiveClient refreshes the session after 4401, once, and reconnects at once", async () => {
  using time = new FakeTime(0);
  const refreshed = Promise.withResolvers<void>();
  using setup = endedSession(() => refreshed.promise);

  assertEquals([setup.calls(), setup.sockets.length], [1, 1]);
  assertEquals(setup.live.state, { phase: "connecting" });
  refreshed.resolve();
  await time.runMicrotasks();

  assertEquals([setup.calls(), setup.sockets.length], [1, 2]);
  setup.socket.open();
  setup.socket.end(4401, REASON);
  assertEquals(setup.live.state, { phase: "closed", reason: REASON, code: 4401 });
  assertEquals([setup.calls(), setup.sockets.length], [1, 2]);
});

Deno.test("LiveClient refreshes again after a stable connection", async () => {
  using time = new FakeTime(0);
  using setup = endedSession(() => Promise.resolve());
  await time.runMicrotasks();
  setup.socket.open();
  time.tick(5_000);

  setup.socket.end(4401);
  await time.runMicrotasks();

  assertEquals([setup.calls(), setup.sockets.length], [2, 3]);
});

Deno.test("LiveClient ends if the fresh cookie is rejected with 4501", async () => {
  using time = new FakeTime(0);
  using setup = endedSession(() => Promise.resolve(true));
  await time.runMicrotasks();

  setup.socket.end(4501, "no valid session");

  assertEquals(setup.live.state, { phase: "closed", reason: "no valid session", code: 4501 });
});

Deno.test("LiveClient ends if refresh() resolves to false", async () => {
  using time = new FakeTime(0);
  using setup = endedSession(() => Promise.resolve(false));

  await time.runMicrotasks();

  assertEquals(setup.live.state, { phase: "closed", reason: REASON, code: 4401 });
  assertEquals(setup.sockets.length, 1);
});

Deno.test("LiveClient without refresh() reconnects once after 4401", async () => {
  using time = new FakeTime(0);
  using setup = endedSession();

  await time.runMicrotasks();

  assertEquals(setup.sockets.length, 2);
});

for (const how of ["with backoff", "at once after retry()"] as const) {
  Deno.test(`LiveClient repeats a refresh() that threw, ${how}`, async () => {
    using time = new FakeTime(0);
    const failure = new TypeError("network");
    const answers = [Promise.reject(failure), Promise.resolve(true)];
    using setup = endedSession(() => answers.shift() ?? Promise.resolve(false));
    await time.runMicrotasks();
    assertEquals(setup.errors, [failure]);
    assertEquals([setup.live.state.phase, setup.sockets.length], ["waiting", 1]);

    if (how === "with backoff") await time.nextAsync();
    else setup.live.retry();
    await time.runMicrotasks();

    assertEquals([setup.calls(), setup.sockets.length], [2, 2]);
  });
}

for (const [how, outcome] of [["is true", true], ["is false", false], ["throws"]] as const) {
  Deno.test(`LiveClient.close() stays closed when a refresh() under way ${how}`, async () => {
    using time = new FakeTime(0);
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    using setup = endedSession(() => promise);

    setup.live.close();
    if (outcome === undefined) reject(new Error("network"));
    else resolve(outcome);
    await time.runMicrotasks();

    assertEquals(setup.live.state.phase, "closed");
    assertEquals([setup.sockets.length, time.next()], [1, false]);
  });
}
