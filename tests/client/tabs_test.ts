/**
 * Tabs that share a session: a refresh by one of them replaces the cookie of all.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Browser } from "./tabs_setup.ts";

Deno.test("tabs whose cookie another tab has replaced reconnect without a refresh", async () => {
  using time = new FakeTime(0);
  using browser = new Browser(time, 3);
  await browser.settle();

  browser.rotate();
  await browser.revalidate();

  assertEquals(browser.phases, ["open", "open", "open"]);
  assertEquals([browser.refreshes, browser.sockets], [0, [2, 2, 2]]);
});

Deno.test("tabs whose session has ended refresh it once, and stay connected", async () => {
  using time = new FakeTime(0);
  using browser = new Browser(time, 3);
  await browser.settle();

  browser.expire();
  await browser.revalidate();
  assertEquals(browser.phases, ["open", "open", "open"]);
  assertEquals(browser.refreshes, 1);
  for (let round = 0; round < 10; round++) {
    time.tick(20_000);
    await browser.revalidate();
  }

  assertEquals(browser.phases, ["open", "open", "open"]);
  assertEquals(browser.refreshes, 1);
});

Deno.test("tabs without locks stay connected, even though each of them refreshes", async () => {
  using time = new FakeTime(0);
  using browser = new Browser(time, 3, { hasLocks: false });
  await browser.settle();

  browser.expire();
  await browser.revalidate();
  await browser.revalidate();
  const { refreshes, sockets } = browser;
  await browser.revalidate();

  assertEquals(browser.phases, ["open", "open", "open"]);
  assertEquals([browser.refreshes, browser.sockets], [refreshes, sockets]);
});

Deno.test("a tab refreshes if the tab that it waited for could not", async () => {
  using time = new FakeTime(0);
  using browser = new Browser(time, 2);
  await browser.settle();
  const answers = [false];
  browser.beforeRefresh = () => Promise.resolve(answers.shift());

  browser.expire();
  await browser.revalidate();

  assertEquals(browser.phases, ["closed", "open"]);
  assertEquals(browser.refreshes, 2);
});

Deno.test("a tab gives up if another tab holds the lock and never answers", async () => {
  using time = new FakeTime(0);
  using browser = new Browser(time, 2);
  await browser.settle();
  browser.beforeRefresh = () => new Promise(() => {});

  browser.expire();
  await browser.revalidate();
  assertEquals(browser.phases, ["connecting", "connecting"]);
  for (let round = 0; round < 5; round++) {
    await time.tickAsync(10_000);
    await browser.settle();
  }

  assertEquals(browser.phases, ["connecting", "closed"]);
  assertEquals(browser.tabs[1]?.live.state, {
    phase: "closed",
    reason: "session ended, and could not be refreshed",
    code: 4501,
  });
  assertEquals(browser.refreshes, 1);
});

Deno.test("tabs end without a storm if Directus refuses every refresh", async () => {
  using time = new FakeTime(0);
  using browser = new Browser(time, 10);
  await browser.settle();
  browser.beforeRefresh = () => Promise.resolve(false);

  browser.expire();
  await browser.revalidate();

  assertEquals(new Set(browser.phases), new Set(["closed"]));
  assertEquals(Math.max(...browser.sockets) <= 6, true);
});
