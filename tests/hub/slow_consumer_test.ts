/**
 * Tests of slow consumers: subscriptions lag while sockets have no room, and get the newest state if they
 * are too slow.
 *
 * @module
 */

import { assertEquals, assertLess } from "@std/assert";
import { RETRY_MS } from "../../live/hub/fan_out.ts";
import { type Client, messageOf } from "../support/fake_client.ts";
import { turn } from "../support/queue.ts";
import { HubSetup, messagesOf } from "./setup.ts";
import { StoreBroker } from "./store_setup.ts";

/** A socket that holds more takes no further frame. */
const MARK = 65_536;

const THRESHOLD = 100_000;
const SLOW_MS = 1_000;

/** Payload of which two are more than half the threshold. */
const LARGE = "x".repeat(30_000);

/** Publishes one payload after the other: for each key, or without a key for "". */
async function publish(setup: HubSetup, keys: string, data: string = LARGE): Promise<void> {
  for (const key of keys) {
    await setup.publishAll({ topic: "a:1", data, ...key === "-" ? {} : { key } });
  }
}

/** Returns what a client was sent, as `offset key`, and `+n` for what it missed before. */
function sent(client: Client): string[] {
  return messagesOf(client).map(({ offset, key = "-", skipped, removed }) =>
    `${offset}${removed ? " removed" : ""} ${key}${skipped === undefined ? "" : ` +${skipped}`}`
  );
}

/** Creates a hub with a client whose socket has no room. */
async function setUp(): Promise<{ setup: HubSetup; slow: Client }> {
  const setup = new HubSetup({ thresholdBytes: THRESHOLD, historySize: 2 });
  const slow = await setup.join("a:1");
  slow.socket.bufferedAmount = MARK + 1;
  return { setup, slow };
}

/** Gives the client's socket room, and lets the hub visit it. */
async function drain(setup: HubSetup, { socket }: Client): Promise<void> {
  socket.bufferedAmount = 0;
  await setup.pass(RETRY_MS);
}

for (
  const [name, buffered, thresholdBytes, count] of [
    ["at the mark", MARK, 1_000_000, 1],
    ["past the mark", MARK + 1, 1_000_000, 0],
    ["at a threshold below the mark", 1_000, 1_000, 1],
    ["past a threshold below the mark", 1_001, 1_000, 0],
  ] as const
) {
  Deno.test(`FanOut sends ${count} messages to a socket ${name}`, async () => {
    await using setup = new HubSetup({ thresholdBytes });
    const { socket } = await setup.join("a:1");
    socket.bufferedAmount = buffered;
    await setup.publish("a:1", 1);
    assertEquals([socket.frames.length, socket.closes], [count, []]);
    assertEquals(setup.metrics.outbound.message, count);
  });
}

Deno.test("FanOut stops sending as soon as a socket is past the mark, and continues later", async () => {
  await using setup = new HubSetup();
  const client = await setup.join("a:1");
  client.socket.slow = true;
  await publish(setup, "--", "x".repeat(40_000));
  await publish(setup, "-");
  await setup.pass(SLOW_MS);
  assertEquals(sent(client), ["1 -", "2 -"]);
  await drain(setup, client);
  assertEquals(sent(client), ["1 -", "2 -", "3 -"]);
  assertEquals([setup.metrics.outbound.message, setup.metrics.broadcasts], [3, 3]);
});

for (const trigger of ["by itself", "with the next message"]) {
  Deno.test(`FanOut sends a drained socket in one frame what it missed, ${trigger}`, async () => {
    await using setup = new HubSetup({ broker: new StoreBroker(0) });
    const client = await setup.join("a:1");
    client.socket.bufferedAmount = MARK + 1;
    await setup.publish("a:1", 1);
    await setup.publish("a:1", 2);
    client.socket.bufferedAmount = MARK;
    if (trigger === "by itself") await setup.pass(RETRY_MS);
    await setup.publish("a:1", 3);
    const [first, second, third] = [1, 2, 3].map((n) => messageOf("a:1", n, n));
    assertEquals(
      client.socket.frames,
      trigger === "by itself" ? [`[${first},${second}]`, third] : [`[${first},${second},${third}]`],
    );
    setup.time.next();
    await turn();
    assertEquals(setup.time.next(), false); // no socket is visited any more
  });
}

Deno.test("FanOut serves other subscribers of this and other topics while a socket lags", async () => {
  await using setup = new HubSetup();
  const slow = await setup.join("a:1", "b:1");
  const others = [await setup.join("a:1"), await setup.join("b:1")];
  slow.socket.bufferedAmount = MARK + 1;
  for (const topic of ["a:1", "b:1", "a:1", "b:1"]) await setup.publish(topic, 0);
  await setup.pass(SLOW_MS);
  assertEquals([slow, ...others].map(sent), [[], ["1 -", "2 -"], ["1 -", "2 -"]]);
});

for (
  const { name, keys, data = LARGE, lagMs = SLOW_MS, expected, skipped = 0 } of [
    {
      name: "that lags for a second gets the newest state",
      keys: "abaca",
      expected: ["2 b +1", "4 c +1", "5 a"],
      skipped: 2,
    },
    {
      name: "that lags for less gets everything",
      keys: "abaca",
      lagMs: SLOW_MS - 5 * RETRY_MS,
      expected: ["1 a", "2 b", "3 a", "4 c", "5 a"],
    },
    {
      name: "with a small backlog gets everything, however long it lags",
      keys: "aaa",
      data: "x".repeat(10_000),
      lagMs: 5 * SLOW_MS,
      expected: ["1 a", "2 a", "3 a"],
    },
    {
      name: "with a backlog of more than four thresholds gets the newest state at once",
      keys: "a".repeat(15),
      lagMs: 0,
      expected: ["15 a +14"],
      skipped: 14,
    },
    {
      name: "gets the last of the messages without a key",
      keys: "a---",
      expected: ["1 a", "4 - +2"],
      skipped: 2,
    },
  ]
) {
  Deno.test(`A slow consumer ${name}`, async () => {
    const { setup, slow } = await setUp();
    await using _setup = setup;
    await publish(setup, keys, data);
    await setup.pass(lagMs);
    await drain(setup, slow);
    assertEquals(sent(slow), expected);
    assertEquals([setup.metrics.missed, setup.metrics.conflations], [skipped, skipped]);
  });
}

Deno.test("A slow consumer gets removals with the newest state", async () => {
  const { setup, slow } = await setUp();
  await using _setup = setup;
  await publish(setup, "aab");
  await setup.publishAll({ topic: "a:1", key: "a", removed: true });
  await setup.pass(SLOW_MS - 2 * RETRY_MS);
  await publish(setup, "c");
  await setup.pass(2 * RETRY_MS);
  await drain(setup, slow);
  assertEquals(sent(slow), ["3 b +2", "4 removed a", "5 c"]);
});

Deno.test("A slow consumer that has caught up gets everything again", async () => {
  const { setup, slow } = await setUp();
  await using _setup = setup;
  await publish(setup, "aaaa");
  await setup.pass(SLOW_MS);
  await drain(setup, slow);
  await publish(setup, "aaa");
  await setup.pass(RETRY_MS);
  assertEquals(sent(slow), ["4 a +3", "5 a", "6 a", "7 a"]);
});

Deno.test("The newest state goes out in frames, while the socket has room", async () => {
  const { setup, slow } = await setUp();
  await using _setup = setup;
  await publish(setup, "abcdeab");
  await setup.pass(SLOW_MS);
  slow.socket.slow = true;
  await drain(setup, slow);
  assertLess(sent(slow).length, 5);
  await setup.pass(2 * RETRY_MS, () => slow.socket.bufferedAmount = 0);
  assertEquals(sent(slow), ["3 c +2", "4 d", "5 e", "6 a", "7 b"]);
});

Deno.test("The log keeps nothing for a subscriber that is too slow, whose backlog still counts", async () => {
  const { setup, slow } = await setUp();
  await using _setup = setup;
  const log = await setup.broker.open("a:1");
  await publish(setup, "aaaa");
  const backlog = setup.hub.backlogOf(slow.connection);
  assertLess(4 * LARGE.length, backlog);
  assertEquals(log.read(0, Infinity)?.length, 4);
  await setup.pass(SLOW_MS);
  assertEquals([log.read(0, Infinity), log.read(2, Infinity)?.length], [undefined, 2]);
  assertEquals(setup.hub.backlogOf(slow.connection), backlog);
});

Deno.test("Slow consumers at the same position share one frame, and do not delay others", async () => {
  const { setup, slow } = await setUp();
  await using _setup = setup;
  const [other, well] = [await setup.join("a:1"), await setup.join("a:1")];
  other.socket.bufferedAmount = MARK + 1;
  await publish(setup, "aaaa");
  await setup.pass(SLOW_MS);
  other.socket.bufferedAmount = 0;
  await drain(setup, slow);
  assertEquals([slow, other, well].map(sent), [["4 a +3"], ["4 a +3"], [
    "1 a",
    "2 a",
    "3 a",
    "4 a",
  ]]);
});
