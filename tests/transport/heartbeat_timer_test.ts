/**
 * Tests of the heartbeat of a transport whose pings are its own.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Heartbeat } from "../../live/transport/heartbeat.ts";

const INTERVAL_MS = 1_000;

/** Starts a heartbeat that notes what it does. */
function start(): { heartbeat: Heartbeat; done: string[] } {
  const done: string[] = [];
  const socket = {
    ping: () => void done.push("ping"),
    terminate: () => void done.push("terminate"),
  };
  return { heartbeat: new Heartbeat(socket, INTERVAL_MS), done };
}

Deno.test("Heartbeat pings after an interval of silence, and ends after another, and no sooner", () => {
  using time = new FakeTime();
  const { done } = start();

  time.tick(INTERVAL_MS - 1);
  assertEquals(done, []);
  time.tick(1);
  assertEquals(done, ["ping"]);
  time.tick(INTERVAL_MS - 1);
  assertEquals(done, ["ping"]);
  time.tick(1);
  assertEquals(done, ["ping", "terminate"]);
  time.tick(10 * INTERVAL_MS);
  assertEquals(done, ["ping", "terminate"]);
});

Deno.test("Heartbeat leaves a peer alone that sends often enough", () => {
  using time = new FakeTime();
  const { heartbeat, done } = start();

  for (let count = 0; count < 20; count++) {
    time.tick(INTERVAL_MS - 1);
    heartbeat.seen();
  }
  heartbeat.stop();

  assertEquals(done, []);
});

Deno.test("Heartbeat pings an interval after what was last seen", () => {
  using time = new FakeTime();
  const { heartbeat, done } = start();

  time.tick(INTERVAL_MS - 1);
  heartbeat.seen();
  time.tick(INTERVAL_MS - 1);
  assertEquals(done, []);
  time.tick(1);
  assertEquals(done, ["ping"]);
  heartbeat.stop();
});

Deno.test("Heartbeat begins anew when its ping is answered", () => {
  using time = new FakeTime();
  const { heartbeat, done } = start();

  time.tick(INTERVAL_MS);
  time.tick(INTERVAL_MS - 1);
  heartbeat.seen();
  time.tick(INTERVAL_MS);
  assertEquals(done, ["ping", "ping"]);
  heartbeat.stop();
});

Deno.test("Heartbeat.stop() ends its timer", () => {
  using time = new FakeTime();
  const { heartbeat, done } = start();

  time.tick(INTERVAL_MS);
  heartbeat.stop();
  time.tick(10 * INTERVAL_MS);

  assertEquals(done, ["ping"]);
  assertEquals(time.next(), false);
});
