/**
 * Tests of recovery: a client that reconnects with its position gets what it missed.
 *
 * @module
 */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { Client, Message } from "../support/client.ts";
import type { Live } from "../support/live.ts";
import { testOnEach } from "../support/transports.ts";
import { protocols } from "./protocols_setup.ts";

/** Messages that the server keeps of a topic. */
const HISTORY_SIZE = 256;

const TOPIC = "event:42";

function message(offset: number, key?: string): Message {
  return { type: "message", topic: TOPIC, offset, ...(key ? { key } : {}), data: offset };
}

/** Publishes messages with their offsets as data. */
async function publishUpTo(live: Live, from: number, to: number, key?: string): Promise<void> {
  for (let data = from; data <= to; data++) {
    await live.publishAll({ topic: TOPIC, data, key });
  }
}

/** Returns the epoch of the topic's log. */
async function epochOf(live: Live): Promise<string> {
  await using client = await live.connect();
  return (await client.subscribe(TOPIC)).epoch;
}

for (const { name: protocol, connect } of protocols) {
  for (
    const [name, published, since, missed] of [
      ["in the middle", 5, 2, [3, 4, 5]],
      ["before the first message", 2, 0, [1, 2]],
      ["at the head", 5, 5, []],
      ["at the head of an empty log", 0, 0, []],
    ] as const
  ) {
    testOnEach(`a ${protocol} that resumes ${name} gets what it missed`, async (start) => {
      await using live = await start();
      const epoch = await epochOf(live);
      await publishUpTo(live, 1, published, "k");
      await using client = await connect(live, TOPIC, { epoch, offset: since });
      assertEquals(await client.next(), {
        type: "subscribed",
        topic: TOPIC,
        epoch,
        offset: published,
        recovered: true,
        messages: missed.map((offset) => message(offset, "k")),
      });
      await publishUpTo(live, published + 1, published + 1);
      assertEquals(await client.next(), message(published + 1));
      assertEquals(live.metrics.recoveries, { hit: 1, miss: 0 });
    });
  }

  for (
    const [name, since] of [
      ["in another epoch", { epoch: "another", offset: 3 }],
      ["beyond the head", { offset: 4 }],
      ["at the largest offset", { offset: Number.MAX_SAFE_INTEGER }],
    ] as const
  ) {
    testOnEach(`a ${protocol} that resumes ${name} starts over`, async (start) => {
      await using live = await start();
      const epoch = await epochOf(live);
      await publishUpTo(live, 1, 2, "a");
      await publishUpTo(live, 3, 3, "b");
      await using client = await connect(live, TOPIC, { epoch, ...since });
      assertEquals(await client.next(), {
        type: "subscribed",
        topic: TOPIC,
        epoch,
        offset: 3,
        recovered: false,
        messages: [message(2, "a"), message(3, "b")],
      });
      assertEquals(live.metrics.recoveries, { hit: 0, miss: 1 });
    });
  }
}

for (const [missed, recovered] of [[HISTORY_SIZE, true], [HISTORY_SIZE + 1, false]] as const) {
  testOnEach(
    `a client that missed ${missed} messages is ${recovered ? "" : "not "}recovered`,
    async (start) => {
      await using live = await start();
      const epoch = await epochOf(live);
      await publishUpTo(live, 1, missed, "k");
      await using client = await live.connect();
      const answer = await client.subscribe(TOPIC, { since: { epoch, offset: 0 } });
      assertEquals([answer.recovered, answer.offset], [recovered, missed]);
      assertEquals(answer.messages.length, recovered ? missed : 1);
    },
  );
}

testOnEach("a client that resumes after a restart starts over", async (start) => {
  const before = await start();
  const epoch = await epochOf(before);
  await publishUpTo(before, 1, 3);
  await before[Symbol.asyncDispose]();

  await using after = await start();
  await publishUpTo(after, 1, 3);
  await using client = await after.connect();
  const answer = await client.subscribe(TOPIC, { since: { epoch, offset: 2 } });
  assertEquals([answer.recovered, answer.messages], [false, []]);
  assertNotEquals(answer.epoch, epoch);
});

testOnEach("a first subscription does not count as a recovery", async (start) => {
  await using live = await start();
  await epochOf(live);
  assertEquals(live.metrics.recoveries, { hit: 0, miss: 0 });
});

/** Follows a topic over several connections, and leaves each after some messages. */
async function follow(live: Live, until: number, stay: number): Promise<number[]> {
  const got: number[] = [];
  let since: { epoch: string; offset: number } | undefined;
  const take = (message: Message) => {
    got.push(message.data);
    assert(since !== undefined);
    since = { ...since, offset: message.offset };
  };
  while (got.at(-1) !== until) {
    await using client: Client = await live.connect();
    const start = await client.subscribe(TOPIC, since === undefined ? {} : { since });
    assertEquals(start.recovered, since !== undefined);
    since ??= { epoch: start.epoch, offset: start.offset };
    for (const held of start.messages) take(held);
    for (let taken = 0; taken < stay && got.at(-1) !== until; taken++) take(await client.next());
  }
  return got;
}

testOnEach(
  "clients that reconnect while messages are published get each message once, in order",
  async (startLive) => {
    await using live = await startLive();
    const count = 200;
    const followers = [1, 2, 3, 5, 8, 13, 21, 34].map((stay) => follow(live, count, stay));
    await live.metrics.until(({ gauges }) => gauges.subscriptions === followers.length);
    for (let data = 1; data <= count; data++) {
      await publishUpTo(live, data, data);
      // Waits for a response, so that clients get their turns.
      if (data % 10 === 0) await live.knock("/", {});
    }
    const expected = Array.from({ length: count }, (_, index) => index + 1);
    for (const got of await Promise.all(followers)) assertEquals(got, expected);
  },
);
