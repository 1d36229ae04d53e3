/**
 * Tests of how the main thread handles a thread that does not answer. The worker is a stand-in.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { DEFAULTS } from "../../live/config/defaults.ts";
import { BrokerUnavailable } from "../../live/domain/broker.ts";
import { silentMetrics } from "../../live/domain/metrics.ts";
import { silentRefusals } from "../../live/domain/refusal_log.ts";
import { MemoryBroker } from "../../live/history/memory_broker.ts";
import { Channel, type Port } from "../../live/threads/channel.ts";
import { JoinedMetrics } from "../../live/threads/joined_metrics.ts";
import { PlaceBook } from "../../live/threads/place_book.ts";
import type { MainCalls, ThreadCalls, ThreadOrders } from "../../live/threads/protocol.ts";
import { Thread, type ThreadWorker } from "../../live/threads/thread.ts";
import { TopicHost } from "../../live/threads/topic_host.ts";
import { RecordingLogger } from "../support/recording_logger.ts";
import { FakeClock, portPair } from "./fake_port.ts";
import { noCalls } from "./setup.ts";

const ADDRESS: Deno.NetAddr = { transport: "tcp", hostname: "127.0.0.1", port: 8080 };
const PING_INTERVAL_MS = 2_000;

/** A worker whose answers a test controls. */
class FakeWorker implements ThreadWorker {
  /** Whether its event loop stands still. */
  isHung = false;
  isTerminated = false;
  onerror: ThreadWorker["onerror"] = null;
  /** Its calls to the main thread. */
  readonly main: Channel<MainCalls>;
  readonly #port: Port;

  constructor(handlers: Partial<ThreadCalls>) {
    const [port, other] = portPair();
    this.#port = port;
    this.main = new Channel({
      port: other,
      handlers: { ...noCalls, start: () => Promise.resolve(ADDRESS), ping() {}, ...handlers },
      onError: (error) => {
        throw error;
      },
    });
  }

  get onmessage(): Port["onmessage"] {
    return this.#port.onmessage;
  }

  set onmessage(receive: Port["onmessage"]) {
    this.#port.onmessage = receive;
  }

  postMessage(message: unknown): void {
    if (!this.isHung) this.#port.postMessage(message);
  }

  terminate(): void {
    this.isTerminated = true;
    this.main.end("terminated");
  }
}

class TestThread implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  /** The workers that were started, in order. */
  readonly workers: FakeWorker[] = [];
  readonly thread: Thread;
  /** Errors that were reported for threads that hang. */
  readonly hung: string[] = [];
  readonly #broker = new MemoryBroker({ ...DEFAULTS, metrics: silentMetrics });

  constructor(handlers: Partial<ThreadCalls> = {}) {
    this.thread = new Thread({
      index: 1,
      spawn: () => {
        const worker = new FakeWorker(handlers);
        this.workers.push(worker);
        return worker;
      },
      orders: () => ({}) as ThreadOrders,
      shared: {
        authority: undefined,
        views: undefined,
        topics: new TopicHost({ broker: this.#broker, onTopics() {} }),
        places: new PlaceBook(DEFAULTS),
        metrics: new JoinedMetrics(silentMetrics),
        refusals: silentRefusals,
        writeLine() {},
      },
      onHung: ({ message }) => void this.hung.push(message),
      logger: this.logger,
    });
  }

  /** Starts the thread. */
  async start(): Promise<FakeWorker> {
    const started = this.thread.start();
    await this.clock.tick(0);
    await started;
    return this.workers[0] as FakeWorker;
  }

  /** Moves the clock by `count` pings. */
  async pings(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.clock.tick(PING_INTERVAL_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const worker of this.workers) worker.isHung = true;
    const stopped = this.thread.stop(0);
    await this.clock.tick(2_000);
    await stopped;
    await this.#broker.stop();
    this.clock[Symbol.dispose]();
  }
}

Deno.test("a thread that answers no ping for half a minute hangs, and is not replaced", async () => {
  await using test = new TestThread();
  const worker = await test.start();
  await test.pings(20); // a healthy thread is not ended

  worker.isHung = true;
  await test.pings(15);
  assertEquals([test.hung, test.thread.isAccepting], [[], true]);
  await test.pings(1);

  assertEquals(test.hung, ["thread 1 hangs: its event loop stands still"]);
  assertEquals(test.logger.of("error").map(({ message }) => message), ["thread hangs"]);
  assertEquals([worker.isTerminated, test.thread.isAccepting], [true, false]);
  await test.pings(60);
  assertEquals([test.workers.length, test.hung.length], [1, 1]);
  assertEquals(await test.thread.stop(5_000), { stragglers: 0 }); // the stop does not wait for it
});

Deno.test("a thread that hangs for less than half a minute is kept", async () => {
  await using test = new TestThread();
  const worker = await test.start();

  for (let i = 0; i < 5; i++) {
    worker.isHung = true;
    await test.pings(14);
    worker.isHung = false;
    await test.pings(1);
  }

  assertEquals([worker.isTerminated, test.workers.length], [false, 1]);
});

Deno.test("a main thread that was busy for minutes does not end its threads", async () => {
  await using test = new TestThread();
  const worker = await test.start();

  test.clock.skip(300_000); // without a turn of the event loop
  await test.pings(2);

  assertEquals([worker.isTerminated, test.workers.length], [false, 1]);
});

Deno.test("a thread that keeps failing is replaced after longer and longer pauses", async () => {
  await using test = new TestThread();
  await test.start();

  for (const pauseMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
    const worker = test.workers.at(-1) as FakeWorker;
    worker.onerror?.(new ErrorEvent("error", { message: "it failed", cancelable: true }));
    assertEquals(test.logger.lines.at(-1)?.fields["pauseMs"], pauseMs);
    const count = test.workers.length;
    await test.clock.tick(pauseMs - 1);
    assertEquals(test.workers.length, count);
    await test.clock.tick(1);
    assertEquals(test.workers.length, count + 1);
  }
});

Deno.test("a start that takes longer than two minutes fails", async () => {
  await using test = new TestThread({ start: () => new Promise(() => {}) });
  const failure = assertRejects(() => test.thread.start(), BrokerUnavailable);

  await test.clock.tick(121_000);

  assertEquals((await failure).message, "another thread does not answer");
});

Deno.test("a replacement that does not start within two minutes is replaced too", async () => {
  let starts = 0;
  await using test = new TestThread({
    start: () => ++starts === 2 ? new Promise(() => {}) : Promise.resolve(ADDRESS),
  });
  const worker = await test.start();
  worker.onerror?.(new ErrorEvent("error", { message: "it failed", cancelable: true }));
  await test.clock.tick(1_000);
  assertEquals([test.workers.length, test.thread.isAccepting], [2, false]);

  await test.clock.tick(121_000);
  await test.clock.tick(1_000);

  assertEquals([test.workers[1]?.isTerminated, test.workers.length], [true, 3]);
  assertEquals(test.thread.isAccepting, true);
});

Deno.test("a revocation that a hung thread does not carry out is reported as trouble", async () => {
  await using test = new TestThread();
  const worker = await test.start();
  worker.isHung = true;

  const revoked = test.thread.revoke({ user: ["ada"] });
  await test.pings(15);

  assertEquals(await revoked, {
    closed: 0,
    asked: 0,
    withdrawn: 0,
    trouble: "a thread of the server did not carry it out",
  });
});

Deno.test("a drain does not wait for a hung thread, and ends it", async () => {
  await using test = new TestThread();
  const worker = await test.start();
  worker.isHung = true;

  const stopped = test.thread.stop(5_000);
  await test.clock.tick(5_000);
  assertEquals(worker.isTerminated, false);
  await test.clock.tick(1_000);

  assertEquals([await stopped, worker.isTerminated], [{ stragglers: 0 }, true]);
  await test.clock.tick(60_000);
  assertEquals(test.workers.length, 1); // it is not replaced
});

Deno.test("a thread that ends during the drain has no stragglers, and is not replaced", async () => {
  await using test = new TestThread({ stop: () => new Promise(() => {}) });
  const worker = await test.start();

  const stopped = test.thread.stop(5_000);
  await test.clock.tick(0);
  worker.onerror?.(new ErrorEvent("error", { message: "it failed", cancelable: true }));

  assertEquals(await stopped, { stragglers: 0 });
  await test.clock.tick(60_000);
  assertEquals([worker.isTerminated, test.workers.length], [true, 1]);
});
