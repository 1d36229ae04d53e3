/**
 * Equal views share a subscription.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { turn } from "../support/queue.ts";
import { openSetup } from "./setup.ts";
import { followView, row, startView, TOPIC } from "./view_setup.ts";

const QUERY = { fields: ["id", "title"], filter: { status: { _eq: "published" } }, limit: 50 };

Deno.test("equal views share one subscription on the wire", async () => {
  using setup = openSetup();
  const first = followView(setup, QUERY);
  startView(setup, [row(1, 1, "a0")]);
  const second = followView(setup, { ...QUERY });
  await turn();
  setup.socket.receive(row(2, 2, "a1"));
  await Promise.resolve();

  assertEquals([first.lists, second.lists], [[[1], [1, 2]], [[1], [1, 2]]]);
  assertEquals(setup.socket.sent.length, 1);
  first.view.unsubscribe();
  assertEquals(setup.socket.sent.length, 1);
  second.view.unsubscribe();
  assertEquals(setup.socket.last, { type: "unsubscribe", topic: TOPIC });
});

Deno.test("views that only the server considers equal share the topic's messages", async () => {
  using setup = openSetup();
  const first = followView(setup, {});
  startView(setup, [row(1, 1, "a0")]);
  const second = followView(setup, { limit: 100 });
  startView(setup, [row(1, 1, "a0"), row(2, 2, "a1")]); // the server has begun the topic again
  setup.socket.receive(row(3, 3, "a2"));
  await Promise.resolve();

  assertEquals([first.lists, second.lists], [[[1, 2, 3]], [[1, 2, 3]]]);
  first.view.unsubscribe();
  assertEquals(setup.socket.sent.length, 2); // the second view needs the topic
  second.view.unsubscribe();
  assertEquals(setup.socket.last, { type: "unsubscribe", topic: TOPIC });
});

Deno.test("a view subscribes again if the server ends its topic for another view", async () => {
  using setup = openSetup();
  const first = followView(setup, {});
  startView(setup, [row(1, 1, "a0")]);
  const second = followView(setup, { limit: 100 });
  first.view.unsubscribe(); // the client cannot know that the second view has the same topic
  const [, , unsubscribe] = setup.socket.sent;
  assertEquals(unsubscribe, { type: "unsubscribe", topic: TOPIC });

  setup.socket.receive({
    type: "subscribed",
    topic: TOPIC,
    id: "2",
    epoch: "e",
    offset: 1,
    recovered: false,
    messages: [row(1, 1, "a0")],
  }, { type: "unsubscribed", topic: TOPIC });
  startView(setup, [row(1, 1, "a0")]);
  setup.socket.receive(row(2, 2, "a1"));
  await Promise.resolve();

  assertEquals(second.lists, [[1, 2]]);
});

Deno.test("a view that ends before its answer is unsubscribed by the name in the answer", () => {
  using setup = openSetup();
  const { notes, view } = followView(setup);

  view.unsubscribe();
  assertEquals(setup.socket.sent.length, 1);
  startView(setup, [row(1, 1, "a0")]);

  assertEquals(setup.socket.sent.slice(1), [{ type: "unsubscribe", topic: TOPIC }]);
  assertEquals(notes, ["end"]);
});

Deno.test("View.unsubscribe() prevents calls of handlers for the frame that was just handled", async () => {
  using setup = openSetup();
  const { lists, notes, view } = followView(setup);

  startView(setup, [row(1, 1, "a0")]);
  view.unsubscribe();
  await Promise.resolve();

  assertEquals([lists, notes], [[], ["end"]]);
});
