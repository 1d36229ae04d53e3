/**
 * Tests of subscriptions: their starts, and which events follow.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Setup, subscribe } from "./setup.ts";

const OPEN = { fields: "id,title", filter: '{"status":{"_eq":"open"}}', sort: "-title" };

Deno.test("a subscription begins with the list, in the query's order", async () => {
  await using setup = await Setup.start();
  const a = setup.add({ title: "a", status: "open" });
  const b = setup.add({ title: "b", status: "open" });
  setup.add({ title: "c", status: "done" });
  await using client = await setup.connect();

  assertEquals(await subscribe(client, { query: OPEN }), {
    type: "subscription",
    event: "init",
    data: [{ id: b, title: "b" }, { id: a, title: "a" }],
    uid: "1",
  });
});

Deno.test("a row is created, updated and deleted, with one message in each frame", async () => {
  await using setup = await Setup.start();
  await using client = await setup.connect();
  await subscribe(client, { query: OPEN });

  const id = await setup.create({ title: "new", status: "open" });
  const created = await client.next();
  await setup.update(id, { title: "newer" });
  const updated = await client.next();
  await setup.delete(id);
  const deleted = await client.next();

  assertEquals([created, updated, deleted], [
    { type: "subscription", event: "create", data: [{ id, title: "new" }], uid: "1" },
    { type: "subscription", event: "update", data: [{ id, title: "newer" }], uid: "1" },
    { type: "subscription", event: "delete", data: [String(id)], uid: "1" },
  ]);
  assertEquals(client.frames.some((frame) => frame.startsWith("[")), false);
});

Deno.test("a row that leaves the filter is deleted, and one that enters it is updated", async () => {
  await using setup = await Setup.start();
  const id = setup.add({ title: "a", status: "open" });
  await using client = await setup.connect();
  await subscribe(client, { query: OPEN });

  await setup.update(id, { status: "done" });
  const left = await client.next();
  await setup.update(id, { status: "open" });
  const entered = await client.next();

  assertEquals([left.event, left.data], ["delete", [String(id)]]);
  assertEquals([entered.event, entered.data], ["update", [{ id, title: "a" }]]);
});

Deno.test("a change that the subscription does not show is not reported", async () => {
  await using setup = await Setup.start();
  const id = setup.add({ title: "a", status: "open" });
  await using client = await setup.connect();
  await subscribe(client, { query: { ...OPEN, fields: ["id"] } });

  await setup.update(id, { title: "b" });
  await setup.create({ title: "hidden", status: "done" });
  const next = await setup.create({ title: "shown", status: "open" });

  assertEquals((await client.next()).data, [{ id: next }]);
});

Deno.test("changes of rows outside the list are reported, and a row that leaves the list is not reported as deleted", async () => {
  await using setup = await Setup.start();
  const [a, b] = [setup.add({ title: "a" }), setup.add({ title: "b" })];
  await using client = await setup.connect();
  const query = { fields: ["id", "title"], sort: ["-title"], limit: "1" };
  const init = await subscribe(client, { query });

  const c = await setup.create({ title: "c" });
  const created = await client.next();
  await setup.update(a, { title: "aa" });
  const updated = await client.next();
  await using late = await setup.connect();
  const lateInit = await subscribe(late, { query });
  await setup.update(b, { title: "bb" });
  const kept = await client.next();

  assertEquals(init.data, [{ id: b, title: "b" }]);
  assertEquals([created.event, created.data], ["create", [{ id: c, title: "c" }]]);
  assertEquals([updated.event, updated.data], ["update", [{ id: a, title: "aa" }]]);
  assertEquals(lateInit.data, [{ id: c, title: "c" }]);
  assertEquals([kept.event, kept.data], ["update", [{ id: b, title: "bb" }]]);
});

Deno.test("a subscription without a limit begins with 100 rows, and one with -1 with all", async () => {
  await using setup = await Setup.start();
  for (let n = 0; n < 101; n++) setup.add({});
  await using client = await setup.connect();

  assertEquals((await subscribe(client)).data.length, 100);
  assertEquals((await subscribe(client, { query: { limit: "-1" } })).data.length, 101);
  assertEquals((await subscribe(client, { query: { limit: 0 } })).data, []);
});

Deno.test("a list that is longer than a frame begins with all its rows in one message", async () => {
  await using setup = await Setup.start();
  const title = "x".repeat(2_000);
  for (let n = 0; n < 90; n++) setup.add({ title });
  await using client = await setup.connect();

  const init = await subscribe(client);
  const id = await setup.create({ title: "after" });

  assertEquals(init.data.length, 90);
  assertEquals((await client.next()).data, [{ id, title: "after", status: null }]);
});

for (const event of ["create", "update", "delete"] as const) {
  Deno.test(`a subscription to ${event} begins without data, and reports nothing else`, async () => {
    await using setup = await Setup.start();
    const before = setup.add({ title: "before" });
    await using client = await setup.connect();
    const init = await subscribe(client, { event });
    await using witness = await setup.connect();
    await subscribe(witness);

    const id = await setup.create({ title: "a" });
    await witness.next();
    await setup.update(before, { title: "b" });
    await witness.next();
    await setup.delete(id);
    await witness.next();

    const data = {
      create: [{ id, title: "a", status: null }],
      update: [{ id: before, title: "b", status: null }],
      delete: [String(id)],
    };
    assertEquals(init, { type: "subscription", event: "init", uid: "1" });
    assertEquals(await client.next(), {
      type: "subscription",
      event,
      data: data[event],
      uid: "1",
    });
    assertEquals(client.pending, 0);
  });
}

Deno.test("a deletion is reported only to users who could see the row", async () => {
  await using setup = await Setup.start();
  const [open, done] = [setup.add({ status: "open" }), setup.add({ status: "done" })];
  await using bob = await setup.connect("bob");
  await subscribe(bob, { event: "delete" });
  await using ada = await setup.connect("ada");
  await subscribe(ada, { event: "delete" });

  await setup.delete(done);
  const told = await ada.next();
  await setup.delete(open);

  assertEquals(told.data, [String(done)]);
  assertEquals((await bob.next()).data, [String(open)]);
});

Deno.test("an item begins as one object, and so are its events", async () => {
  await using setup = await Setup.start();
  const [id, other] = [setup.add({ title: "a" }), setup.add({ title: "b" })];
  await using client = await setup.connect();
  const init = await subscribe(client, { item: id, query: { fields: "title" } });

  await setup.update(other, { title: "c" });
  await setup.update(id, { title: "d" });
  const updated = await client.next();
  await setup.delete(id);
  const deleted = await client.next();

  assertEquals(init.data, { title: "a" });
  assertEquals([updated.event, updated.data], ["update", { title: "d" }]);
  assertEquals([deleted.event, deleted.data], ["delete", String(id)]);
});

Deno.test("subscriptions of users with equal rights share one read of a change", async () => {
  await using setup = await Setup.start();
  const clients = await Promise.all(Array.from({ length: 4 }, () => setup.connect()));
  for (const client of clients) await subscribe(client);
  const before = setup.directus.count("SEARCH /items/:collection");

  await setup.create({ title: "a" });
  for (const client of clients) await client.next();

  assertEquals(setup.directus.count("SEARCH /items/:collection") - before, 1);
  for (const client of clients) await client.close();
});
