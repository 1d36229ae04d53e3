/**
 * Tests of what the client does when its session has ended (4401).
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

/** Returns a client whose current cookie was rejected a second time. */
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

Deno.test("LiveClient reconnects at once after 4401, with the current cookie", async () => {
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

Deno.test("LiveClient refreshes the session even if the network breaks meanwhile", async () => {
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

Deno.test("LiveClient ends after 20 calls of refresh() that threw in a row, and says why", async () => {
  using time = new FakeTime(0);
  using setup = await rejectedCookie(time, () => Promise.reject(new TypeError("network")));

  for (let attempt = 0; attempt < 100 && time.next(); attempt++) await time.runMicrotasks();

  const reason = `${GAVE_UP.reason}: network`;
  assertEquals(setup.live.state, { phase: "closed", reason, code: 4501 });
  assertEquals([setup.calls(), setup.errors.length, setup.sockets.length], [20, 19, 2]);
});

Deno.test("LiveClient counts only consecutive calls of refresh() that threw", async () => {
  using time = new FakeTime(0);
  let isBroken = true;
  using setup = await rejectedCookie(
    time,
    () => isBroken ? Promise.reject(new TypeError("network")) : Promise.resolve(),
  );
  const retry = async () => {
    setup.live.retry();
    await time.runMicrotasks();
  };
  for (let attempt = 0; attempt < 18; attempt++) await retry();
  isBroken = false;
  await retry();
  setup.socket.open();
  time.tick(5_000);
  isBroken = true;
  setup.socket.end(4401);
  await time.runMicrotasks();
  setup.socket.end(4501);
  await time.runMicrotasks();

  assertEquals([setup.calls(), setup.live.state.phase], [21, "waiting"]);
});

for (
  const [name, error] of [
    ["an error with a status", Object.assign(new Error("no session"), { status: 401 })],
    ["an error with a response", { message: "no session", response: { status: 400 } }],
  ] as const
) {
  Deno.test(`LiveClient ends at once if refresh() throws ${name} that is a denial`, async () => {
    using time = new FakeTime(0);
    using setup = await rejectedCookie(time, () => Promise.reject(error));
    const errors: Error[] = [];
    setup.follow("event:1", { onError: (error) => errors.push(error) });
    await time.runMicrotasks();

    const reason = `${GAVE_UP.reason}: no session`;
    assertEquals(setup.live.state, { phase: "closed", reason, code: 4501 });
    assertEquals([setup.calls(), setup.errors, errors.map(String)], [1, [], [
      `LiveError: ${reason}`,
    ]]);
  });
}

for (const status of [408, 425, 429, 500, 503]) {
  Deno.test(`LiveClient repeats a refresh() that threw the status ${status}`, async () => {
    using time = new FakeTime(0);
    const error = Object.assign(new Error("later"), { status });
    using setup = await rejectedCookie(time, () => Promise.reject(error));

    assertEquals([setup.live.state.phase, setup.errors], ["waiting", [error]]);
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
