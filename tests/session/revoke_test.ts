/**
 * Tests of an operator's revocations, on this instance and on others.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { BrokerUnavailable } from "../../live/domain/broker.ts";
import type { Revocation, RevocationBus } from "../../live/domain/revocation.ts";
import { createLocalRevoke, createRevoke, type Revoke } from "../../live/session/revoke.ts";
import { RevalidatorSetup, UNAVAILABLE } from "./revalidator_setup.ts";

const USER_ID = "0189c1f2-0000-7000-8000-00000000abcd";
const REVOKED: [number, string][] = [[4503, "revoked by the operator"]];

/** A revalidator that checks nothing on its own, and other instances. */
class Setup extends RevalidatorSetup {
  /** Revocations that were sent to the other instances. */
  readonly sent: Revocation[] = [];
  /** Revocations whose answers were forgotten, and the number of connections at that time. */
  readonly forgotten: [revocation: Revocation, connections: number][] = [];
  /** Why the other instances cannot be reached. */
  trouble: Error | undefined;
  /** Receives a revocation of another instance. */
  receive: (revocation: Revocation) => void = () => {};
  readonly revoke: Revoke;

  constructor() {
    super(0);
    const bus: RevocationBus = {
      listen: (handler) => {
        this.receive = handler;
      },
      send: (revocation) => {
        if (this.trouble !== undefined) return Promise.reject(this.trouble);
        this.sent.push(revocation);
        return Promise.resolve();
      },
    };
    const forget = (revocation: Revocation) => {
      this.forgotten.push([revocation, this.revalidator.connections.length]);
    };
    this.revoke = createRevoke({ ...this, local: createLocalRevoke(this), bus, forget });
  }
}

Deno.test("Revoke closes all connections of a user", async () => {
  using setup = new Setup();
  const monitored = ["ada", "ada", "bob", null].map((name) => setup.add(name));
  assertEquals(await setup.revoke({ user: ["ada"] }), { closed: 2, asked: 0, withdrawn: 0 });
  assertEquals(monitored.map(({ socket }) => socket.closes), [REVOKED, REVOKED, [], []]);
  assertEquals(setup.authority.asked, []);
});

Deno.test("Revoke closes the connections of several users", async () => {
  using setup = new Setup();
  const monitored = ["ada", "bob", "eve"].map((name) => setup.add(name));
  assertEquals((await setup.revoke({ user: ["ada", "eve", "ada"] })).closed, 2);
  assertEquals(monitored.map(({ socket }) => socket.closes), [REVOKED, [], REVOKED]);
});

Deno.test("Revoke drops cached answers before it closes or asks, even without a connection", async () => {
  using setup = new Setup();
  setup.add("ada");
  const revocations: Revocation[] = [{ user: ["ada", "eve"] }, { topic: "event:1" }];
  for (const revocation of revocations) await setup.revoke(revocation);
  assertEquals(setup.forgotten, [[{ user: ["ada", "eve"] }, 1], [{ topic: "event:1" }, 0]]);
});

Deno.test("Revoke matches users as Directus does: a UUID in any case", async () => {
  using setup = new Setup();
  const [lower, upper] = [setup.add(USER_ID), setup.add(USER_ID.toUpperCase())];
  assertEquals((await setup.revoke({ user: [` ${USER_ID.toUpperCase()}`] })).closed, 2);
  assertEquals([lower.socket.closes, upper.socket.closes], [REVOKED, REVOKED]);
});

Deno.test("Revoke closes one connection", async () => {
  using setup = new Setup();
  const [first, second] = [setup.add("ada"), setup.add("ada")];
  const revocation = { connection: first.connection.id };
  assertEquals(await setup.revoke(revocation), { closed: 1, asked: 0, withdrawn: 0 });
  assertEquals([first.socket.closes, second.socket.closes], [REVOKED, []]);
});

for (const revocation of [{ user: ["x"] }, { connection: "x" }, { topic: "x:1" }]) {
  Deno.test(`Revoke finds nothing to do for ${JSON.stringify(revocation)}`, async () => {
    using setup = new Setup();
    const monitored = setup.add("ada", "event:1");
    assertEquals(await setup.revoke(revocation), { closed: 0, asked: 0, withdrawn: 0 });
    assertEquals([monitored.socket.closes, setup.sent], [[], [revocation]]);
  });
}

Deno.test("Revoke checks the sessions that are subscribed to a topic, and no others", async () => {
  using setup = new Setup();
  const monitored = [
    setup.add("ada", "event:1", "event:2"),
    setup.add("ada", "event:1"),
    setup.add("bob", "event:1"),
    setup.add("eve", "event:12"),
  ];
  setup.answers.set("ada event:1", { kind: "forbidden" });
  const revoked = await setup.revoke({ topic: "event:1" });
  assertEquals(revoked, { closed: 0, asked: 2, withdrawn: 2 });
  assertEquals(monitored.map(({ withdrawn }) => withdrawn), [["event:1"], ["event:1"], [], []]);
  assertEquals(setup.authority.asked, [
    "authorise ada event:1 fresh",
    "authorise bob event:1 fresh",
  ]);
});

Deno.test("Revoke checks all topics of a prefix", async () => {
  using setup = new Setup();
  const monitored = setup.add("ada", "event:1", "event:2", "events:1", "news:1");
  setup.answers.set("ada event:2", { kind: "forbidden" });
  assertEquals((await setup.revoke({ topic: "event:*" })).asked, 2);
  assertEquals(monitored.withdrawn, ["event:2"]);
});

Deno.test("Revoke ends a session that turns out to be over", async () => {
  using setup = new Setup();
  const monitored = setup.add("ada", "event:1");
  setup.answers.set("ada event:1", { kind: "unauthorized" });
  const revoked = await setup.revoke({ topic: "event:1" });
  assertEquals(revoked, { closed: 1, asked: 1, withdrawn: 0 });
  assertEquals(monitored.socket.closes, [[4401, "session is no longer good"]]);
});

Deno.test("Revoke reports sessions that could not be checked", async () => {
  using setup = new Setup();
  const monitored = ["ada", "bob"].map((name) => setup.add(name, "event:1"));
  setup.answers.set("ada event:1", UNAVAILABLE);
  setup.answers.set("bob event:1", { kind: "forbidden" });
  assertEquals(await setup.revoke({ topic: "event:1" }), {
    closed: 0,
    asked: 2,
    withdrawn: 1,
    trouble: "Directus could not be asked about 1 of 2: it rains",
  });
  assertEquals(monitored.map(({ withdrawn }) => withdrawn), [[], ["event:1"]]);
});

Deno.test("Revoke takes effect here if the other instances cannot be reached, and reports that", async () => {
  using setup = new Setup();
  setup.trouble = new BrokerUnavailable("cut off from Redis", 1);
  const monitored = setup.add("ada");
  assertEquals(await setup.revoke({ user: ["ada"] }), {
    closed: 1,
    asked: 0,
    withdrawn: 0,
    trouble: "Other instances may not have done it: cut off from Redis",
  });
  assertEquals(monitored.socket.closes, REVOKED);
});

Deno.test("Revoke rejects if the bus fails for another reason, but takes effect here", async () => {
  using setup = new Setup();
  setup.trouble = new TypeError("a bug");
  const monitored = setup.add("ada");
  await assertRejects(() => setup.revoke({ user: ["ada"] }), TypeError, "a bug");
  assertEquals(monitored.socket.closes, REVOKED);
});

Deno.test("Revoke carries out revocations of other instances without passing them on", async () => {
  using setup = new Setup();
  const [first, second] = [setup.add("ada", "event:1"), setup.add("bob", "event:1")];
  setup.answers.set("bob event:1", { kind: "forbidden" });
  setup.receive({ user: ["ada"] });
  setup.receive({ topic: "event:1" });
  await setup.time.runMicrotasks();
  assertEquals([first.socket.closes, second.withdrawn], [REVOKED, ["event:1"]]);
  assertEquals([setup.sent, setup.forgotten], [[], [[{ user: ["ada"] }, 2], [
    { topic: "event:1" },
    1,
  ]]]);
});

Deno.test("Revoke logs what was done, and what could not be done", async () => {
  using setup = new Setup();
  setup.add("ada", "event:1");
  setup.answers.set("ada event:1", UNAVAILABLE);
  setup.receive({ topic: "event:1" });
  await setup.time.runMicrotasks();
  assertEquals(setup.logger.lines, [{
    level: "warn",
    message: "revoked in part",
    fields: {
      topic: "event:1",
      closed: 0,
      asked: 1,
      withdrawn: 0,
      trouble: "Directus could not be asked about 1 of 1: it rains",
    },
  }]);
});
