/**
 * The order in which a session handles messages, and connections that end in between.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { turn } from "../support/queue.ts";
import { SessionSetup } from "./setup.ts";

Deno.test("Session.handle() handles messages about one topic in order, one at a time", async () => {
  await using setup = new SessionSetup({ hasAuthority: true });
  const handled = [
    setup.subscribe("a:1", "1"),
    setup.unsubscribe("a:1", "2"),
    setup.subscribe("a:1", "3"),
    setup.unsubscribe("a:1", "4"),
    setup.subscribe("a:1", "5"),
  ];
  for (const [index, answer] of (["allowed", "forbidden", "allowed"] as const).entries()) {
    await turn();
    assertEquals(setup.authority.asked.length, index + 1);
    setup.authority.answer("a:1", answer);
  }
  await Promise.all(handled);
  assertEquals(setup.outline, [
    "subscribed a:1 1",
    "unsubscribed a:1 2",
    "error a:1 forbidden 3",
    "unsubscribed a:1 4",
    "subscribed a:1 5",
  ]);
});

Deno.test("Session.handle() queues behind a message in progress even if earlier ones are done", async () => {
  await using setup = new SessionSetup({ hasAuthority: true });
  const handled = [setup.subscribe("a:1", "1"), setup.subscribe("a:1", "2")];
  await turn();
  setup.authority.answer("a:1", "allowed");
  await turn();
  handled.push(setup.unsubscribe("a:1", "3"));
  await turn();
  assertEquals(setup.outline, ["subscribed a:1 1"]);
  setup.authority.answer("a:1", "allowed");
  await Promise.all(handled);
  assertEquals(setup.outline.slice(1), ["subscribed a:1 2", "unsubscribed a:1 3"]);
});

Deno.test("Session.handle() does not let one topic wait for another", async () => {
  await using setup = new SessionSetup({ hasAuthority: true });
  const slow = setup.subscribe("a:1");
  await setup.ask("b:1");
  await setup.unsubscribe("c:1");
  assertEquals(setup.outline, ["subscribed b:1", "unsubscribed c:1"]);
  setup.authority.answer("a:1", "allowed");
  await slow;
  assertEquals(setup.outline.slice(2), ["subscribed a:1"]);
});

Deno.test("Session.handle() counts pending topics towards the limit", async () => {
  await using setup = new SessionSetup({ hasAuthority: true, maxTopics: 2 });
  const handled = ["a:1", "b:1", "c:1"].map((topic) => setup.subscribe(topic));
  await handled[2];
  assertEquals(setup.outline, ["error c:1 limit"]);
  for (const topic of ["a:1", "b:1"]) setup.authority.answer(topic, "allowed");
  await Promise.all(handled);
  assertEquals(setup.outline.slice(1), ["subscribed a:1", "subscribed b:1"]);
  assertEquals(setup.authority.asked.length, 2);
});

Deno.test("Session.handle() counts a topic once at every moment of its subscription", async () => {
  for (let microtasks = 0; microtasks < 20; microtasks++) {
    await using setup = new SessionSetup({ hasAuthority: true, maxTopics: 2 });
    const first = setup.subscribe("a:1");
    await turn();
    setup.authority.answer("a:1", "allowed");
    for (let i = 0; i < microtasks; i++) await Promise.resolve();
    const second = setup.subscribe("b:1");
    await turn();
    assertEquals(setup.outline, ["subscribed a:1"], `after ${microtasks} microtasks`);
    setup.authority.answer("b:1", "allowed");
    await Promise.all([first, second]);
  }
});

for (const answer of ["allowed", "forbidden", "unauthorized"] as const) {
  Deno.test(`Session.handle() ignores ${answer} if the connection ended meanwhile`, async () => {
    await using setup = new SessionSetup({ hasAuthority: true });
    const handled = [
      setup.subscribe("a:1"),
      setup.unsubscribe("a:1"),
      setup.subscribe("a:1"),
    ];
    await turn();
    setup.connection.end(1001, "gone");
    setup.authority.answer("a:1", answer);
    await Promise.all(handled);
    assertEquals([setup.socket.frames, setup.socket.closes], [[], [[1001, "gone"]]]);
    assertEquals([setup.authority.asked.length, setup.counts], [1, [0, 0]]);
  });
}

Deno.test("Session.handle() leaves nothing behind if the connection ends while a topic opens", async () => {
  await using setup = new SessionSetup();
  const { broker } = setup.hub;
  broker.hold();
  const handled = setup.subscribe("a:1");
  await turn();
  setup.connection.end(1001, "gone");
  broker.letGo();
  await handled;
  assertEquals([setup.socket.frames, setup.counts], [[], [0, 0]]);
  assertEquals(broker.calls, ["open a:1", "close a:1"]);
});
