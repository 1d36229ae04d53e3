/**
 * Tests of the sweep: whom it ends, and whom it leaves alone.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Registry } from "../../live/connection/registry.ts";
import { StallDetector } from "../../live/connection/stall_detector.ts";
import { type Client, createClient, createRecordingMetrics, FakeClock } from "../hub/fakes.ts";

const SECOND = 1_000;
const THRESHOLD = 100_000;
const SILENT_MS = 30_000;
const TOO_SLOW: [number, string][] = [[1008, "back-pressure threshold exceeded"]];

class Setup implements Disposable {
  readonly time = new FakeTime(0);
  readonly clock = new FakeClock();
  readonly registry = new Registry(createRecordingMetrics());
  readonly sweep = new StallDetector({
    registry: this.registry,
    thresholdBytes: THRESHOLD,
    silentMs: SILENT_MS,
    now: this.clock.now,
  });

  constructor() {
    this.sweep.start();
  }

  connect(bufferedAmount: number): Client {
    const client = createClient({ onEnd: (connection) => this.registry.remove(connection) });
    client.socket.bufferedAmount = bufferedAmount;
    this.registry.add(client.connection);
    return client;
  }

  /** Lets time pass, second by second. */
  pass(seconds: number, eachSecond?: () => void): void {
    for (let i = 0; i < seconds; i++) {
      eachSecond?.();
      this.clock.ms += SECOND;
      this.time.tick(SECOND);
    }
  }

  [Symbol.dispose](): void {
    this.sweep.stop();
    this.time.restore();
  }
}

for (
  const { name, buffered, seconds, ends } of [
    {
      name: "more than the threshold, for a second",
      buffered: THRESHOLD + 1,
      seconds: 2,
      ends: true,
    },
    { name: "more than the threshold, for less", buffered: THRESHOLD + 1, seconds: 1, ends: false },
    { name: "the threshold, for a second", buffered: THRESHOLD, seconds: 2, ends: false },
    { name: "a byte, for as long as a silent peer", buffered: 1, seconds: 31, ends: true },
    { name: "a byte, for less", buffered: 1, seconds: 30, ends: false },
    { name: "nothing, for long", buffered: 0, seconds: 100, ends: false },
  ]
) {
  Deno.test(`StallDetector ${ends ? "ends" : "leaves alone"} what holds ${name}`, () => {
    using setup = new Setup();
    const { socket } = setup.connect(buffered);
    setup.pass(seconds);
    assertEquals(socket.closes, ends ? TOO_SLOW : []);
    assertEquals(setup.registry.size, ends ? 0 : 1);
  });
}

Deno.test("StallDetector leaves alone what drains, however slowly", () => {
  using setup = new Setup();
  const { socket } = setup.connect(2 * THRESHOLD);
  setup.pass(100, () => socket.bufferedAmount--);
  assertEquals(socket.closes, []);
});

Deno.test("StallDetector takes the time anew after each byte that drains", () => {
  using setup = new Setup();
  const { socket } = setup.connect(1_000);
  setup.pass(20);
  socket.bufferedAmount--;
  setup.pass(30);
  assertEquals(socket.closes, []);
  setup.pass(1);
  assertEquals(socket.closes, TOO_SLOW);
});

Deno.test("StallDetector.stop() ends the timer", () => {
  using setup = new Setup();
  setup.sweep.stop();
  assertEquals(setup.time.next(), false);
});
