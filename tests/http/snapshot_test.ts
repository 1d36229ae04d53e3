/**
 * Tests of snapshots larger than a frame, and of removals, over WebSockets and streams.
 *
 * @module
 */

import { assert, assertEquals, assertGreater } from "@std/assert";
import type { Message } from "../support/client.ts";
import type { Live } from "../support/live.ts";
import { SseClient } from "../support/sse_client.ts";
import { testOnEach } from "../support/transports.ts";
import { protocols } from "./protocols_setup.ts";

const TOPIC = "event:1";
/** More than the history holds, so that the snapshot begins before the log. */
const KEYS = 300;
/** All keys together are some ten frames. */
const PADDING = "x".repeat(2_000);

/** A client's state of a topic, from the messages that it got. */
class Replica {
  /** The latest data of each key. */
  readonly state = new Map<string, unknown>();
  /** Offsets of all messages, in order. */
  readonly offsets: number[] = [];
  /** The position of the last message. */
  since: { epoch: string; offset: number } | undefined;
  /** Whether the last start was a recovery. */
  recovered: boolean | undefined;

  apply(message: Message): void {
    assertEquals([message.topic, message.skipped], [TOPIC, undefined]);
    if (message.type === "subscribed") {
      const { epoch, offset, recovered, messages } = message;
      if (!recovered) this.state.clear();
      this.recovered = recovered;
      for (const held of messages) this.apply(held);
      this.since = { epoch, offset };
      return;
    }
    const { type, offset, key, data, removed } = message;
    assertEquals(type, "message");
    this.offsets.push(offset);
    if (this.since !== undefined) this.since = { ...this.since, offset };
    if (removed) this.state.delete(key);
    else this.state.set(key, data.n);
  }
}

/** Publishes data of keys, each message with its number. */
async function publish(live: Live, keys: readonly string[], n = 0): Promise<void> {
  for (const key of keys) await live.publishAll({ topic: TOPIC, key, data: { n, PADDING } });
}

const keys = Array.from({ length: KEYS }, (_, index) => `key-${index}`);

for (const { name, connect } of protocols) {
  testOnEach(`a ${name} gets the whole of a snapshot larger than a frame`, async (startLive) => {
    await using live = await startLive();
    await publish(live, keys);
    await using client = await connect(live, TOPIC);
    const replica = new Replica();

    replica.apply(await client.next());
    assertGreater(KEYS, replica.state.size, "the start is one frame");
    while (replica.offsets.at(-1) !== KEYS) replica.apply(await client.next());

    assertEquals(replica.recovered, false);
    assertEquals(replica.offsets, keys.map((_, index) => index + 1));
    await publish(live, ["key-0"], 1);
    replica.apply(await client.next());
    assertEquals([replica.state.get("key-0"), replica.state.size], [1, KEYS]);
  });

  testOnEach(`a ${name} gets the removals of keys`, async (startLive) => {
    await using live = await startLive();
    await publish(live, ["a", "b", "c"]);
    await live.publishAll({ topic: TOPIC, key: "a", removed: true });
    await using client = await connect(live, TOPIC);
    const replica = new Replica();
    replica.apply(await client.next());
    assertEquals([...replica.state.keys()], ["b", "c"]);

    await live.publishAll({ topic: TOPIC, key: "b", removed: true });

    assertEquals(await client.next(), {
      type: "message",
      topic: TOPIC,
      offset: 5,
      key: "b",
      removed: true,
    });
  });

  for (
    const [where, taken, recovered] of [
      ["before the log", 1, false],
      ["in the log", 150, true],
    ] as const
  ) {
    testOnEach(
      `a ${name} that breaks off in a snapshot, ${where}, resumes without losing a change`,
      async (startLive) => {
        await using live = await startLive();
        await publish(live, keys);
        const replica = new Replica();
        {
          await using client = await connect(live, TOPIC);
          replica.apply(await client.next());
          const until = replica.offsets.length + taken;
          while (replica.offsets.length < until) replica.apply(await client.next());
        }
        const known = replica.offsets.length;
        assert(known < KEYS);
        const [seen, unseen] = [keys[0] ?? "", keys.at(-1) ?? ""];
        await live.publishAll({ topic: TOPIC, key: seen, removed: true });
        await publish(live, [unseen], 1);

        await using client = await connect(live, TOPIC, replica.since);
        while (replica.offsets.at(-1) !== KEYS + 2) replica.apply(await client.next());

        assertEquals(replica.recovered, recovered);
        assertEquals(
          replica.state,
          new Map([
            ...keys.slice(1, -1).map((key) => [key, 0] as const),
            [unseen, 1],
          ]),
        );
      },
    );
  }
}

testOnEach("a stream of two topics resumes in the snapshot of one of them", async (startLive) => {
  await using live = await startLive();
  await publish(live, keys);
  await live.publishAll({ topic: "event:2", key: "k", data: 0 });
  const epochs: Record<string, string> = {};
  {
    await using first = await SseClient.to(live, [TOPIC, "event:2"]);
    await first.next();
    while (Object.keys(epochs).length < 2) {
      const { topic, epoch } = await first.next();
      if (epoch !== undefined) epochs[topic] = epoch;
    }
  }
  await live.publishAll({ topic: "event:2", key: "k", removed: true });

  await using second = await SseClient.to(live, [TOPIC, "event:2"], {
    "last-event-id": `${epochs[TOPIC]}:200,${epochs["event:2"]}:1`,
  });

  const offsets: Record<string, number[]> = { [TOPIC]: [], "event:2": [] };
  await second.next();
  while (offsets[TOPIC]?.at(-1) !== KEYS || offsets["event:2"]?.length === 0) {
    const message = await second.next();
    if (message.type === "subscribed") assertEquals(message.recovered, true);
    for (const { offset } of message.messages ?? [message]) offsets[message.topic]?.push(offset);
  }
  assertEquals(offsets, {
    [TOPIC]: Array.from({ length: 100 }, (_, index) => 201 + index),
    "event:2": [2],
  });
});
