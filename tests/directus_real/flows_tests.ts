/**
 * Flows that report changes and Flows that publish, created as FLOWS.md describes them.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { logIn } from "../directus/contract_setup.ts";
import { UUID } from "../support/directus.ts";
import type { RealDirectus } from "./real_directus.ts";
import { blockOf, createFlow, recipe } from "./flow_setup.ts";
import { serve } from "./server_setup.ts";
import { createUser, type World } from "./world_setup.ts";

const changed = recipe("What changed in a collection");
const rights = recipe("Users and rights");
const chosen = recipe("Fields of your choice");

/** No revalidation, so that only the Flow can have closed a connection. */
const NEVER = { LIVE_REVALIDATE_INTERVAL_MS: "0" };

/** Values that break a template of JSON, or would publish something else. */
const HOSTILE = [
  `a "quoted" word`,
  "two\nlines\r\n and a \t tab",
  String.raw`a \ backslash, \u0000 and \"`,
  `x"}, "topic": "event:2", "data": {"title": "y`,
  `x"}}, {"topic":"event:2","key":"item","data":{"title":"y"}}, {"z":{"z":"`,
  "{{$env.LIVE_PUBLISH_TOKEN}} {{$trigger}} undefined",
  "</script>\u2028\u2029 ☃ 𝒳",
  "",
] as const;

/** Registers the tests. */
export function flows(directus: RealDirectus, { editor, eventsPermission }: World): void {
  Deno.test("POST /directus: a Flow publishes an update, with the message of FLOWS.md", async () => {
    await using served = await serve(directus);
    await using _flow = await createFlow(directus, served, { ...changed, collections: ["events"] });
    await using client = await served.connect(await logIn(directus, "ada"));
    await client.subscribe("event:1");

    await directus.admin("PATCH", "/items/events/1", { title: "Now" });

    const shown = JSON.parse(blockOf(changed.text, "json"));
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
    for (const { data } of messages) assertEquals(data, { event: "update" });
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

    assertEquals([offset <= 1, created.data], [true, { event: "create" }]);
    assertEquals([deleted.topic, deleted.data], [`many:${id}`, { event: "delete" }]);
  });

  Deno.test("POST /directus: a Flow publishes an update of an item with a uuid", async () => {
    await using served = await serve(directus);
    await using _flow = await createFlow(directus, served, { ...changed, collections: ["docs"] });
    await using client = await served.connect(await logIn(directus, "ada"));
    await client.subscribe(`docs:${UUID}`);
    await directus.admin("PATCH", `/items/docs/${UUID}`, { title: "Changed" });
    const { topic, data } = await client.next();
    assertEquals([topic, data], [`docs:${UUID}`, { event: "update" }]);
  });

  Deno.test("POST /directus: a Flow publishes hostile values unchanged, if payloads are published", async () => {
    await using served = await serve(directus, { LIVE_FLOW_PAYLOAD: "all" });
    await using _flow = await createFlow(directus, served, { ...changed, collections: ["events"] });
    await using client = await served.connect(await logIn(directus, "ada"));
    for (const topic of ["event:1", "event:2"]) await client.subscribe(topic);
    for (const status of HOSTILE) {
      await directus.admin("PATCH", "/items/events/1", { status });
      const { topic, data } = await client.next();
      assertEquals([topic, data], ["event:1", { event: "update", payload: { status } }]);
    }
  });

  Deno.test("POST /publish: a Flow publishes hostile values of chosen fields unchanged", async () => {
    await using served = await serve(directus);
    await using _flow = await createFlow(directus, served, { ...chosen, collections: ["events"] });
    await using client = await served.connect(await logIn(directus, "ada"));
    for (const topic of ["event:1", "event:2"]) await client.subscribe(topic);
    for (const status of HOSTILE) {
      await directus.admin("PATCH", "/items/events/1", { status });
      const { topic, key, data } = await client.next();
      // The title did not change: it is absent.
      assertEquals([topic, key, data], ["event:1", "item", { status }]);
    }
  });

  Deno.test("POST /publish: a Flow publishes chosen fields of each item of an update, and of a creation", async () => {
    await using served = await serve(directus);
    const script = chosen.script?.replace("event:$", "many:$");
    const options = { ...chosen, script, collections: ["many"] };
    await using _flow = await createFlow(directus, served, options);
    await using client = await served.connect(await logIn(directus, "ada"));
    for (const topic of ["many:1", "many:2"]) await client.subscribe(topic);

    const body = { keys: [1, 2], data: { status: "all" } };
    await directus.admin("PATCH", "/items/many", body);
    const messages = await client.take(2);
    assertEquals(messages.map(({ topic }) => topic).toSorted(), ["many:1", "many:2"]);
    for (const { data } of messages) assertEquals(data, { status: "all" });

    const { id } = await directus.admin("POST", "/items/many", { title: "New" });
    const { messages: [snapshot] } = await client.subscribe(`many:${id}`);
    const created = snapshot ?? await client.next(); // the Flow may run before or after the subscription
    assertEquals(created.data, { title: "New" });
    await directus.admin("DELETE", "/items/many", [id]);
  });

  for (
    const [what, act] of [
      [
        "suspended",
        (user: string) => directus.admin("PATCH", `/users/${user}`, { status: "suspended" }),
      ],
      ["deleted", (user: string) => directus.admin("DELETE", `/users/${user}`)],
    ] as const
  ) {
    Deno.test(`POST /directus: a Flow closes the connections of a user who is ${what}, and no others`, async () => {
      await using served = await serve(directus, NEVER);
      await using _flow = await createFlow(directus, served, rights);
      const [calm, gone] = [crypto.randomUUID(), crypto.randomUUID()];
      const calmId = await createUser(directus, calm, { role: editor });
      const goneId = await createUser(directus, gone, { role: editor });
      await using client = await served.connect(await logIn(directus, gone));
      await using other = await served.connect(await logIn(directus, calm));
      await other.subscribe("event:1");

      await directus.admin("PATCH", `/users/${calmId}`, { first_name: "Calm" });
      await act(goneId);

      assertEquals((await client.closed).code, 4503);
      await served.publish("event:1", "still here");
      assertEquals((await other.next()).data, "still here");
    });
  }

  Deno.test("POST /directus: a Flow ends subscriptions that changed permissions forbid", async () => {
    await using served = await serve(directus, NEVER);
    await using _flow = await createFlow(directus, served, rights);
    await using client = await served.connect(await logIn(directus, "ada"));
    for (const topic of ["event:1", "event:2"]) await client.subscribe(topic);
    const path = `/permissions/${eventsPermission}`;

    await directus.admin("PATCH", path, { permissions: { title: { _eq: "One" } } });

    const [, shown = ""] = rights.text.match(/`(\{"type":"unsubscribed"[^`]+)`/) ?? [];
    assertEquals(await client.next(), { ...JSON.parse(shown), topic: "event:2" });
    await directus.admin("PATCH", path, { permissions: { title: { _neq: "Hidden" } } });
  });
}
