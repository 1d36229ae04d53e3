/**
 * Rights that are withdrawn at any moment of a subscription.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { messageOf } from "../support/fake_client.ts";
import { turn } from "../support/queue.ts";
import { SessionSetup } from "./setup.ts";

const WITHDRAWN = '{"type":"unsubscribed","topic":"a:1","reason":"forbidden"}';
const FORBIDDEN = "error a:1 forbidden";

/** Above this many unsent bytes the hub sends nothing more to a socket. */
const FULL = 65_537;

/** Asserts that nothing of the topic is sent from now on, and that it has no subscriber. */
async function assertWithdrawn({ hub, socket, counts }: SessionSetup): Promise<void> {
  const { length } = socket.frames;
  socket.bufferedAmount = 0;
  await hub.publish("a:1", "secret");
  hub.time.tick(10_000);
  await hub.time.runMicrotasks();
  assertEquals([socket.frames.slice(length), counts], [[], [0, 0]]);
}

Deno.test("Session.withdraw() tells the client, and nothing more of the topic is sent", async () => {
  await using setup = new SessionSetup();
  await setup.subscribe("a:1");
  await setup.subscribe("b:1");
  await setup.hub.publish("a:1", 1);
  assertEquals(setup.withdraw("a:1"), true);
  await setup.hub.publish("b:1", 1);
  const [a, b] = [messageOf("a:1", 1, 1), messageOf("b:1", 1, 1)];
  assertEquals(setup.socket.frames.slice(2), [a, WITHDRAWN, b]);
  await setup.unsubscribe("b:1");
  await assertWithdrawn(setup);
});

Deno.test("Session.withdraw() ignores a topic that the client is not subscribed to", async () => {
  await using setup = new SessionSetup();
  await setup.subscribe("a:1");
  await setup.unsubscribe("a:1");
  assertEquals([setup.withdraw("a:1"), setup.withdraw("b:1")], [false, false]);
  assertEquals(setup.outline, ["subscribed a:1", "unsubscribed a:1"]);
});

Deno.test("Session.withdraw() refuses a topic while the authority is asked about it, whatever the answer is", async () => {
  await using setup = new SessionSetup({ hasAuthority: true, maxTopics: 1 });
  const handled = setup.subscribe("a:1", "1");
  await turn();
  assertEquals(setup.withdraw("a:1"), false);
  setup.authority.answer("a:1", "allowed"); // was asked before
  await handled;
  assertEquals(setup.outline, [`${FORBIDDEN} 1`]);
  await assertWithdrawn(setup);
});

Deno.test("Session.withdraw() refuses a topic that is being opened", async () => {
  await using setup = new SessionSetup();
  await setup.hub.publish("a:1", "secret");
  setup.hub.broker.hold();
  const handled = setup.subscribe("a:1", "1");
  await turn();
  setup.withdraw("a:1");
  setup.hub.broker.letGo();
  await handled;
  assertEquals(setup.outline, [`${FORBIDDEN} 1`]);
  await assertWithdrawn(setup);
});

for (const subscribed of [false, true]) {
  Deno.test(`Session.withdraw() refuses a start that waits for the socket, subscribed: ${subscribed}`, async () => {
    await using setup = new SessionSetup();
    const { hub, socket } = setup;
    await hub.publish("a:1", "secret");
    if (subscribed) await setup.subscribe("a:1", "1");
    socket.bufferedAmount = FULL;
    const handled = setup.subscribe("a:1", "2");
    await turn();
    assertEquals(setup.withdraw("a:1"), subscribed);
    socket.bufferedAmount = 0;
    hub.time.tick(20);
    await handled;
    const first = ["subscribed a:1 1", "unsubscribed a:1 forbidden"];
    assertEquals(setup.outline, [...subscribed ? first : [], `${FORBIDDEN} 2`]);
    await assertWithdrawn(setup);
  });
}

Deno.test("Session.withdraw() skips a subscriber that a broadcast has not reached yet", async () => {
  await using setup = new SessionSetup();
  const { hub } = setup;
  const others = await Promise.all(Array.from({ length: 100 }, () => hub.join("a:1")));
  for (const other of others) other.socket.onSend = () => hub.clock.ms++;
  await setup.subscribe("a:1");
  await hub.publish("a:1", "secret");
  assert(others.some((other) => other.socket.frames.length === 0), "the broadcast is over");
  setup.withdraw("a:1");
  await hub.metrics.until(({ broadcasts }) => broadcasts === 1);
  assertEquals(setup.outline, ["subscribed a:1", "unsubscribed a:1 forbidden"]);
  assert(others.every((other) => other.socket.frames.length === 1));
});

Deno.test("Session.withdraw() leaves no backlog for a slow consumer", async () => {
  await using setup = new SessionSetup();
  await setup.subscribe("a:1");
  setup.socket.bufferedAmount = FULL;
  await setup.hub.publish("a:1", "secret");
  setup.withdraw("a:1");
  assertEquals(setup.outline.slice(1), ["unsubscribed a:1 forbidden"]);
  await assertWithdrawn(setup);
});

Deno.test("Session.withdraw() does not concern messages that are handled afterwards", async () => {
  await using setup = new SessionSetup({ hasAuthority: true });
  const first = setup.subscribe("a:1", "1");
  const second = setup.subscribe("a:1", "2");
  await turn();
  setup.withdraw("a:1");
  for (const handled of [first, second]) {
    setup.authority.answer("a:1", "allowed");
    await handled;
    await turn();
  }
  await setup.ask("a:1", "allowed", "3");
  assertEquals(setup.outline, [`${FORBIDDEN} 1`, "subscribed a:1 2", "subscribed a:1 3"]);
});

Deno.test("Session.topics are the topics that it is subscribed to, or is subscribing to", async () => {
  await using setup = new SessionSetup({ hasAuthority: true });
  const { revalidator, authority } = setup;
  const names = () =>
    revalidator.connections.flatMap(({ topics }) => topics.map(({ name }) => name));
  const pending = setup.subscribe("b:1");
  await setup.ask("a:1");
  assertEquals(names(), ["b:1", "a:1"]);
  authority.answer("b:1", "forbidden");
  await pending;
  await setup.unsubscribe("a:1");
  assertEquals(names(), []);
  setup.connection.end(1001, "gone");
  assertEquals([revalidator.connections, revalidator.sessions], [[], []]);
});
