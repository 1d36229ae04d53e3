/**
 * What the client does when its session has ended: 4401.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { openSetup, type Setup } from "./setup.ts";

const REASON = "session is no longer good";

/** The state of a client that has given up. */
const GAVE_UP = { phase: "closed", reason: "session ended, and could not be refreshed" } as const;

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

/** Returns a client for which the cookie as it was is no good either. */
async function rejectedCookie(
  time: FakeTime,
  refresh?: () => Promise<boolean | void>,
): Promise<Setup & { calls(): number }> {
  const setup = endedSession(refresh);
  await time.runMicrotasks();
  setup.socket.end(4501, "no valid session");
  await time.runMicrotasks();
  return setup;
}

Deno.test("LiveClient reconnects at once after 4401, with the cookie as it is", async () => {
  using time = new FakeTime(0);
  using setup = endedSession(() => Promise.resolve());
  const { notes } = setup.follow();

  assertEquals(setup.live.state, { phase: "connecting" });
  await time.runMicrotasks();
  setup.socket.open();
  setup.socket.start("e", 0);

  assertEquals([setup.calls(), setup.sockets.length], [0, 2]);
  assertEquals(setup.live.state.phase, "open");
  assertEquals(notes, ["start e 0"]);
});

Deno.test("LiveClient refreshes the session if its cookie is rejected, and reconnects at once", async () => {
  using time = new FakeTime(0);
  const refreshed = Promise.withResolvers<void>();
  using setup = await rejectedCookie(time, () => refreshed.promise);

  assertEquals([setup.calls(), setup.sockets.length], [1, 2]);
  assertEquals(setup.live.state, { phase: "connecting" });
  refreshed.resolve();
  await time.runMicrotasks();
  setup.socket.open();

  assertEquals([setup.calls(), setup.sockets.length], [1, 3]);
  assertEquals(setup.live.state.phase, "open");
});

Deno.test("LiveClient refreshes the session though the network breaks meanwhile", async () => {
  using time = new FakeTime(0);
  using setup = endedSession(() => Promise.resolve());
  await time.runMicrotasks();

  setup.socket.end(1006);
  setup.live.retry();
  setup.socket.end(4501);
  await time.runMicrotasks();

  assertEquals([setup.calls(), setup.sockets.length], [1, 4]);
});

Deno.test("LiveClient ends if the fresh cookie is rejected", async () => {
  using time = new FakeTime(0);
  using setup = await rejectedCookie(time, () => Promise.resolve(true));

  setup.socket.end(4501, "no valid session");
  await time.runMicrotasks();

  assertEquals(setup.live.state, { ...GAVE_UP, code: 4501 });
  assertEquals([setup.calls(), setup.sockets.length, time.next()], [1, 3, false]);
});

Deno.test("LiveClient ends if the server accepts every cookie and ends each session", async () => {
  using time = new FakeTime(0);
  using setup = endedSession(() => Promise.resolve(true));

  for (let round = 0; round < 20; round++) {
    await time.runMicrotasks();
    if (setup.live.state.phase === "closed") break;
    setup.socket.open();
    setup.socket.end(4401, REASON);
  }

  assertEquals(setup.live.state, { ...GAVE_UP, code: 4401 });
  assertEquals([setup.calls(), setup.sockets.length], [1, 6]);
});

Deno.test("LiveClient refreshes again after a stable connection", async () => {
  using time = new FakeTime(0);
  using setup = await rejectedCookie(time, () => Promise.resolve());
  setup.socket.open();
  time.tick(5_000);

  setup.socket.end(4401);
  await time.runMicrotasks();
  assertEquals([setup.calls(), setup.sockets.length], [1, 4]);
  setup.socket.end(4501);
  await time.runMicrotasks();

  assertEquals([setup.calls(), setup.sockets.length], [2, 5]);
});

for (
  const [what, refresh] of [
    ["without refresh()", undefined],
    ["if refresh() resolves to false", () => Promise.resolve(false)],
  ] as const
) {
  Deno.test(`LiveClient ends after a rejected cookie ${what}`, async () => {
    using time = new FakeTime(0);
    using setup = await rejectedCookie(time, refresh);

    assertEquals(setup.live.state, { ...GAVE_UP, code: 4501 });
    assertEquals(setup.sockets.length, 2);
  });
}

for (const how of ["with backoff", "at once after retry()"] as const) {
  Deno.test(`LiveClient repeats a refresh() that threw, ${how}`, async () => {
    using time = new FakeTime(0);
    const failure = new TypeError("network");
    const answers = [() => Promise.reject(failure), () => Promise.resolve(true)];
    using setup = await rejectedCookie(time, () => answers.shift()?.() ?? Promise.resolve(false));
    assertEquals(setup.errors, [failure]);
    assertEquals([setup.live.state.phase, setup.sockets.length], ["waiting", 2]);

    if (how === "with backoff") await time.nextAsync();
    else setup.live.retry();
    await time.runMicrotasks();

    assertEquals([setup.calls(), setup.sockets.length], [2, 3]);
  });
}

for (const [how, outcome] of [["is true", true], ["is false", false], ["throws"]] as const) {
  Deno.test(`LiveClient.close() stays closed when a refresh() under way ${how}`, async () => {
    using time = new FakeTime(0);
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    using setup = await rejectedCookie(time, () => promise);

    setup.live.close();
    if (outcome === undefined) reject(new Error("network"));
    else resolve(outcome);
    await time.runMicrotasks();

    assertEquals(setup.live.state.phase, "closed");
    assertEquals([setup.sockets.length, time.next()], [2, false]);
  });
}
