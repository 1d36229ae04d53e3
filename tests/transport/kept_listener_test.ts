/**
 * Tests of listeners that listen again after their server has stopped accepting.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { type Acceptor, KeptListener } from "../../live/transport/kept_listener.ts";
import { SpareDescriptors } from "../../live/transport/spare_descriptors.ts";
import { RecordingLogger } from "../support/recording_logger.ts";

const SHORTAGE = new Error("Too many open files (os error 24)");
const STEP_MS = 500;
const ADDR: Deno.NetAddr = { transport: "tcp", hostname: "127.0.0.1", port: 8080 };

/** A listener whose servers the test lets fail, and which reports what becomes of it. */
class Subject {
  readonly logger = new RecordingLogger();
  /** Servers that were opened, and errors that opening them throws, in order. */
  readonly acceptors: { fail(error: unknown): void; shutdowns: number }[] = [];
  readonly errors: unknown[] = [];
  readonly lost: unknown[] = [];
  readonly listener: KeptListener;
  attempts = 0;

  constructor(options: { spares?: SpareDescriptors; usesSpares?: boolean } = {}) {
    const { logger } = this;
    const onLost = (error: unknown) => void this.lost.push(error);
    const open = (port: number) => {
      this.attempts++;
      assertEquals(port, ADDR.port);
      const error = this.errors.shift();
      if (error !== undefined) throw error;
      return this.#open();
    };
    this.listener = new KeptListener(this.#open(), open, {
      name: "test listener",
      ...options,
      onLost,
      logger,
    });
  }

  #open(): Acceptor {
    const { promise, resolve: fail } = Promise.withResolvers<unknown>();
    const server = { fail, shutdowns: 0 };
    this.acceptors.push(server);
    const stop = () => Promise.resolve(void server.shutdowns++);
    return { addr: ADDR, failed: promise, shutdown: stop, abort: stop };
  }

  /** Lets the newest server fail. */
  fail(error: unknown = SHORTAGE): void {
    this.acceptors.at(-1)?.fail(error);
  }
}

/** Lets time pass in steps, so that what a timer begins can set the next one. */
async function pass(time: FakeTime, ms: number): Promise<void> {
  for (let left = ms; left >= 0; left -= STEP_MS) {
    await time.runMicrotasks();
    await time.tickAsync(Math.min(left, STEP_MS));
    await time.runMicrotasks();
  }
}

/** Spares of a process with this number of free descriptors. */
function sparesOf(free: { count: number }): SpareDescriptors {
  return new SpareDescriptors(() => {
    if (free.count === 0) throw SHORTAGE;
    free.count--;
    return { close: () => void free.count++ };
  }, 2);
}

Deno.test("KeptListener listens again on the same port a second after its server failed", async () => {
  using time = new FakeTime();
  const subject = new Subject();
  subject.fail();
  await pass(time, 999);
  assertEquals(subject.acceptors.length, 1);
  assertMatch(subject.listener.trouble ?? "", /^test listener accepts no connections: Too many/);

  await pass(time, 1);

  assertEquals([subject.acceptors.length, subject.listener.trouble], [2, undefined]);
  assertEquals(subject.logger.lines.map(({ level, message }) => `${level}: ${message}`), [
    "warn: test listener accepts no connections",
    "info: test listener accepts connections again",
  ]);
});

Deno.test("KeptListener warns once, and waits longer, while its servers keep failing", async () => {
  using time = new FakeTime();
  const subject = new Subject();
  for (const pauseMs of [1_000, 2_000, 4_000, 8_000, 8_000]) {
    subject.fail();
    await pass(time, pauseMs - 1);
    const { length } = subject.acceptors;
    await pass(time, 1);
    assertEquals(subject.acceptors.length, length + 1);
  }
  assertEquals(subject.logger.of("warn").length, 1);
});

Deno.test("KeptListener keeps trying through a long shortage", async () => {
  using time = new FakeTime();
  const subject = new Subject();
  subject.errors.push(...Array.from({ length: 50 }, () => SHORTAGE));
  subject.fail();

  await pass(time, 51_000);

  assertEquals([subject.attempts, subject.acceptors.length, subject.lost], [51, 2, []]);
});

Deno.test("KeptListener reports onLost after ten attempts that fail for another reason", async () => {
  using time = new FakeTime();
  const subject = new Subject();
  const taken = new Deno.errors.AddrInUse("taken");
  subject.errors.push(...Array.from({ length: 10 }, () => taken));
  subject.fail();

  await pass(time, 9_000);
  assertEquals(subject.lost, []);
  await pass(time, 1_000);

  assertEquals([subject.lost, subject.acceptors.length], [[taken], 1]);
  assertEquals(subject.logger.of("error").length, 1);
});

Deno.test("KeptListener releases the spares, and listens again only when they are held again", async () => {
  using time = new FakeTime();
  const free = { count: 4 };
  const spares = sparesOf(free);
  spares.hold();
  const subject = new Subject({ spares });
  free.count = 0;
  subject.fail();
  await pass(time, 0);
  assertEquals(free.count, 2); // for calls

  await pass(time, 10_000);
  assertEquals(subject.attempts, 0);
  free.count = 4;
  await pass(time, 1_000);

  assertEquals([subject.attempts, free.count], [1, 2]);
  spares.close();
});

Deno.test("KeptListener listens again at once if it may use the spares", async () => {
  using time = new FakeTime();
  const free = { count: 4 };
  const spares = sparesOf(free);
  spares.hold();
  const subject = new Subject({ spares, usesSpares: true });
  free.count = 0;
  subject.fail();

  await pass(time, 1_000);

  assertEquals([subject.attempts, free.count], [1, 2]);
  spares.close();
});

Deno.test("KeptListener does not listen again after a stop, and stops all of its servers", async () => {
  using time = new FakeTime();
  const subject = new Subject();
  subject.fail();
  await pass(time, 1_000);
  subject.fail();
  await pass(time, 0);

  await subject.listener.shutdown();
  await pass(time, 60_000);

  assertEquals(subject.acceptors.map(({ shutdowns }) => shutdowns), [1, 1]);
});

Deno.test("KeptListener treats a failure after a stop as part of the stop", async () => {
  using time = new FakeTime();
  const subject = new Subject();
  await subject.listener.abort();
  subject.fail();
  await pass(time, 60_000);
  assertEquals([subject.acceptors.length, subject.logger.lines], [1, []]);
});

Deno.test("SpareDescriptors.hold() holds the spares once as many are free beside them", async () => {
  using time = new FakeTime();
  const free = { count: 3 };
  const spares = sparesOf(free);
  let isHeld = false;
  spares.held.then(() => isHeld = true);

  spares.hold();
  await pass(time, 1_000);
  assertEquals([free.count, isHeld], [3, false]);
  free.count = 4;
  await pass(time, 1_000);

  assertEquals([free.count, isHeld], [2, true]);
  spares.close();
  assertEquals(free.count, 4);
  await pass(time, 10_000);
  assertEquals(free.count, 4);
});

Deno.test("SpareDescriptors.hasRoom() leaves as many descriptors free as before", () => {
  const free = { count: 2 };
  const spares = sparesOf(free);
  assertEquals([spares.hasRoom(), free.count], [true, 2]);
  free.count = 1;
  assertEquals([spares.hasRoom(), free.count], [false, 1]);
});

Deno.test("SpareDescriptors works without spares if they cannot be opened", async () => {
  const spares = new SpareDescriptors(() => {
    throw new Deno.errors.NotCapable("Requires net access");
  });
  spares.hold();
  await spares.held;
  assertEquals(spares.hasRoom(), true);
  spares.close();
});
