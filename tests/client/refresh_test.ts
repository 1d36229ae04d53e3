/**
 * What the client does when its session has ended: 4401.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { openSetup } from "./setup.ts";

Deno.test("LiveClient refreshes the session after 4401, once, and reconnects at once", async () => {
  using time = new FakeTime(0);
  const refreshed = Promise.withResolvers<void>();
  let calls = 0;
  using setup = openSetup({
    refresh: () => {
      calls++;
      return refreshed.promise;
    },
  });

  setup.socket.end(4401, "session is no longer good");
  assertEquals([calls, setup.sockets.length], [1, 1]);
  assertEquals(setup.live.state, { phase: "connecting" });
  refreshed.resolve();
  await time.runMicrotasks();

  assertEquals([calls, setup.sockets.length], [1, 2]);
  setup.socket.open();
  setup.socket.end(4401, "session is no longer good");
  assertEquals(setup.live.state, {
    phase: "closed",
    reason: "session is no longer good",
    code: 4401,
  });
  assertEquals([calls, setup.sockets.length], [1, 2]);
});

Deno.test("LiveClient refreshes again after a stable connection", async () => {
  using time = new FakeTime(0);
  let calls = 0;
  using setup = openSetup({
    refresh: () => {
      calls++;
      return Promise.resolve();
    },
  });
  setup.socket.end(4401);
  await time.runMicrotasks();
  setup.socket.open();
  time.tick(5_000);

  setup.socket.end(4401);
  await time.runMicrotasks();

  assertEquals([calls, setup.sockets.length], [2, 3]);
});

Deno.test("LiveClient ends if the fresh cookie is rejected with 4501", async () => {
  using time = new FakeTime(0);
  using setup = openSetup({ refresh: () => Promise.resolve(true) });
  setup.socket.end(4401);
  await time.runMicrotasks();

  setup.socket.end(4501, "no valid session");

  assertEquals(setup.live.state, { phase: "closed", reason: "no valid session", code: 4501 });
});

Deno.test("LiveClient ends if refresh() resolves to false", async () => {
  using time = new FakeTime(0);
  using setup = openSetup({ refresh: () => Promise.resolve(false) });

  setup.socket.end(4401, "session is no longer good");
  await time.runMicrotasks();

  assertEquals(setup.live.state, {
    phase: "closed",
    reason: "session is no longer good",
    code: 4401,
  });
  assertEquals(setup.sockets.length, 1);
});

Deno.test("LiveClient without refresh() reconnects once after 4401", async () => {
  using time = new FakeTime(0);
  using setup = openSetup();

  setup.socket.end(4401);
  await time.runMicrotasks();

  assertEquals(setup.sockets.length, 2);
});

Deno.test("LiveClient repeats a refresh() that threw, with backoff", async () => {
  using time = new FakeTime(0);
  const failure = new TypeError("network");
  const answers = [Promise.reject(failure), Promise.resolve(true)];
  using setup = openSetup({ refresh: () => answers.shift() ?? Promise.resolve(false) });

  setup.socket.end(4401);
  await time.runMicrotasks();
  assertEquals(setup.errors, [failure]);
  assertEquals(setup.live.state.phase, "waiting");
  assertEquals(setup.sockets.length, 1);
  await time.nextAsync();
  await time.runMicrotasks();

  assertEquals([answers.length, setup.sockets.length], [0, 2]);
});

Deno.test("LiveClient.retry() repeats a refresh() that threw at once", async () => {
  using time = new FakeTime(0);
  let calls = 0;
  const never = new Promise<void>(() => {});
  using setup = openSetup({
    refresh: () => ++calls === 1 ? Promise.reject(new TypeError("network")) : never,
  });
  setup.socket.end(4401);
  await time.runMicrotasks();

  setup.live.retry();
  time.tick(30_000);

  assertEquals(calls, 2);
});

for (const outcome of ["is true", "is false", "throws"] as const) {
  Deno.test(`LiveClient.close() stays closed when a refresh() under way ${outcome}`, async () => {
    using time = new FakeTime(0);
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    using setup = openSetup({ refresh: () => promise });
    setup.socket.end(4401);

    setup.live.close();
    if (outcome === "throws") reject(new Error("network"));
    else resolve(outcome === "is true");
    await time.runMicrotasks();

    assertEquals(setup.live.state, {
      phase: "closed",
      reason: "closed by this program",
      code: 1000,
    });
    assertEquals([setup.sockets.length, time.next()], [1, false]);
  });
}
