/**
 * Tests of what an operator takes away, here and on other instances.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { BrokerUnavailable } from "../../live/domain/broker.ts";
import type { Revocation, RevocationBus } from "../../live/domain/revocation.ts";
import { createRevoke, type Revoke } from "../../live/session/revoke.ts";
import { GuardSetup, UNAVAILABLE } from "./revalidator_fakes.ts";

const REVOKED: [number, string][] = [[4503, "revoked by the operator"]];

/** A guard that asks nothing by itself, other instances, and what takes away. */
class Setup extends GuardSetup {
  /** What the others were told. */
  readonly sent: Revocation[] = [];
  /** Users that were forgotten, and how many connections there were then. */
  readonly forgotten: [user: string, connections: number][] = [];
  /** Why the others cannot be told. */
  trouble: Error | undefined;
  /** Has this instance hear a command of another. */
  hear: (command: Revocation) => void = () => {};
  readonly revoke: Revoke;

  constructor() {
    super(0);
    const control: RevocationBus = {
      listen: (handler) => {
        this.hear = handler;
      },
      send: (command) => {
        if (this.trouble !== undefined) return Promise.reject(this.trouble);
        this.sent.push(command);
        return Promise.resolve();
      },
    };
    const forget = (user: string) => {
      this.forgotten.push([user, this.guard.members.length]);
    };
    this.revoke = createRevoke({ guard: this.guard, control, forget, logger: this.logger });
  }
}

Deno.test("Revoke closes all connections of a user, whatever their session", async () => {
  using setup = new Setup();
  const members = ["ada", "ada", "bob", null].map((name) => setup.add(name));
  assertEquals(await setup.revoke({ user: ["ada"] }), { closed: 2, asked: 0, withdrawn: 0 });
  assertEquals(members.map(({ socket }) => socket.closes), [REVOKED, REVOKED, [], []]);
  assertEquals(setup.authority.asked, []);
});

Deno.test("Revoke closes the connections of several users", async () => {
  using setup = new Setup();
  const members = ["ada", "bob", "eve"].map((name) => setup.add(name));
  assertEquals((await setup.revoke({ user: ["ada", "eve", "ada"] })).closed, 2);
  assertEquals(members.map(({ socket }) => socket.closes), [REVOKED, [], REVOKED]);
});

Deno.test("Revoke forgets what is known of a user before it closes, connected or not", async () => {
  using setup = new Setup();
  setup.add("ada");
  await setup.revoke({ user: ["ada", "eve"] });
  assertEquals(setup.forgotten, [["ada", 1], ["eve", 1]]);
});

Deno.test("Revoke closes one connection", async () => {
  using setup = new Setup();
  const [first, second] = [setup.add("ada"), setup.add("ada")];
  const command = { connection: first.connection.id };
  assertEquals(await setup.revoke(command), { closed: 1, asked: 0, withdrawn: 0 });
  assertEquals([first.socket.closes, second.socket.closes], [REVOKED, []]);
  assertEquals(setup.forgotten, []);
});

for (const command of [{ user: ["x"] }, { connection: "x" }, { topic: "x:1" }]) {
  Deno.test(`Revoke finds nothing to do for ${JSON.stringify(command)}`, async () => {
    using setup = new Setup();
    const member = setup.add("ada", "event:1");
    assertEquals(await setup.revoke(command), { closed: 0, asked: 0, withdrawn: 0 });
    assertEquals([member.socket.closes, setup.sent], [[], [command]]);
  });
}

Deno.test("Revoke asks again about everybody who listens to a topic, and about nothing else", async () => {
  using setup = new Setup();
  const members = [
    setup.add("ada", "event:1", "event:2"),
    setup.add("ada", "event:1"),
    setup.add("bob", "event:1"),
    setup.add("eve", "event:12"),
  ];
  setup.answers.set("ada event:1", { kind: "forbidden" });
  const revoked = await setup.revoke({ topic: "event:1" });
  assertEquals(revoked, { closed: 0, asked: 2, withdrawn: 2 });
  assertEquals(members.map(({ withdrawn }) => withdrawn), [["event:1"], ["event:1"], [], []]);
  assertEquals(setup.authority.asked, [
    "authorise ada event:1 fresh",
    "authorise bob event:1 fresh",
  ]);
});

Deno.test("Revoke asks again about all topics of a prefix", async () => {
  using setup = new Setup();
  const member = setup.add("ada", "event:1", "event:2", "events:1", "news:1");
  setup.answers.set("ada event:2", { kind: "forbidden" });
  assertEquals((await setup.revoke({ topic: "event:*" })).asked, 2);
  assertEquals(member.withdrawn, ["event:2"]);
});

Deno.test("Revoke ends a session that turns out to be over", async () => {
  using setup = new Setup();
  const member = setup.add("ada", "event:1");
  setup.answers.set("ada event:1", { kind: "unauthorized" });
  const revoked = await setup.revoke({ topic: "event:1" });
  assertEquals(revoked, { closed: 1, asked: 1, withdrawn: 0 });
  assertEquals(member.socket.closes, [[4401, "session is no longer good"]]);
});

Deno.test("Revoke says so if Directus could not be asked about all", async () => {
  using setup = new Setup();
  const members = ["ada", "bob"].map((name) => setup.add(name, "event:1"));
  setup.answers.set("ada event:1", UNAVAILABLE);
  setup.answers.set("bob event:1", { kind: "forbidden" });
  assertEquals(await setup.revoke({ topic: "event:1" }), {
    closed: 0,
    asked: 2,
    withdrawn: 1,
    trouble: "Directus could not be asked about 1 of 2: it rains",
  });
  assertEquals(members.map(({ withdrawn }) => withdrawn), [[], ["event:1"]]);
});

Deno.test("Revoke acts here though the other instances cannot be told, and says so", async () => {
  using setup = new Setup();
  setup.trouble = new BrokerUnavailable("cut off from Redis", 1);
  const member = setup.add("ada");
  assertEquals(await setup.revoke({ user: ["ada"] }), {
    closed: 1,
    asked: 0,
    withdrawn: 0,
    trouble: "Other instances were not told: cut off from Redis",
  });
  assertEquals(member.socket.closes, REVOKED);
});

Deno.test("Revoke rejects with a fault that is no outage, having acted here", async () => {
  using setup = new Setup();
  setup.trouble = new TypeError("a fault of ours");
  const member = setup.add("ada");
  await assertRejects(() => setup.revoke({ user: ["ada"] }), TypeError, "a fault of ours");
  assertEquals(member.socket.closes, REVOKED);
});

Deno.test("Revoke carries out what another instance says, and tells nobody", async () => {
  using setup = new Setup();
  const [first, second] = [setup.add("ada", "event:1"), setup.add("bob", "event:1")];
  setup.answers.set("bob event:1", { kind: "forbidden" });
  setup.hear({ user: ["ada"] });
  setup.hear({ topic: "event:1" });
  await setup.time.runMicrotasks();
  assertEquals([first.socket.closes, second.withdrawn], [REVOKED, ["event:1"]]);
  assertEquals([setup.sent, setup.forgotten], [[], [["ada", 2]]]);
});

Deno.test("Revoke tells the log what was done, and what could not be", async () => {
  using setup = new Setup();
  setup.add("ada", "event:1");
  setup.answers.set("ada event:1", UNAVAILABLE);
  setup.hear({ topic: "event:1" });
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
