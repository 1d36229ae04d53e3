/**
 * Tests of how many things are done at a time.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { Limit } from "../../live/session/limit.ts";
import { turn } from "../support/queue.ts";

Deno.test("Limit.run() begins tasks in their order, so many at a time", async () => {
  const limit = new Limit(2);
  const begun: number[] = [];
  const tasks = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
  const done = tasks.map(({ promise }, index) =>
    limit.run(() => {
      begun.push(index);
      return promise;
    })
  );
  assertEquals(begun, [0, 1]);
  tasks[1]?.resolve();
  await turn();
  assertEquals(begun, [0, 1, 2]);
  for (const { resolve } of tasks) resolve();
  await Promise.all(done);
  assertEquals(begun, [0, 1, 2, 3, 4]);
});

Deno.test("Limit.run() hands on what a task returns or throws, and goes on", async () => {
  const limit = new Limit(1);
  const failed = limit.run(() => Promise.reject(new Error("fault")));
  const next = limit.run(() => Promise.resolve("fine"));
  await assertRejects(() => failed, Error, "fault");
  assertEquals(await next, "fine");
  assertEquals(await limit.run(() => Promise.resolve(7)), 7);
});
