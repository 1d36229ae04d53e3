/**
 * Tests of the stall detector: which connections it closes.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Registry } from "../../live/connection/registry.ts";
import { StallDetector } from "../../live/connection/stall_detector.ts";
import { silentMetrics } from "../../live/domain/metrics.ts";
import { createClient, FakeClock, type FakeSocket } from "../support/fake_client.ts";

const SECOND = 1_000;
const THRESHOLD = 100_000;
const SILENT_MS = 30_000;
const TOO_SLOW: [number, string][] = [[1008, "back-pressure threshold exceeded"]];

/** A detector and one connection. */
class Setup implements Disposable {
  readonly time = new FakeTime(0);
  readonly clock = new FakeClock();
  readonly registry = new Registry(silentMetrics);
  readonly detector: StallDetector;
  readonly socket: FakeSocket;

  constructor(buffered: number, backlog = 0) {
    this.detector = new StallDetector({
      registry: this.registry,
      thresholdBytes: THRESHOLD,
      backlogOf: () => backlog,
      silentMs: SILENT_MS,
      now: this.clock.now,
    });
    const { socket, connection } = createClient({ onEnd: (ended) => this.registry.remove(ended) });
    this.socket = socket;
    socket.bufferedAmount = buffered;
    this.registry.add(connection);
    this.detector.start();
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
    this.detector.stop();
    this.time.restore();
  }
}

for (
  const { name, buffered, backlog = 0, seconds, closes } of [
    // 16 KiB a second would take 6.1 s.
    { name: "holds more than the threshold", buffered: THRESHOLD + 1, seconds: 8, closes: true },
    { name: "holds more, for less", buffered: THRESHOLD + 1, seconds: 7, closes: false },
    { name: "holds a frame of a megabyte", buffered: 1_000_000, seconds: 63, closes: true },
    { name: "holds such a frame, for less", buffered: 1_000_000, seconds: 62, closes: false },
    { name: "holds the threshold", buffered: THRESHOLD, seconds: 2, closes: false },
    {
      name: "holds less, with a backlog",
      buffered: 1,
      backlog: THRESHOLD,
      seconds: 2,
      closes: true,
    },
    { name: "holds a byte", buffered: 1, seconds: 31, closes: true },
    { name: "holds a byte, for less", buffered: 1, seconds: 30, closes: false },
    { name: "holds nothing", buffered: 0, backlog: 2 * THRESHOLD, seconds: 100, closes: false },
  ]
) {
  Deno.test(`StallDetector ${closes ? "closes" : "keeps"} after ${seconds} s what ${name}`, () => {
    using setup = new Setup(buffered, backlog);
    setup.pass(seconds);
    assertEquals(setup.socket.closes, closes ? TOO_SLOW : []);
    assertEquals(setup.registry.size, closes ? 0 : 1);
  });
}

Deno.test("StallDetector keeps a connection that drains, even slowly", () => {
  using setup = new Setup(2 * THRESHOLD);
  setup.pass(100, () => setup.socket.bufferedAmount--);
  assertEquals(setup.socket.closes, []);
});

Deno.test("StallDetector measures from the last byte that drained", () => {
  using setup = new Setup(1_000);
  setup.pass(20);
  setup.socket.bufferedAmount--;
  setup.pass(30);
  assertEquals(setup.socket.closes, []);
  setup.pass(1);
  assertEquals(setup.socket.closes, TOO_SLOW);
});

Deno.test("StallDetector.stop() ends the timer", () => {
  using setup = new Setup(0);
  setup.detector.stop();
  assertEquals(setup.time.next(), false);
});
