/**
 * Starting and stopping, in whatever order the two are called.
 *
 * @module
 */

import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { Lifecycle } from "../../live/domain/lifecycle.ts";

/** A lifecycle whose calls are recorded, and whose start waits. */
function setUp() {
  const calls: string[] = [];
  const opened = Promise.withResolvers<string>();
  const lifecycle = new Lifecycle<string, string>({
    name: "thing",
    open() {
      calls.push("open");
      return opened.promise;
    },
    close(timeoutMs) {
      calls.push(`close ${timeoutMs}`);
      return Promise.resolve("closed");
    },
  });
  return { calls, opened, lifecycle };
}

Deno.test("Lifecycle.stop() during a start waits for it", async () => {
  const { calls, opened, lifecycle } = setUp();
  const started = lifecycle.start();
  const stopped = lifecycle.stop(7);
  assertEquals([calls, lifecycle.stopped], [["open"], true]);

  opened.resolve("open");

  assertEquals(await Promise.all([started, stopped]), ["open", "closed"]);
  assertEquals(calls, ["open", "close 7"]);
});

Deno.test("Lifecycle.start() that fails closes what was opened, and rejects", async () => {
  const { calls, opened, lifecycle } = setUp();
  const started = lifecycle.start();

  opened.reject(new Error("no port"));

  await assertRejects(() => started, Error, "no port");
  assertEquals([calls, lifecycle.stopped], [["open", "close undefined"], true]);
  assertEquals(await lifecycle.stop(), "closed");
});

Deno.test("Lifecycle.stop() during a start that fails closes once", async () => {
  const { calls, opened, lifecycle } = setUp();
  const started = lifecycle.start();
  const stopped = lifecycle.stop(7);

  opened.reject(new Error("no port"));

  await assertRejects(() => started, Error, "no port");
  assertEquals(await stopped, "closed");
  assertEquals(calls, ["open", "close 7"]);
});

Deno.test("Lifecycle.stop() returns the first call's promise the second time", async () => {
  const { calls, lifecycle } = setUp();
  assertStrictEquals(lifecycle.stop(7), lifecycle.stop(8));
  await lifecycle.stop(9);
  assertEquals(calls, ["close 7"]);
});

Deno.test("Lifecycle.start() rejects the second time, and opens nothing", async () => {
  const { calls, opened, lifecycle } = setUp();
  const started = lifecycle.start();
  await assertRejects(() => lifecycle.start(), TypeError, "Cannot start the thing twice");
  opened.resolve("open");
  assertEquals([await started, calls], ["open", ["open"]]);
});

Deno.test("Lifecycle.start() rejects after a stop, and opens nothing", async () => {
  const { calls, lifecycle } = setUp();
  await lifecycle.stop(7);
  await assertRejects(() => lifecycle.start(), TypeError, "after it was stopped");
  assertEquals(calls, ["close 7"]);
});
