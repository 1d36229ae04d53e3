/**
 * Several subscriptions to one topic share one subscription on the wire.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { message, openSetup, removal } from "./setup.ts";

Deno.test("LiveClient subscribes to a topic once for all its subscribers", () => {
  using setup = openSetup();
  const [first, second] = [setup.follow(), setup.follow()];

  setup.socket.start("e", 1, [message(1, "a")]);
  setup.socket.receive(message(2));

  assertEquals(setup.socket.sent.length, 1);
  assertEquals(first.notes, ["start e 1", "message 1", "message 2"]);
  assertEquals(second.notes, first.notes);
});

Deno.test("a late subscriber starts from the topic's state, without a request", async () => {
  using setup = openSetup();
  const first = setup.follow();
  setup.socket.start("e", 3, [message(1, "a"), message(2, "b"), message(3, "c")]);
  setup.socket.receive(message(4, "a"), removal(5, "b"), message(6));
  const before = first.notes.length;

  const late = setup.follow();
  assertEquals(late.notes, []); // not before subscribe() has returned
  await Promise.resolve();
  setup.socket.receive(message(7));

  assertEquals(late.notes, ["start e 6", "message 3", "message 4", "message 7"]);
  assertEquals(first.notes.slice(before), ["message 7"]);
  assertEquals(setup.socket.sent.length, 1);
});

Deno.test("a late subscriber starts in the middle of a snapshot and gets the rest of it", async () => {
  using setup = openSetup();
  const first = setup.follow();
  setup.socket.start("e", 2, [message(1, "a"), message(2, "b")]);
  setup.socket.receive(message(40, "c"));

  const late = setup.follow();
  await Promise.resolve();
  setup.socket.receive(message(70, "d"));
  setup.socket.receive(message(101, "a"));

  const rest = ["message 1", "message 2", "message 40", "message 70", "message 101"];
  assertEquals(first.notes, ["start e 2", ...rest]);
  assertEquals(late.notes, ["start e 40", ...rest]);
});

Deno.test("a late subscriber gets no `skipped` of earlier subscribers", async () => {
  using setup = openSetup();
  setup.follow();
  setup.socket.start("e", 1);
  setup.socket.receive(message(9, "a", { skipped: 7 }));
  const skipped: unknown[] = [];

  setup.live.subscribe("event:1", { onMessage: (message) => skipped.push(message.skipped) });
  await Promise.resolve();

  assertEquals(skipped, [undefined]);
});

Deno.test("a late subscriber that leaves at once never starts", async () => {
  using setup = openSetup();
  setup.follow();
  setup.socket.start("e", 1, [message(1, "a")]);

  const late = setup.follow();
  late.subscription.unsubscribe();
  await Promise.resolve();

  assertEquals(late.notes, ["end"]);
});

for (
  const [name, epoch, recovered, firstNotes, lateNotes] of [
    [
      "resumes",
      "e",
      true,
      ["recovered e 3", "message 2", "message 3"],
      ["start e 1", "message 1", "message 2", "message 3"],
    ],
    [
      "starts over",
      "f",
      false,
      ["start f 3", "message 2", "message 3"],
      ["start f 3", "message 2", "message 3"],
    ],
  ] as const
) {
  Deno.test(`a subscriber that joins while the connection is down starts when it ${name}`, async () => {
    using setup = openSetup();
    const first = setup.follow();
    setup.socket.start("e", 1, [message(1, "a")]);
    first.notes.length = 0;
    setup.socket.end(1006);

    const late = setup.follow();
    await Promise.resolve();
    assertEquals(late.notes, []);
    setup.live.retry();
    setup.socket.open();
    assertEquals(setup.socket.sent, [
      { type: "subscribe", topic: "event:1", id: "2", since: { epoch: "e", offset: 1 } },
    ]);
    setup.socket.start(epoch, 3, [message(2, "b"), message(3)], recovered);

    assertEquals(first.notes, [...firstNotes]);
    assertEquals(late.notes, [...lateNotes]);
  });
}

Deno.test("a subscriber that a handler adds starts after the frame", async () => {
  using setup = openSetup();
  const late: string[] = [];
  const first = setup.follow("event:1", {
    onStart: () =>
      setup.live.subscribe("event:1", {
        onStart: ({ offset }) => late.push(`start ${offset}`),
        onMessage: ({ offset }) => late.push(`message ${offset}`),
      }),
  });

  setup.socket.start("e", 1, [message(1, "a")]);
  await Promise.resolve();

  assertEquals(first.notes, ["message 1"]);
  assertEquals(late, ["start 1", "message 1"]);
});

Deno.test("the last subscriber of a topic unsubscribes on the wire", () => {
  using setup = openSetup();
  const [first, second] = [setup.follow(), setup.follow()];
  setup.socket.start("e", 0);

  first.subscription.unsubscribe();
  assertEquals(setup.socket.sent.length, 1);
  setup.socket.receive(message(1));
  second.subscription.unsubscribe();

  assertEquals(setup.socket.last, { type: "unsubscribe", topic: "event:1" });
  assertEquals(first.notes, ["start e 0", "end"]);
  assertEquals(second.notes, ["start e 0", "message 1", "end"]);
});

Deno.test("an error ends all subscriptions to its topic, and no others", () => {
  using setup = openSetup();
  const [first, second, other] = [setup.follow(), setup.follow(), setup.follow("event:2")];
  const error = { type: "error", code: "forbidden", message: "", id: "1", topic: "event:1" };

  setup.socket.receive(error);

  assertEquals([first.notes, second.notes, other.notes], [
    ["error forbidden", "end"],
    ["error forbidden", "end"],
    [],
  ]);
});

Deno.test("a handler that unsubscribes another subscription stops it within the frame", () => {
  using setup = openSetup();
  setup.live.subscribe("event:1", { onStart: () => second.subscription.unsubscribe() });
  const second = setup.follow();

  setup.socket.start("e", 1, [message(1, "a")]);
  setup.socket.receive(message(2));

  assertEquals(second.notes, ["end"]);
});
