/**
 * Tests of the fan-out on its own: what it asks of a log, and whom it ends.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { TopicLog } from "../../live/domain/broker.ts";
import { withSkipped } from "../../live/domain/protocol.ts";
import { TopicHistory } from "../../live/history/topic_history.ts";
import { FanOut } from "../../live/hub/fan_out.ts";
import type { OpenTopic, Subscription } from "../../live/hub/subscription.ts";
import {
  type Client,
  createClient,
  createRecordingMetrics,
  FakeClock,
  messageOf,
  type RecordingMetrics,
  turn,
} from "./fakes.ts";

interface Setup extends Disposable {
  readonly fanOut: FanOut;
  readonly topic: OpenTopic;
  readonly metrics: RecordingMetrics;
  /** Offsets that were read from, in order. */
  readonly reads: number[];
  /** Offsets that were released, in order. */
  readonly releases: number[];
  /** Appends so many messages and lets the fan-out send them. */
  append(count: number): Promise<void>;
  /** Adds a subscriber that stands at an offset. */
  join(cursor: number): Client;
}

function setUp(log: Partial<TopicLog> = {}): Setup {
  const clock = new FakeClock();
  const metrics = createRecordingMetrics();
  const fanOut = new FanOut({ thresholdBytes: 1_048_576, metrics, now: clock.now });
  const history = new TopicHistory("a:1", { size: 100, ttlMs: 60_000, budget: { used: 0 } });
  const reads: number[] = [];
  const releases: number[] = [];
  const topic: OpenTopic = {
    name: "a:1",
    subscriptions: new Map(),
    lagging: new Set(),
    log: {
      epoch: history.epoch,
      get head() {
        return history.head;
      },
      read(offset, maxLength) {
        reads.push(offset);
        return history.read(offset, maxLength);
      },
      lengthAfter: (offset) => history.lengthAfter(offset),
      latest: () => history.latest(),
      held: (offset) => history.held(offset),
      newest: (offset) => history.newest(offset),
      release: (offset) => releases.push(offset),
      ...log,
    },
  };
  return {
    fanOut,
    topic,
    metrics,
    reads,
    releases,
    async append(count) {
      clock.ms += 10;
      for (let i = 0; i < count; i++) {
        history.append(`${history.head + 1}`);
        fanOut.mark(topic);
      }
      await turn();
    },
    join(cursor) {
      const client = createClient({
        onEnd: (connection) => topic.subscriptions.delete(connection),
      });
      subscribe(client, topic, cursor);
      return client;
    },
    [Symbol.dispose]: () => fanOut.stop(),
  };
}

/** Lists a client among a topic's subscribers. */
function subscribe(client: Client, topic: OpenTopic, offset: number): Client {
  const { connection } = client;
  const { epoch } = topic.log;
  const siblings: Subscription[] = [];
  siblings.push({ connection, topic, siblings, epoch, offset, lag: undefined });
  for (const subscription of siblings) topic.subscriptions.set(connection, subscription);
  return client;
}

function messages(from: number, to: number): string[] {
  const offsets = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  return offsets.map((offset) => messageOf("a:1", offset, offset));
}

Deno.test("FanOut sends each subscriber what follows its cursor", async () => {
  using setup = setUp();
  const clients = [0, 2, 3, 4].map((cursor) => setup.join(cursor));
  await setup.append(4);
  assertEquals(clients.map(({ socket }) => socket.frames), [
    [`[${messages(1, 4)}]`],
    [`[${messages(3, 4)}]`],
    messages(4, 4),
    [],
  ]);
  assertEquals(setup.metrics.sentCounts, { message: 7 });
});

Deno.test("FanOut reads a log once for all who stand at the same offset", async () => {
  using setup = setUp();
  const clients = [0, 2, 0, 0, 2, 0].map((cursor) => setup.join(cursor));
  await setup.append(3);
  assertEquals(setup.reads, [0, 2]);
  assertEquals(clients.map(({ socket }) => socket.frames.length), [1, 1, 1, 1, 1, 1]);
});

Deno.test("FanOut walks once over a topic that is marked more than once", async () => {
  using setup = setUp();
  setup.join(0);
  await setup.append(5);
  assertEquals([setup.reads, setup.releases, setup.metrics.broadcasts], [[0], [5], [0]]);
});

Deno.test("FanOut releases what all subscribers were handed", async () => {
  using _time = new FakeTime();
  using setup = setUp();
  setup.join(0);
  const slow = setup.join(0);
  await setup.append(2);
  slow.socket.bufferedAmount = 100_000;
  await setup.append(2);
  slow.socket.bufferedAmount = 0;
  await setup.append(2);
  assertEquals(setup.releases, [2, 2, 6]);
});

Deno.test("FanOut does not keep for a connection that ended what it was not handed", async () => {
  using setup = setUp();
  setup.join(0);
  const broken = setup.join(0);
  broken.socket.broken = true;
  await setup.append(2);
  assertEquals(setup.releases, [2]);
});

Deno.test("FanOut releases the log of a topic without subscribers", async () => {
  using setup = setUp();
  await setup.append(2);
  assertEquals([setup.reads, setup.releases], [[], [2]]);
});

Deno.test("FanOut tells whom the log no longer serves what it holds, and what was missed", async () => {
  using setup = setUp({
    read: (offset) => offset < 2 ? undefined : messages(offset + 1, offset + 1),
    held: () => [{ offset: 3, message: messageOf("a:1", 3, 3) }],
  });
  const [lost, well] = [setup.join(0), setup.join(2)];
  await setup.append(3);
  assertEquals(lost.socket.frames, [withSkipped(messageOf("a:1", 3, 3), 2)]);
  assertEquals(well.socket.frames, messages(3, 3));
  assertEquals([setup.metrics.sentCounts, setup.metrics.skippedCount], [{ message: 2 }, 2]);
});

Deno.test("FanOut leaves alone whom the log has nothing left to tell", async () => {
  using time = new FakeTime();
  using setup = setUp({ read: () => undefined, held: () => [] });
  const client = setup.join(0);
  await setup.append(1);
  assertEquals([client.socket.frames, client.socket.closes, time.next()], [[], [], false]);
});

Deno.test("FanOut begins anew with whoever stands in a former life of the log", async () => {
  using setup = setUp();
  const [former, well] = [setup.join(7), setup.join(0)];
  const place = [...setup.topic.subscriptions.values()][0];
  Object.assign(place ?? {}, { epoch: "former" });
  await setup.append(2);
  const { epoch } = setup.topic.log;
  const start = {
    type: "subscribed",
    topic: "a:1",
    epoch,
    offset: 0,
    recovered: false,
    messages: [],
  };
  assertEquals(former.socket.frames, [JSON.stringify(start), `[${messages(1, 2)}]`]);
  assertEquals(well.socket.frames, [`[${messages(1, 2)}]`]);
  assertEquals(setup.metrics.sentCounts, { message: 4, subscribed: 1 });
});

Deno.test("FanOut sends nothing to a connection that has ended but is still listed", async () => {
  using setup = setUp();
  const { connection, socket } = subscribe(createClient(), setup.topic, 0);
  connection.end(1001, "gone");
  await setup.append(1);
  assertEquals([socket.frames, setup.metrics.sentCounts, setup.releases], [[], {}, [1]]);
});

Deno.test("FanOut.drop() forgets a dirty topic", async () => {
  using setup = setUp();
  const client = setup.join(0);
  const appended = setup.append(1);
  setup.fanOut.drop(setup.topic);
  await appended;
  assertEquals([client.socket.frames, setup.metrics.broadcasts], [[], []]);
});

Deno.test("FanOut.drop() forgets a topic that lags", async () => {
  using time = new FakeTime();
  using setup = setUp();
  const client = setup.join(0);
  client.socket.bufferedAmount = 100_000;
  await setup.append(1);
  setup.fanOut.drop(setup.topic);
  client.socket.bufferedAmount = 0;
  time.tick(1_000);
  await turn();
  assertEquals([client.socket.frames, time.next()], [[], false]);
});

Deno.test("FanOut looks no more at sockets once none lags", async () => {
  using time = new FakeTime();
  using setup = setUp();
  const client = setup.join(0);
  client.socket.bufferedAmount = 100_000;
  await setup.append(1);
  time.next();
  await turn();
  client.socket.bufferedAmount = 0;
  time.next();
  await turn();
  while (client.socket.frames.length === 0 && time.next()) await turn();
  assertEquals([client.socket.frames, time.next()], [messages(1, 1), false]);
});

Deno.test("FanOut.stop() gives up what lags", async () => {
  using time = new FakeTime();
  using setup = setUp();
  const client = setup.join(0);
  client.socket.bufferedAmount = 100_000;
  await setup.append(1);
  setup.fanOut.stop();
  client.socket.bufferedAmount = 0;
  assertEquals([time.next(), client.socket.frames], [false, []]);
});
