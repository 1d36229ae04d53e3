/**
 * Tests of clients that authenticate again while rights change.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { DEFAULTS } from "../../live/config/defaults.ts";
import type { Connection } from "../../live/connection/connection.ts";
import { DirectusSessions } from "../../live/directus_protocol/directus_sessions.ts";
import { readQuery } from "../../live/directus_protocol/query.ts";
import { BearerToken } from "../../live/domain/credential.ts";
import { silentLogger } from "../../live/domain/logger.ts";
import { silentMetrics } from "../../live/domain/metrics.ts";
import type { ViewQuery } from "../../live/domain/view_query.ts";
import { MemoryBroker } from "../../live/history/memory_broker.ts";
import { Hub } from "../../live/hub/hub.ts";
import { withViews } from "../../live/views/view_broker.ts";
import { userOf } from "../support/authorities.ts";
import { createClient, type FakeSocket } from "../support/fake_client.ts";
import { pass, rowsOf, setUpViews, viewerOf } from "../views/setup.ts";

/** A client that Ada has connected, whose socket may have no room. */
class Setup implements AsyncDisposable {
  readonly views = setUpViews();
  /** Whose session the client presents when it authenticates again. */
  next = "ada";
  /** Credentials are checked once this has resolved. */
  checking: Promise<void> = Promise.resolve();
  readonly #connection: Connection;
  readonly #socket: FakeSocket;
  readonly #hub = new Hub({
    broker: withViews(new MemoryBroker({ ...DEFAULTS, metrics: silentMetrics }), this.views.views),
    metrics: silentMetrics,
    thresholdBytes: 1_000_000,
  });
  readonly #session: ReturnType<DirectusSessions["open"]>;

  constructor() {
    const { source, views } = this.views;
    source.touched = new Set(["tasks"]);
    source.list = "a";
    const sessions = new DirectusSessions({
      hub: this.#hub,
      views,
      primaryKeyOf: () => "id",
      maxRows: 100,
      maxTopics: 10,
      monitor: { add() {}, remove() {} },
      metrics: silentMetrics,
      logger: silentLogger,
    });
    const { connection, socket } = createClient({
      credential: new BearerToken("first"),
      user: userOf("ada"),
      onEnd: () => this.#session.end(),
    });
    this.#connection = connection;
    this.#socket = socket;
    this.#session = sessions.open(connection, {
      admitsPublic: false,
      noteNoAuth() {},
      enter: async (_connection, credential) => {
        await this.checking;
        return {
          kind: "entered",
          apply: () => connection.identify(userOf(this.next), credential),
        };
      },
    });
  }

  /** Sets whether the socket has room: without any, no subscription begins. */
  set hasRoom(hasRoom: boolean) {
    this.#socket.bufferedAmount = hasRoom ? 0 : 100_000;
  }

  /** Sends a message. */
  send(message: unknown): void {
    this.#session.receive(JSON.stringify(message));
  }

  /** Checks a session as the monitor does. */
  async check(token: string): Promise<void> {
    await this.views.views.check(new BearerToken(token));
  }

  /** The messages that were sent. */
  get messages(): unknown[] {
    return this.#socket.frames.map((frame) => JSON.parse(frame));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.end(1001, "");
    await this.#hub.stop();
    this.views[Symbol.dispose]();
  }
}

const SUBSCRIBE = { type: "subscribe", collection: "tasks", uid: "1" } as const;
const QUERY = readQuery(SUBSCRIBE, { maxRows: 100, primaryKey: "id" }) as ViewQuery;

for (
  const [name, hasBegun] of [
    ["has begun", true],
    ["has not begun", false],
  ] as const
) {
  Deno.test(`a view continues for all members if rights change while a client whose subscription ${name} renews its token`, async () => {
    using time = new FakeTime();
    await using client = new Setup();
    const { views, source, shown } = client.views;
    client.hasRoom = hasBegun;
    client.send(SUBSCRIBE);
    const opening = client.views.open("bob", QUERY);
    await pass(time, 1_000);
    const { topic } = await opening;
    client.hasRoom = false;

    client.send({ type: "auth", access_token: "second" });
    await pass(time, 1_000);
    source.list = "ab";
    views.rightsChanged();
    await client.check("second"); // the first session is not monitored any more
    await views.check(viewerOf("bob").credential);
    await pass(time, 1_000);

    assertEquals(shown(topic), "ab");
  });
}

Deno.test("a client that authenticates as another user gets no row that only the first user may read", async () => {
  using time = new FakeTime();
  await using client = new Setup();
  const { source } = client.views;
  source.classes.set("bob", "bob");
  source.rowsFor.set("bob", rowsOf("b"));
  client.next = "bob";
  client.hasRoom = false;
  client.send(SUBSCRIBE);
  await pass(time, 1_000);

  client.send({ type: "auth", access_token: "second" });
  await pass(time, 1_000);
  source.classes.set("ada", "fewer");
  await client.check("first"); // a check that was in flight
  client.hasRoom = true;
  await pass(time, 1_000);

  assertEquals(client.messages, [
    { type: "auth", status: "ok" },
    { type: "subscription", event: "init", data: [{ id: "b" }], uid: "1" },
  ]);
});

Deno.test("a client that was told that it is another user gets no event of the first, though nothing is confirmed yet", async () => {
  using time = new FakeTime();
  await using client = new Setup();
  const { views, source } = client.views;
  const answer = Promise.withResolvers<void>();
  client.checking = answer.promise;
  client.next = "bob";
  client.send(SUBSCRIBE);
  await pass(time, 1_000);

  client.send({ type: "auth", access_token: "second" });
  await pass(time, 1_000); // it is told within a second
  source.list = "ab";
  views.changed({ collection: "tasks" });
  await pass(time, 1_000);
  const early = client.messages.length;
  answer.resolve();
  await pass(time, 1_000);

  assertEquals(early, 2);
  assertEquals(client.messages, [
    { type: "subscription", event: "init", data: [{ id: "a" }], uid: "1" },
    { type: "auth", status: "ok" },
    { type: "subscription", event: "create", data: [{ id: "b" }], uid: "1" },
  ]);
});
