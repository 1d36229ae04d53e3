/**
 * Tests of a topic's messages: the client passes on each one once, in order.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { message, openSetup, removal, Setup } from "./setup.ts";

/** Returns a client that is subscribed to `event:1` up to an offset, and its further notes. */
function subscribed(offset: number): { setup: Setup; notes: string[] } {
  const setup = openSetup();
  const { notes } = setup.follow();
  setup.socket.start("e", offset);
  notes.length = 0;
  return { setup, notes };
}

/** The start of a topic that the client did not ask for. */
function unaskedStart(epoch: string, offset: number, messages: unknown[]): object {
  return { type: "subscribed", topic: "event:1", epoch, offset, recovered: false, messages };
}

Deno.test("LiveClient.subscribe() subscribes once the server has sent welcome", () => {
  using setup = new Setup();
  setup.live.subscribe("event:1");
  setup.live.subscribe("event:2");
  setup.socket.readyState = 1;
  assertEquals(setup.socket.sent, []);

  setup.socket.open();
  setup.live.subscribe("event:3");

  assertEquals(setup.socket.sent, [
    { type: "subscribe", topic: "event:1", id: "1" },
    { type: "subscribe", topic: "event:2", id: "2" },
    { type: "subscribe", topic: "event:3", id: "3" },
  ]);
});

Deno.test("a subscription begins with its start and the snapshot", () => {
  using setup = openSetup();
  const { notes } = setup.follow();

  setup.socket.start("e", 5, [message(2, "a"), message(5, "b")]);
  setup.socket.receive(message(6));

  assertEquals(notes, ["start e 5", "message 2", "message 5", "message 6"]);
});

Deno.test("a subscription gets the messages of its topic in an array, in order", () => {
  const { setup, notes } = subscribed(0);
  using _setup = setup;

  setup.socket.receive(
    message(1),
    message(2, "a"),
    { ...message(9), topic: "event:2" },
    removal(3, "a"),
  );

  assertEquals(notes, ["message 1", "message 2", "removal 3"]);
});

for (
  const sent of [
    message(7, "a", { skipped: 6, data: { x: 1 } }),
    removal(7, "a"),
  ]
) {
  Deno.test(`a subscription gets the message unchanged: ${JSON.stringify(sent)}`, () => {
    using setup = openSetup();
    const messages: unknown[] = [];
    setup.live.subscribe("event:1", { onMessage: (message) => messages.push(message) });
    setup.socket.start("e", 0);

    setup.socket.receive(sent);

    assertEquals(messages, [sent]);
  });
}

Deno.test("a subscription gets no message twice", () => {
  const { setup, notes } = subscribed(5);
  using _setup = setup;

  setup.socket.receive(message(5), message(6), message(6), message(4), message(7));

  assertEquals(notes, ["message 6", "message 7"]);
});

Deno.test("a subscription resumes after the last message it got", () => {
  const { setup, notes } = subscribed(5);
  using _setup = setup;
  setup.socket.receive(message(6));

  setup.reconnect();
  assertEquals(setup.socket.sent, [
    { type: "subscribe", topic: "event:1", id: "2", since: { epoch: "e", offset: 6 } },
  ]);
  setup.socket.start("e", 8, [message(7), message(8)], true);
  setup.socket.receive(message(9));

  assertEquals(notes, ["message 6", "recovered e 8", "message 7", "message 8", "message 9"]);
});

Deno.test("a subscription resumes in the middle of a snapshot", () => {
  const { setup, notes } = subscribed(5);
  using _setup = setup;
  setup.socket.receive(message(40, "a"), message(70, "b"));

  setup.reconnect();
  assertEquals(setup.socket.last["since"], { epoch: "e", offset: 70 });
  setup.socket.start("e", 72, [message(71, "c"), message(72, "a")], true);
  setup.socket.receive(message(73));

  assertEquals(notes, [
    "message 40",
    "message 70",
    "recovered e 72",
    "message 71",
    "message 72",
    "message 73",
  ]);
});

for (
  const [name, epoch, offset] of [
    ["if the log no longer holds what it missed", "e", 900],
    ["in another epoch, though its offsets are lower", "f", 2],
  ] as const
) {
  Deno.test(`a subscription starts over ${name}`, () => {
    const { setup, notes } = subscribed(5);
    using _setup = setup;

    setup.reconnect();
    setup.socket.start(epoch, offset, [message(offset - 1, "a"), message(offset, "b")]);
    setup.socket.receive(message(offset + 1));
    setup.reconnect();

    assertEquals(notes, [
      `start ${epoch} ${offset}`,
      ...[offset - 1, offset, offset + 1].map((offset) => `message ${offset}`),
    ]);
    assertEquals(setup.socket.last["since"], { epoch, offset: offset + 1 });
  });
}

for (const epoch of ["e", "f"]) {
  Deno.test(`a subscription starts over unasked, from epoch e to ${epoch}`, () => {
    const { setup, notes } = subscribed(5);
    using _setup = setup;

    setup.socket.receive(unaskedStart(epoch, 9, [message(9, "a")]), message(10));

    assertEquals(notes, [`start ${epoch} 9`, "message 9", "message 10"]);
    assertEquals(setup.socket.sent.length, 1);
  });
}

Deno.test("a subscription that awaits its answer ignores an unasked start", () => {
  using setup = openSetup();
  setup.live.subscribe("event:1").unsubscribe();
  const { notes } = setup.follow();

  setup.socket.receive(unaskedStart("f", 1, [message(1, "a")]), message(2));
  setup.socket.start("f", 3, [message(3, "a")]);

  assertEquals(notes, ["start f 3", "message 3"]);
});

Deno.test("a subscription that had not started before a break starts after it", () => {
  using setup = openSetup();
  const { notes } = setup.follow();

  setup.reconnect();
  setup.socket.start("e", 1, [message(1, "a")]);

  assertEquals(setup.socket.sent, [{ type: "subscribe", topic: "event:1", id: "2" }]);
  assertEquals(notes, ["start e 1", "message 1"]);
});

Deno.test("a program that keeps the newest of each key has the right state after every start", () => {
  using setup = openSetup();
  const held = new Map<string | undefined, number>();
  setup.live.subscribe<number>("event:1", {
    onStart: ({ recovered }) => recovered || held.clear(),
    onMessage: ({ key, data, removed }) => removed ? held.delete(key) : held.set(key, data),
  });
  setup.socket.start("e", 2, [message(1, "a"), message(2, "b")]);

  setup.reconnect();
  setup.socket.start("e", 4, [message(3, "c"), removal(4, "a")], true);
  assertEquals([...held], [["b", 2], ["c", 3]]);
  setup.reconnect();
  setup.socket.start("f", 4, [message(4, "d")]);

  assertEquals([...held], [["d", 4]]);
});
