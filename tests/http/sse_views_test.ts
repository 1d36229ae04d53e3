/**
 * Tests of views as server-sent events.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { createLive, type Live } from "../../live/live.ts";
import { cookieOf, fakeAuthority } from "../support/authorities.ts";
import { SseClient } from "../support/sse_client.ts";
import { FakeSource } from "../views/setup.ts";

/** A server with views over a source that the test controls. */
class Setup implements AsyncDisposable {
  readonly source = new FakeSource();
  readonly #live: Live = createLive({
    authority: fakeAuthority(),
    viewSource: this.source,
    viewRefreshMs: 0,
    host: "127.0.0.1",
    port: 0,
  });
  #url = "";

  static async start(): Promise<Setup> {
    const setup = new Setup();
    setup.source.list = "ab";
    setup.#url = `http://127.0.0.1:${(await setup.#live.start()).port}/sse`;
    return setup;
  }

  /** Requests topics and views. */
  request(
    query: readonly (readonly [name: "topic" | "view", value: unknown])[],
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const texts = query.map(([name, value]) => [
      name,
      typeof value === "string" ? value : JSON.stringify(value),
    ]);
    const url = `${this.#url}?${new URLSearchParams(texts)}`;
    return fetch(url, { headers: { cookie: cookieOf("ada"), ...headers } });
  }

  async open(...request: Parameters<Setup["request"]>): Promise<SseClient> {
    const client = new SseClient(await this.request(...request));
    assertEquals((await client.next()).type, "welcome");
    return client;
  }

  get live(): Live {
    return this.#live;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#live.stop();
  }
}

const EVENTS = { collection: "events" };
const ONE = { collection: "events", query: { limit: 1 } };

Deno.test("a stream shows a view and its changes", async () => {
  await using setup = await Setup.start();
  await using client = await setup.open([["view", EVENTS]]);

  const { type, id, topic, messages } = await client.next();
  setup.source.list = "b";
  await setup.live.changed({ collection: "events" });
  const removal = await client.next();

  assertEquals([type, id], ["subscribed", "0"]);
  assertEquals(messages.map(({ key }: { key: string }) => key), ["a", "b"]);
  assertEquals([removal.topic, removal.key, removal["removed"]], [topic, "a", true]);
});

Deno.test("a stream's view has its index among the URL's views as id; a duplicate is ignored", async () => {
  await using setup = await Setup.start();
  await using client = await setup.open([
    ["view", EVENTS],
    ["topic", "event:1"],
    ["view", { ...EVENTS, query: {} }],
    ["view", ONE],
  ]);

  const answers = await client.take(3);

  const about = answers.map(({ type, id, topic }) => [type, id, topic.replace(/^view:.*/, "view")]);
  assertEquals(about.toSorted(([, , one = ""], [, , other = ""]) => one < other ? -1 : 1), [
    ["subscribed", undefined, "event:1"],
    ["subscribed", "0", "view"],
    ["subscribed", "2", "view"],
  ]);
});

Deno.test("a stream resumes topics and views from the Last-Event-ID, in the URL's order", async () => {
  await using setup = await Setup.start();
  const query = [["view", EVENTS], ["topic", "event:1"], ["view", ONE]] as const;
  await using first = await setup.open(query);
  await first.take(3);
  await setup.live.publish([{ topic: "event:1", data: 1 }]);
  await first.next();
  const { lastEventId } = first;
  await first.close();
  setup.source.list = "abc";
  await setup.live.changed({ collection: "events" });

  await using second = await setup.open(query, { "last-event-id": lastEventId });
  const answers = await second.take(3);

  assertEquals(lastEventId.split(",").map((position) => position.split(":").length), [2, 2, 2]);
  assertEquals(answers.map(({ recovered }) => recovered), [true, true, true]);
});

Deno.test("a stream subscribes to a view again after rights have changed", async () => {
  await using setup = await Setup.start();
  await using client = await setup.open([["view", EVENTS], ["topic", "event:1"]]);
  const [one, other] = await client.take(2);
  const before = one?.id === "0" ? one : other;
  setup.source.classes.set("ada", "another class");
  setup.source.list = "c";

  await setup.live.changed({ collection: "directus_permissions" });
  const [lost, again] = await client.take(2);

  assertEquals([lost?.type, lost?.topic, lost?.["reason"]], [
    "unsubscribed",
    before?.topic,
    "changed",
  ]);
  assertEquals([again?.type, again?.id, again?.["recovered"]], ["subscribed", "0", false]);
  assertEquals(again?.messages.map(({ key }: { key: string }) => key), ["c"]);
});

Deno.test("a stream closes with 4403 when the user may no longer read its only view", async () => {
  await using setup = await Setup.start();
  await using client = await setup.open([["view", EVENTS]]);
  await client.next();
  setup.source.classes.set("ada", { kind: "refused", code: "forbidden", reason: "No." });

  await setup.live.changed({ collection: "directus_permissions" });

  assertEquals((await client.next())["reason"], "forbidden");
  const { event, data } = await client.event();
  assertEquals([event, JSON.parse(data).code], ["close", 4403]);
});

for (
  const [code, status, error] of [
    ["forbidden", 403, "Not allowed to listen to any of the topics"],
    ["bad-view", 400, 'Field "x" does not exist'],
  ] as const
) {
  Deno.test(`GET /sse answers ${status} if Directus refuses the only view: ${code}`, async () => {
    await using setup = await Setup.start();
    setup.source.rows = { kind: "refused", code, reason: 'Field "x" does not exist' };

    const response = await setup.request([["view", EVENTS]]);

    assertEquals([response.status, await response.json()], [status, { error }]);
  });
}

Deno.test("a stream shows the rows of one view although Directus refuses another", async () => {
  await using setup = await Setup.start();
  setup.source.classes.set("ada", { kind: "class", key: "ada", touched: undefined });
  const { source } = setup;
  const read = source.read.bind(source);
  source.read = (viewer, query) =>
    query.limit === 1
      ? Promise.resolve({ kind: "refused", code: "bad-view", reason: "No." })
      : read(viewer, query);
  await using client = await setup.open([["view", ONE], ["view", EVENTS]]);

  const answers = await client.take(2);

  assertEquals(answers.map(({ type, id, code }) => [id, type, code]).toSorted(), [
    ["0", "error", "bad-view"],
    ["1", "subscribed", undefined],
  ]);
});
