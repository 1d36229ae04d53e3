/**
 * Views as async iterators.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { LiveError } from "../../live/client/error.ts";
import { openSetup } from "./setup.ts";
import { followView, row, startView, TOPIC } from "./view_setup.ts";

Deno.test("an iteration of a view yields the newest list, and ends the view when it is left", async () => {
  using setup = openSetup();
  const { view } = followView(setup);
  const lists: number[][] = [];
  startView(setup, [row(1, 1, "a0")]);

  for await (const rows of view) {
    lists.push(rows.map(({ id }) => id));
    if (rows.length >= 3) break;
    setup.socket.receive(row(2, 2, "a1"));
    await Promise.resolve();
    setup.socket.receive(row(3, 3, "a2"));
    await Promise.resolve();
  }

  assertEquals(lists, [[1], [1, 2, 3]]);
  assertEquals(setup.socket.last, { type: "unsubscribe", topic: TOPIC });
});

Deno.test("an iteration of a view waits for the next list", async () => {
  using setup = openSetup();
  const lists = followView(setup).view[Symbol.asyncIterator]();
  const first = lists.next();

  startView(setup, [row(1, 1, "a0")]);
  assertEquals((await first).value?.length, 1);
  const second = lists.next();
  setup.socket.receive(row(2, 1, "a0"), row(3, 2, "a1"));

  assertEquals((await second).value?.length, 2);
});

Deno.test("an iteration of a view throws why the view ended", async () => {
  using setup = openSetup();
  const lists = Array.fromAsync(followView(setup).view);

  setup.socket.receive({ type: "error", code: "bad-view", message: "No", id: "1" });

  const error = await assertRejects(() => lists, LiveError, "No: view of events");
  assertEquals(error.code, "bad-view");
});

Deno.test("an iteration of a view ends with the client", async () => {
  using setup = openSetup();
  const { view } = followView(setup);
  startView(setup, [row(1, 1, "a0")]);
  await Promise.resolve();

  setup.live.close();

  const lists = await Array.fromAsync(view);
  assertEquals(lists.map(({ length }) => length), [1]);
});
