/**
 * Tests of streams whose topics are forbidden or unavailable.
 *
 * @module
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Authorisation } from "../../live/domain/authority.ts";
import { cookieOf, type FakeAuthority, fakeAuthority } from "../support/authorities.ts";
import type { Live } from "../support/live.ts";
import { turn } from "../support/queue.ts";
import { SseClient, urlOf } from "../support/sse_client.ts";
import { testOnEach } from "../support/transports.ts";

const headers = { cookie: cookieOf("ada") };
const NONE_LEFT = { code: 4403, reason: "not allowed to listen to any of the topics" };
const UNAVAILABLE: Authorisation = { kind: "unavailable", reason: "it rains", retryAfterMs: 1 };

function forbidden(topic: string): unknown {
  return {
    type: "error",
    code: "forbidden",
    message: "Not allowed to listen to this topic",
    topic,
  };
}

/** Returns an authority that gives these answers in turn, and repeats the last. */
function answering(...kinds: readonly Authorisation["kind"][]): FakeAuthority {
  const left = [...kinds];
  return fakeAuthority({
    authorise() {
      const kind = (left.length > 1 ? left.shift() : left[0]) ?? "allowed";
      return Promise.resolve(kind === "unavailable" ? UNAVAILABLE : { kind });
    },
  });
}

/** Asserts that no stream is left. */
async function assertNothingLeft(live: Live): Promise<void> {
  await live.metrics.until(({ gauges }) => gauges.connections + gauges.closingSockets === 0);
  const { subscriptions, topics } = live.metrics.gauges;
  assertEquals([subscriptions, topics], [0, 0]);
}

/** Takes the last event, which holds the close code and reason. */
async function closeOf(client: SseClient): Promise<unknown> {
  const { event, data } = await client.event();
  assertEquals([event, await client.ended], ["close", true]);
  return JSON.parse(data);
}

testOnEach("a stream reports a forbidden topic, and continues with the others", async (start) => {
  await using live = await start();
  await using client = await SseClient.to(live, ["secret:1", "event:1"]);

  const [, ...answers] = await client.take(3);
  await live.publish("event:1", "x");

  assertEquals(answers.find(({ type }) => type === "error"), forbidden("secret:1"));
  assertEquals((await client.next()).data, "x");
  assertEquals(live.metrics.gauges.subscriptions, 1);
});

testOnEach("GET /sse answers 403 if all topics are forbidden", async (startLive) => {
  await using live = await startLive();

  const response = await fetch(urlOf(live, ["secret:1", "secret:2"]), { headers });

  assertEquals(response.status, 403);
  assertEquals(await response.json(), { error: "Not allowed to listen to any of the topics" });
  assertEquals(live.metrics.disconnects, [4403]);
  await assertNothingLeft(live);
});

testOnEach(
  "GET /sse answers 403 if all topics are forbidden, one after the other",
  async (startLive) => {
    const second = Promise.withResolvers<Authorisation>();
    const authority = fakeAuthority({
      authorise: (_, { id }) =>
        id === "1" ? Promise.resolve({ kind: "forbidden" }) : second.promise,
    });
    await using live = await startLive({ authority });
    const answer = fetch(urlOf(live, ["event:1", "event:2"]), { headers });

    await live.metrics.until(({ outbound }) => outbound.error === 1);
    await turn();
    second.resolve({ kind: "forbidden" });

    const { status, body } = await answer;
    assertEquals(status, 403);
    await body?.cancel();
  },
);

testOnEach(
  "a stream whose topics are all forbidden is closed with 4403 with ?reject=close",
  async (startLive) => {
    await using live = await startLive();
    await using client = await SseClient.connect(
      `${urlOf(live, ["secret:1"])}&reject=close`,
      headers,
    );

    assertEquals((await client.next()).type, "welcome");
    assertEquals(await client.next(), forbidden("secret:1"));
    assertEquals(await closeOf(client), NONE_LEFT);
    await assertNothingLeft(live);
  },
);

testOnEach(
  "a stream reports an unavailable topic, and gets it once it is available",
  async (startLive) => {
    const authority = answering("unavailable", "unavailable", "allowed");
    await using live = await startLive({ authority });
    await using client = await SseClient.to(live, ["event:1"]);

    const [, first, second, third] = await client.take(4);

    const unavailable = {
      type: "error",
      code: "unavailable",
      message: "Directus could not be asked; try again",
      topic: "event:1",
      retryAfterMs: 1,
    };
    assertEquals([first, second, third.type], [unavailable, unavailable, "subscribed"]);
    assertEquals(authority.asked.length, 4);
  },
);

testOnEach(
  "a stream resumes a topic that was unavailable after its Last-Event-ID",
  async (startLive) => {
    await using live = await startLive({
      authority: answering("allowed", "unavailable", "allowed"),
    });
    const first = await SseClient.to(live, ["event:1"]);
    await first.take(2);
    await first.close();
    await live.publish("event:1", "missed");

    await using second = await SseClient.to(live, ["event:1"], {
      "last-event-id": first.lastEventId,
    });

    const [, , { recovered, messages }] = await second.take(3);
    assertEquals([recovered, messages.length], [true, 1]);
  },
);

testOnEach("a stream ends if its only topic turns from unavailable to forbidden", async (start) => {
  await using live = await start({ authority: answering("unavailable", "forbidden") });
  await using client = await SseClient.to(live, ["event:1"]);

  const [, , error] = await client.take(3);

  assertEquals(error, forbidden("event:1"));
  assertEquals(await closeOf(client), NONE_LEFT);
  await assertNothingLeft(live);
});

testOnEach("a stream ends when its last topic is withdrawn", async (startLive) => {
  await using live = await startLive();
  await using client = await SseClient.to(live, ["event:1", "event:2"]);
  await client.take(3);
  const end = (topic: string) =>
    live.connections[0]?.send({ type: "unsubscribed", topic, reason: "forbidden" });

  end("event:1");
  assertEquals((await client.next()).topic, "event:1");
  end("event:2");
  assertEquals((await client.next()).topic, "event:2");

  assertEquals(await closeOf(client), NONE_LEFT);
  assertEquals(live.metrics.disconnects, [4403]);
});

testOnEach("a stream ends with 4401 when its session has ended", async (startLive) => {
  await using live = await startLive({ authority: answering("unauthorized") });
  await using client = await SseClient.to(live, ["event:1"]);

  assertEquals((await client.take(2))[1]?.code, "forbidden");
  assertEquals(await closeOf(client), { code: 4401, reason: "session is no longer good" });
  assertEquals(live.metrics.disconnects, [4401]);
});

testOnEach(
  "a stream reports topics beyond the limit, and continues with the others",
  async (startLive) => {
    await using live = await startLive({ maxTopics: 1 });
    await using client = await SseClient.to(live, ["event:1", "event:2"]);

    const [, ...answers] = await client.take(3);
    await live.publish("event:1", "x");

    assertEquals(answers.map(({ code, topic }) => [code, topic]).toSorted(), [
      [undefined, "event:1"],
      ["limit", "event:2"],
    ]);
    assertEquals((await client.next()).data, "x");
  },
);

testOnEach("a stream's topics count against the message rate", async (startLive) => {
  await using live = await startLive({ options: { messageBurst: 2, maxMessagesPerSecond: 1e-9 } });
  await using client = await SseClient.to(live, ["event:1", "event:2", "event:3"]);

  await client.ended;

  assertStringIncludes(client.text, 'data: {"code":4429,"reason":"too many messages"}');
});
