/**
 * Flows that publish and Flows that revoke, created as FLOWS.md describes them.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { logIn } from "../directus/contract_setup.ts";
import { UUID } from "../support/directus.ts";
import type { RealDirectus } from "./real_directus.ts";
import { createFlow, recipe } from "./flow_setup.ts";
import { serve } from "./server_setup.ts";
import { createUser, type World } from "./world_setup.ts";

const changed = recipe("What changed in a collection");
const people = recipe("A user who was suspended, changed or deleted");
const permissions = recipe("Permissions that changed");

/** No revalidation, so that only the Flow can have closed a connection. */
const NEVER = { LIVE_REVALIDATE_INTERVAL_MS: "0" };

/** Registers the tests. */
export function flows(directus: RealDirectus, { editor, eventsPermission }: World): void {
  Deno.test("POST /directus: a Flow publishes an update, with the message of FLOWS.md", async () => {
    await using served = await serve(directus);
    await using _flow = await createFlow(directus, served, { ...changed, collections: ["events"] });
    await using client = await served.connect(await logIn(directus, "ada"));
    await client.subscribe("event:1");

    await directus.admin("PATCH", "/items/events/1", { title: "Now" });

    const shown = JSON.parse(changed.blocks.find((block) => block.includes('"message"')) ?? "");
    assertEquals(await client.next(), { ...shown, topic: "event:1", offset: 1 });
    await directus.admin("PATCH", "/items/events/1", { title: "One" });
  });

  Deno.test("POST /directus: a Flow publishes an update of many items on each topic", async () => {
    await using served = await serve(directus);
    await using _flow = await createFlow(directus, served, { ...changed, collections: ["many"] });
    await using client = await served.connect(await logIn(directus, "ada"));
    const topics = [1, 2, 3].map((id) => `many:${id}`);
    for (const topic of topics) await client.subscribe(topic);

    const body = { keys: [1, 2, 3], data: { title: "All" } };
    await directus.admin("PATCH", "/items/many", body);

    const messages = await client.take(3);
    assertEquals(messages.map(({ topic }) => topic).toSorted(), topics);
    for (const { data } of messages) {
      assertEquals(data, { event: "update", payload: { title: "All" } });
    }
  });

  Deno.test("POST /directus: a Flow publishes a creation and a deletion", async () => {
    await using served = await serve(directus);
    await using _flow = await createFlow(directus, served, { ...changed, collections: ["many"] });
    const { id } = await directus.admin("POST", "/items/many", { title: "New" });
    await using client = await served.connect(await logIn(directus, "ada"));

    const { messages, offset } = await client.subscribe(`many:${id}`);
    const created = messages[0] ?? await client.next(); // the Flow may run before or after the subscription
    await directus.admin("DELETE", "/items/many", [id]);
    const deleted = await client.next();

    assertEquals([offset <= 1, created.data], [true, {
      event: "create",
      payload: { title: "New" },
    }]);
    assertEquals([deleted.topic, deleted.data], [`many:${id}`, { event: "delete" }]);
  });

  Deno.test("POST /directus: a Flow publishes an update of an item with a uuid", async () => {
    await using served = await serve(directus);
    await using _flow = await createFlow(directus, served, { ...changed, collections: ["docs"] });
    await using client = await served.connect(await logIn(directus, "ada"));
    await client.subscribe(`docs:${UUID}`);
    await directus.admin("PATCH", `/items/docs/${UUID}`, { title: "Changed" });
    const { topic, data } = await client.next();
    assertEquals([topic, data.payload], [`docs:${UUID}`, { title: "Changed" }]);
  });

  Deno.test("POST /publish: a Flow publishes the fields that its template chooses", async () => {
    await using served = await serve(directus);
    await using _flow = await createFlow(directus, served, {
      scope: ["items.update"],
      collections: ["events"],
      url: changed.url.replace("/directus", "/publish"),
      body: changed.blocks.find((block) => block.includes("$trigger")) ?? "",
    });
    await using client = await served.connect(await logIn(directus, "ada"));
    await client.subscribe("event:2");
    await directus.admin("PATCH", "/items/events/2", { status: "open", title: "Two" });
    const { key, data } = await client.next();
    assertEquals([key, data], ["item", { status: "open" }]);
  });

  for (
    const [what, scope, condition, act] of [
      [
        "suspended",
        "items.update",
        people.condition,
        (user: string) =>
          directus.admin("PATCH", `/users/${user}`, {
            status: "suspended",
          }),
      ],
      [
        "deleted",
        "items.delete",
        undefined,
        (user: string) => directus.admin("DELETE", `/users/${user}`),
      ],
    ] as const
  ) {
    Deno.test(`POST /revoke: a Flow closes the connections of a user who is ${what}`, async () => {
      await using served = await serve(directus, NEVER);
      await using _flow = await createFlow(directus, served, {
        ...people,
        scope: [scope],
        condition,
      });
      const name = crypto.randomUUID();
      const user = await createUser(directus, name, { role: editor });
      await using client = await served.connect(await logIn(directus, name));
      await using other = await served.connect(await logIn(directus, "ada"));
      await other.subscribe("event:1");

      await act(user);

      assertEquals((await client.closed).code, 4503);
      await served.publish("event:1", "ada is still here");
      assertEquals((await other.next()).data, "ada is still here");
    });
  }

  Deno.test("POST /revoke: a Flow's condition ignores other changes of a user", async () => {
    await using served = await serve(directus, NEVER);
    await using _flow = await createFlow(directus, served, { ...people, scope: ["items.update"] });
    const [calm, gone] = [crypto.randomUUID(), crypto.randomUUID()];
    const [calmId, goneId] = [
      await createUser(directus, calm, { role: editor }),
      await createUser(directus, gone, { role: editor }),
    ];
    await using client = await served.connect(await logIn(directus, calm));
    await using other = await served.connect(await logIn(directus, gone));
    await client.subscribe("event:1");

    await directus.admin("PATCH", `/users/${calmId}`, { first_name: "Calm" });
    await directus.admin("PATCH", `/users/${goneId}`, { status: "suspended" });

    assertEquals((await other.closed).code, 4503);
    await served.publish("event:1", "still here");
    assertEquals((await client.next()).data, "still here");
  });

  Deno.test("POST /revoke: a Flow ends subscriptions that changed permissions forbid", async () => {
    await using served = await serve(directus, NEVER);
    await using _flow = await createFlow(directus, served, permissions);
    await using client = await served.connect(await logIn(directus, "ada"));
    for (const topic of ["event:1", "event:2"]) await client.subscribe(topic);
    const path = `/permissions/${eventsPermission}`;

    await directus.admin("PATCH", path, { permissions: { title: { _eq: "One" } } });

    const [, shown = ""] = permissions.text.match(/`(\{"type":"unsubscribed"[^`]+)`/) ?? [];
    assertEquals(await client.next(), { ...JSON.parse(shown), topic: "event:2" });
    await directus.admin("PATCH", path, { permissions: { title: { _neq: "Hidden" } } });
  });
}
