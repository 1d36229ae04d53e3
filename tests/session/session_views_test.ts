/**
 * Tests of a client's messages about views.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Connection } from "../../live/connection/connection.ts";
import { silentMetrics } from "../../live/domain/metrics.ts";
import { SessionCookie } from "../../live/domain/session_cookie.ts";
import { MemoryBroker } from "../../live/history/memory_broker.ts";
import { Hub } from "../../live/hub/hub.ts";
import { createSessions, type Session } from "../../live/session/session.ts";
import { withViews } from "../../live/views/view_broker.ts";
import { Views } from "../../live/views/views.ts";
import { createClient, type FakeSocket } from "../support/fake_client.ts";
import { turn } from "../support/queue.ts";
import { FakeSource, rowsOf, viewerOf } from "../views/setup.ts";

const EVENTS = { collection: "events" };

/** A session on a hub with views. */
class Setup implements AsyncDisposable {
  readonly source = new FakeSource();
  readonly views: Views;
  readonly connection: Connection;
  readonly socket: FakeSocket;
  readonly session: Session;
  readonly #hub: Hub;

  constructor(maxTopics = 128) {
    const bounds = { historySize: 256, historyTtlMs: 300_000, metrics: silentMetrics };
    this.source.list = "ab";
    this.views = new Views({ ...bounds, source: this.source, refreshMs: 0, maxBytes: 1_000_000 });
    const broker = new MemoryBroker({ ...bounds, historyMaxBytes: 1_000_000 });
    const hub = new Hub({
      broker: withViews(broker, this.views),
      metrics: silentMetrics,
      thresholdBytes: 1_000_000,
    });
    const { connection, socket } = createClient({
      user: viewerOf("ada").user,
      credential: new SessionCookie("session", "ada"),
      onEnd: () => this.session.end(),
    });
    this.#hub = hub;
    this.connection = connection;
    this.socket = socket;
    this.session = createSessions({ hub, views: this.views, maxTopics, maxRows: 50 })(connection);
  }

  /** Subscribes to a view; resolves to the answer. */
  async subscribe(view: unknown, id?: string): Promise<Record<string, unknown>> {
    await this.session.handle({ type: "subscribe", view, id });
    return this.messages.at(-1) ?? {};
  }

  get messages(): Record<string, unknown>[] {
    return this.socket.frames.flatMap((frame) => JSON.parse(frame));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.connection.end(1001, "");
    await this.#hub.stop();
  }
}

Deno.test("a view is unsubscribed by its topic; a second time does nothing", async () => {
  await using setup = new Setup();
  const { topic } = await setup.subscribe(EVENTS, "1");

  await setup.session.handle({ type: "unsubscribe", topic: `${topic}`, id: "2" });
  await setup.session.handle({ type: "unsubscribe", topic: `${topic}`, id: "3" });

  assertEquals(setup.messages.slice(1), [
    { type: "unsubscribed", topic, id: "2" },
    { type: "unsubscribed", topic, id: "3" },
  ]);
  assertEquals(await setup.views.check(viewerOf("ada").credential), {
    asked: 0,
    lost: 0,
    unanswered: [],
  });
});

Deno.test("two ways to write a query are one view, which counts once", async () => {
  await using setup = new Setup(1);

  const first = await setup.subscribe({ ...EVENTS, query: { fields: ["b", "a"], limit: 5 } }, "1");
  const again = await setup.subscribe({ query: { limit: 5, fields: ["a", "b"] }, ...EVENTS }, "2");
  const other = await setup.subscribe(EVENTS, "3");

  assertEquals([again.type, again.topic], ["subscribed", first.topic]);
  assertEquals([other.type, other.code], ["error", "limit"]);
});

for (
  const [name, view, code] of [
    ["a malformed query", { ...EVENTS, query: { page: 1 } }, "bad-view"],
    ["a limit above the server's", { ...EVENTS, query: { limit: 51 } }, "bad-view"],
    ["null", null, "bad-view"],
  ] as const
) {
  Deno.test(`a view is refused for ${name}, before Directus is asked`, async () => {
    await using setup = new Setup();
    const { type, code: answered, id } = await setup.subscribe(view, "1");
    assertEquals([type, answered, id], ["error", code, "1"]);
    assertEquals([setup.source.classified, setup.source.reads], [0, []]);
  });
}

Deno.test("a session that loses a view gets nothing more of it, and may subscribe again", async () => {
  await using setup = new Setup();
  const { topic } = await setup.subscribe(EVENTS, "1");

  setup.source.classes.set("ada", "fewer");
  setup.source.rows = rowsOf("b");
  await setup.views.check(viewerOf("ada").credential);
  const again = await setup.subscribe(EVENTS, "2");

  assertEquals(setup.messages[1], { type: "unsubscribed", topic, reason: "changed" });
  assertEquals(
    [again.type, again.topic === topic, (again.messages as unknown[]).length],
    ["subscribed", false, 1],
  );
});

Deno.test("a connection that ends while a view is opened leaves the view", async () => {
  await using setup = new Setup();
  const held: { answer(rows: unknown): void }[] = [];
  setup.source.held = held as never;
  const subscribing = setup.session.handle({ type: "subscribe", view: EVENTS });
  while (held.length === 0) await turn();

  setup.connection.end(1001, "");
  held[0]?.answer(rowsOf("a"));
  await subscribing;

  assertEquals((await setup.views.check(viewerOf("ada").credential)).asked, 0);
});
