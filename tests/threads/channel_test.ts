/**
 * Tests of calls between threads: deadlines, bounds, and what cannot be copied.
 *
 * @module
 */

import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { BrokerUnavailable } from "../../live/domain/broker.ts";
import { Channel, type ChannelOptions } from "../../live/threads/channel.ts";
import { FakeClock, portPair } from "./fake_port.ts";

/** The functions of the other end. */
type Remote = {
  echo(value: unknown): unknown;
  /** Answers when the test resolves it. */
  wait(): Promise<string>;
  note(value: unknown): void;
  function(): unknown;
};

/** Both ends of a channel, and what was observed at the other end. */
class TestChannel implements Disposable {
  readonly clock = new FakeClock();
  readonly channel: Channel<Remote>;
  /** Values that the other end was told. */
  readonly noted: unknown[] = [];
  /** Errors that were reported on this end. */
  readonly errors: unknown[] = [];
  /** Calls that the other end has not answered. */
  readonly waiting: PromiseWithResolvers<string>[] = [];
  readonly #other: Channel<Record<never, never>>;

  constructor(options: Partial<ChannelOptions> = {}) {
    const [port, otherPort] = portPair();
    const onError = (error: unknown) => void this.errors.push(error);
    this.channel = new Channel({ port, handlers: {}, onError, ...options });
    const handlers: Remote = {
      echo: (value) => value,
      wait: () => {
        const waiting = Promise.withResolvers<string>();
        this.waiting.push(waiting);
        return waiting.promise;
      },
      note: (value) => void this.noted.push(value),
      function: () => () => "cannot be copied",
    };
    this.#other = new Channel({ port: otherPort, handlers, onError });
  }

  [Symbol.dispose](): void {
    this.channel.end("the test is over");
    this.#other.end("the test is over");
    this.clock[Symbol.dispose]();
  }
}

Deno.test("Channel.call() fails at its deadline, and other calls continue", async () => {
  using test = new TestChannel({ deadlineMs: 5_000 });
  const late = assertRejects(() => test.channel.call("wait"), BrokerUnavailable);
  const patient = test.channel.callWithin(60_000, "wait");

  await test.clock.tick(4_000);
  assertEquals(test.waiting.length, 2);
  await test.clock.tick(1_000);

  const { message, retryAfterMs } = await late;
  assertEquals([message, retryAfterMs], ["another thread does not answer", 1_000]);
  test.waiting[0]?.resolve("too late"); // ignored
  test.waiting[1]?.resolve("in time");
  await test.clock.tick(0);
  assertEquals(await patient, "in time");
  assertEquals(test.errors, []);
});

Deno.test("Channel.call() fails at once while too many calls are in flight", async () => {
  using test = new TestChannel({ maxCalls: 2 });
  const first = test.channel.call("wait");
  const second = test.channel.call("wait");

  const { message } = await assertRejects(() => test.channel.call("echo", 3), BrokerUnavailable);
  await test.clock.tick(0);
  test.waiting[0]?.resolve("done");
  await test.clock.tick(0);
  const third = test.channel.call("echo", 3);
  await test.clock.tick(0);

  assertEquals(message, "another thread is overloaded");
  assertEquals([await first, await third], ["done", 3]);
  test.waiting[1]?.resolve("done");
  await test.clock.tick(0);
  assertEquals(await second, "done");
});

Deno.test("Channel.end() fails the calls in flight and later calls", async () => {
  using test = new TestChannel();
  const before = assertRejects(() => test.channel.call("wait"), BrokerUnavailable, "it died");
  await test.clock.tick(0);

  test.channel.end("it died");

  await before;
  await assertRejects(() => test.channel.call("wait"), BrokerUnavailable, "it died");
  test.channel.tell("note", 1);
  test.waiting[0]?.resolve("too late");
  await test.clock.tick(0);
  assertEquals(test.noted, []);
});

Deno.test("a call whose argument cannot be copied fails, and the rest of its turn is sent", async () => {
  using test = new TestChannel();
  test.channel.tell("note", 1);
  const bad = test.channel.call("echo", () => {}).catch((error) => error);
  const good = test.channel.call("echo", "good");
  test.channel.tell("note", 2);

  await test.clock.tick(0);

  assertEquals([test.noted, await good], [[1, 2], "good"]);
  const error = await bad;
  assertInstanceOf(error, DOMException);
  assertEquals([error.name, test.errors], ["DataCloneError", []]);
});

Deno.test("a result that cannot be copied fails its call, and other results arrive", async () => {
  using test = new TestChannel();
  const bad = test.channel.call("function").catch((error) => error);
  const good = test.channel.call("echo", "good");

  await test.clock.tick(0);

  assertEquals(await good, "good");
  assertInstanceOf(await bad, Error);
});

Deno.test("Channel.tell() reports an argument that cannot be copied, and the rest is sent", async () => {
  using test = new TestChannel();
  test.channel.tell("note", () => {});
  test.channel.tell("note", 2);

  await test.clock.tick(0);

  assertEquals([test.noted, test.errors.length], [[2], 1]);
});
