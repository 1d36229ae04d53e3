/**
 * Tests of when the response of a stream begins: with the first answer about a topic.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Authorisation } from "../../live/domain/authority.ts";
import { cookieOf, type FakeAuthority, fakeAuthority } from "../support/authorities.ts";
import { RawClient } from "../support/raw_client.ts";
import { SseClient } from "../support/sse_client.ts";
import { testOnEach } from "../support/transports.ts";

/** Returns an authority that decides about topics only when the test says so. */
function undecided(): { authority: FakeAuthority; asked: Promise<void>; answer(): void } {
  const answer = Promise.withResolvers<Authorisation>();
  const asked = Promise.withResolvers<void>();
  const authority = fakeAuthority({
    authorise() {
      asked.resolve();
      return answer.promise;
    },
  });
  return { authority, asked: asked.promise, answer: () => answer.resolve({ kind: "allowed" }) };
}

testOnEach(
  "a stream begins when refusals fill its buffer, so that other topics can start",
  async (startLive) => {
    await using live = await startLive({
      maxTopics: 2_000,
      options: { maxTopics: 2_000, messageBurst: 2_000 },
    });
    const topics = Array.from({ length: 750 }, (_, index) => `secret:${index}`);
    await using client = await SseClient.to(live, [...topics, "event:1"]);

    const [, ...answers] = await client.take(752);

    assertEquals(answers.at(-1)?.type, "subscribed");
  },
);

testOnEach("a stream does not begin with the welcome alone", async (startLive) => {
  const { authority, asked, answer } = undecided();
  await using live = await startLive({ authority });
  let answered = false;
  const connecting = SseClient.to(live, ["event:1"]).finally(() => answered = true);

  await asked;
  await live.knock("/"); // by then it would have begun
  assertEquals(answered, false);
  answer();

  await using client = await connecting;
  assertEquals((await client.take(2)).map(({ type }) => type), ["welcome", "subscribed"]);
});

testOnEach("a stream begins when one of its topics is decided", async (startLive) => {
  const never = Promise.withResolvers<Authorisation>();
  const authority = fakeAuthority({
    authorise: (_, { id }) => id === "1" ? never.promise : Promise.resolve({ kind: "allowed" }),
  });
  await using live = await startLive({ authority });

  await using client = await SseClient.to(live, ["event:1", "event:2"]);

  assertEquals((await client.take(2)).map(({ topic }) => topic), [undefined, "event:2"]);
  never.resolve({ kind: "forbidden" });
  const { code, topic } = await client.next();
  assertEquals([code, topic], ["forbidden", "event:1"]);
});

testOnEach(
  "a client that disconnects before its stream begins leaves nothing behind",
  async (startLive) => {
    const { authority, asked, answer } = undecided();
    await using live = await startLive({ authority });
    const client = await RawClient.connect(live.port);
    await client.request("/sse?topic=event:1", { host: "x", cookie: cookieOf("ada") });
    await asked;

    client.close();

    await live.metrics.until(({ disconnects }) => disconnects.length === 1);
    const { connections, closingSockets } = live.metrics.gauges;
    assertEquals([connections, closingSockets], [0, 0]);
    assertEquals(live.metrics.disconnects, [1005]);
    answer();
  },
);

testOnEach(
  "LiveServer.stop() closes a stream that has not begun, with the reason",
  async (startLive) => {
    const { authority, asked, answer } = undecided();
    await using live = await startLive({ authority });
    const connecting = SseClient.to(live, ["event:1"]);
    await asked;

    const stopped = live.server.stop();

    await using client = await connecting;
    assertEquals((await client.next()).type, "welcome");
    const { event, data } = await client.event();
    assertEquals([event, JSON.parse(data).code], ["close", 1001]);
    assertEquals(await stopped, { stragglers: 0 });
    answer();
  },
);

testOnEach("a stream retries topics that are unavailable", async (startLive) => {
  let failures = 2;
  await using live = await startLive({
    sessions: (connection) => ({
      handle({ topic = "" }) {
        if (failures-- > 0) {
          const more = { message: "x", topic, retryAfterMs: 1 };
          return connection.send({ type: "error", code: "unavailable", ...more });
        }
        const start = { epoch: "a", offset: 0, recovered: false, messages: [] };
        connection.send({ type: "subscribed", topic, ...start });
      },
      end() {},
    }),
  });
  await using client = await SseClient.to(live, ["event:1"]);

  const messages = await client.take(4);

  assertEquals(messages.map(({ type }) => type), ["welcome", "error", "error", "subscribed"]);
});

testOnEach("a stream begins even if its session answers nothing", async (startLive) => {
  await using live = await startLive({ sessions: () => ({ handle() {}, end() {} }) });

  await using client = await SseClient.to(live, ["event:1"]);

  assertEquals((await client.next()).type, "welcome");
});
