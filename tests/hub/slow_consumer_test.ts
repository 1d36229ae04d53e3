/**
 * Tests of the ladder: a reader that is too slow for everything gets the newest state.
 *
 * @module
 */

import { assert, assertEquals, assertLess } from "@std/assert";
import { withSkipped } from "../../live/domain/protocol.ts";
import { RETRY_MS } from "../../live/hub/fan_out.ts";
import { type Client, messageOf, turn } from "./fakes.ts";
import { Bench } from "./setup.ts";

/** Past this nothing is handed to a socket. */
const MARK = 65_536;

/** What a connection may hold unsent, in these tests. */
const THRESHOLD = 100_000;

const SLOW_MS = 1_000;
const TOPIC = "a:1";

/** Publishes so much of one key that two of them are more than half the threshold. */
async function publish(bench: Bench, key: string | undefined, length = 30_000): Promise<void> {
  bench.clock.ms += 10;
  const data = JSON.stringify("x".repeat(length));
  await bench.hub.publish([{ topic: TOPIC, data, ...(key === undefined ? {} : { key }) }]);
  await turn();
}

function fill({ socket }: Client): void {
  socket.bufferedAmount = MARK + 1;
}

/** Returns what a client was sent: offset, key and what it missed before. */
function sent({ socket }: Client): unknown[][] {
  return socket.frames.flatMap((frame) => [JSON.parse(frame)].flat())
    .map(({ offset, key, skipped }) =>
      skipped === undefined ? [offset, key] : [offset, key, skipped]
    );
}

/** Lets a client drain slowly, so that it is not stuck, until it has lagged for so long. */
async function lag(bench: Bench, { socket }: Client, ms: number): Promise<void> {
  await bench.pass(ms, () => socket.bufferedAmount--);
}

async function setUp(): Promise<{ bench: Bench; slow: Client }> {
  const bench = new Bench({ thresholdBytes: THRESHOLD, historySize: 2 });
  const slow = await bench.join(TOPIC);
  slow.socket.bufferedAmount = MARK + 10_000; // enough to drain from
  return { bench, slow };
}

Deno.test("a reader that lags for a second gets the latest of each key, and what it missed", async () => {
  const { bench, slow } = await setUp();
  await using _bench = bench;
  for (const key of ["a", "b", "a", "c", "a"]) await publish(bench, key);
  await lag(bench, slow, SLOW_MS);

  slow.socket.bufferedAmount = 0;
  await bench.pass(RETRY_MS);

  assertEquals(sent(slow), [[2, "b", 1], [4, "c", 1], [5, "a"]]);
  assertEquals([bench.metrics.sentCounts, bench.metrics.skippedCount], [{ message: 3 }, 2]);
  assertEquals(bench.metrics.conflatedCount, 2);
});

Deno.test("a reader that lags for less gets everything, past the history as well", async () => {
  const { bench, slow } = await setUp();
  await using _bench = bench;
  for (const key of ["a", "b", "a", "c", "a"]) await publish(bench, key);
  await lag(bench, slow, SLOW_MS - 5 * RETRY_MS);

  slow.socket.bufferedAmount = 0;
  await bench.pass(RETRY_MS);

  assertEquals(sent(slow), [[1, "a"], [2, "b"], [3, "a"], [4, "c"], [5, "a"]]);
});

Deno.test("a reader that has little to read gets everything, however long it lags", async () => {
  const { bench, slow } = await setUp();
  await using _bench = bench;
  for (const key of ["a", "a", "a"]) await publish(bench, key, 10_000);
  await lag(bench, slow, 5 * SLOW_MS);

  slow.socket.bufferedAmount = 0;
  await bench.pass(RETRY_MS);

  assertEquals(sent(slow), [[1, "a"], [2, "a"], [3, "a"]]);
});

Deno.test("a reader with a burst of more than four thresholds to read is too slow at once", async () => {
  const { bench, slow } = await setUp();
  await using _bench = bench;
  for (let i = 0; i < 15; i++) await publish(bench, "a");

  slow.socket.bufferedAmount = 0;
  await bench.pass(RETRY_MS);

  assertEquals(sent(slow), [[15, "a", 14]]);
});

Deno.test("of messages without a key a reader that is too slow gets the last", async () => {
  const { bench, slow } = await setUp();
  await using _bench = bench;
  for (const key of ["a", undefined, undefined, undefined]) await publish(bench, key);
  await lag(bench, slow, SLOW_MS);

  slow.socket.bufferedAmount = 0;
  await bench.pass(RETRY_MS);

  assertEquals(sent(slow), [[1, "a"], [4, undefined, 2]]);
});

Deno.test("a reader that is back to speed gets everything again", async () => {
  const { bench, slow } = await setUp();
  await using _bench = bench;
  for (let i = 0; i < 4; i++) await publish(bench, "a");
  await lag(bench, slow, SLOW_MS);
  slow.socket.bufferedAmount = 0;
  await bench.pass(RETRY_MS);
  slow.socket.frames.length = 0;

  for (let i = 0; i < 3; i++) await publish(bench, "a");
  await bench.pass(RETRY_MS);

  assertEquals(sent(slow), [[5, "a"], [6, "a"], [7, "a"]]);
});

Deno.test("the newest state goes out in frames, as far as there is room", async () => {
  const { bench, slow } = await setUp();
  await using _bench = bench;
  for (const key of ["a", "b", "c", "d", "e", "a", "b"]) await publish(bench, key);
  await lag(bench, slow, SLOW_MS);

  slow.socket.slow = true;
  slow.socket.bufferedAmount = 0;
  await bench.pass(RETRY_MS);
  const first = sent(slow);
  assertLess(first.length, 5);
  slow.socket.bufferedAmount = 0;
  await bench.pass(2 * RETRY_MS, () => slow.socket.bufferedAmount = 0);

  assertEquals(sent(slow), [[3, "c", 2], [4, "d"], [5, "e"], [6, "a"], [7, "b"]]);
});

Deno.test("the log keeps nothing for a reader that is too slow", async () => {
  const { bench, slow } = await setUp();
  await using _bench = bench;
  const log = await bench.broker.open(TOPIC);
  for (let i = 0; i < 4; i++) await publish(bench, "a");
  assert(log.read(0, Infinity));
  await lag(bench, slow, SLOW_MS);
  assertEquals([log.read(0, Infinity), log.read(2, Infinity)?.length], [undefined, 2]);
});

Deno.test("what has left the log still counts against a reader that is stuck", async () => {
  const { bench, slow } = await setUp();
  await using _bench = bench;
  for (let i = 0; i < 4; i++) await publish(bench, "a");
  await lag(bench, slow, SLOW_MS);
  assertEquals(slow.socket.closes, []);

  await bench.pass(SLOW_MS + RETRY_MS); // drains nothing

  assertEquals(slow.socket.closes, [[1008, "back-pressure threshold exceeded"]]);
});

Deno.test("a slow reader costs the others nothing", async () => {
  const { bench, slow } = await setUp();
  await using _bench = bench;
  const well = await bench.join(TOPIC);
  for (let i = 1; i <= 20; i++) {
    await publish(bench, "a");
    await lag(bench, slow, RETRY_MS * 5);
  }
  assertEquals(sent(well), Array.from({ length: 20 }, (_, index) => [index + 1, "a"]));
});

Deno.test("readers that stand at the same offset share the newest state", async () => {
  const { bench, slow } = await setUp();
  await using _bench = bench;
  const other = await bench.join(TOPIC);
  fill(other);
  other.socket.bufferedAmount += 10_000;
  for (let i = 0; i < 4; i++) await publish(bench, "a");
  await bench.pass(SLOW_MS, () => {
    slow.socket.bufferedAmount--;
    other.socket.bufferedAmount--;
  });
  slow.socket.bufferedAmount = other.socket.bufferedAmount = 0;
  await bench.pass(RETRY_MS);
  const expected = [withSkipped(messageOf(TOPIC, 4, "x".repeat(30_000), "a"), 3)];
  assertEquals([slow.socket.frames, other.socket.frames], [expected, expected]);
});
