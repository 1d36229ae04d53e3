/**
 * Flows of a real Directus that publish, and one that revokes: as FLOWS.md says to make them.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { RealDirectus } from "./real_directus.ts";
import { AUTHORIZATION, serve } from "./served.ts";
import { createUser, logIn, type World } from "./world.ts";

/** What a Flow is made of. */
interface FlowOptions {
  readonly scope: readonly string[];
  readonly collections: readonly string[];
  readonly url: string;
  readonly body: string;
  /** The filter of a condition before the request. @default {none} */
  readonly condition?: unknown;
}

/** Registers the tests. */
export function flows(directus: RealDirectus, { editor }: World): void {
  Deno.test("POST /directus: a Flow publishes what is created, updated and deleted", async () => {
    await using served = await serve(directus);
    await using _flow = await createFlow(directus, {
      scope: ["items.create", "items.update", "items.delete"],
      collections: ["events"],
      url: `${served.ops}/directus`,
      body: "{{$trigger}}",
    });
    await using client = await served.connect(await logIn(directus, "ada"));
    for (const topic of ["event:1", "event:2"]) await client.subscribe(topic);

    await directus.admin("PATCH", "/items/events/1", { title: "First" });
    const update = await client.next();
    await directus.admin("PATCH", "/items/events", { keys: [1, 2], data: { title: "Both" } });
    const both = await client.take(2);
    const { id } = await directus.admin("POST", "/items/events", { title: "New" });
    await using late = await served.connect(await logIn(directus, "ada"));
    const created = await until(async () => {
      const { messages } = await late.subscribe(`event:${id}`);
      return messages.length > 0 ? messages[0] : undefined;
    });
    await directus.admin("DELETE", "/items/events", [id]);
    const deleted = await late.next();

    const message = { type: "message", key: "item" };
    assertEquals(update, {
      ...message,
      topic: "event:1",
      offset: 1,
      data: { event: "update", payload: { title: "First" } },
    });
    assertEquals(both.map(({ topic }) => topic).toSorted(), ["event:1", "event:2"]);
    for (const { data } of both) {
      assertEquals(data, { event: "update", payload: { title: "Both" } });
    }
    assertEquals(created.data, { event: "create", payload: { title: "New" } });
    assertEquals([deleted.topic, deleted.data], [`event:${id}`, { event: "delete" }]);
    await directus.admin("PATCH", "/items/events/1", { title: "One" });
    await directus.admin("PATCH", "/items/events/2", { title: "Two" });
  });

  Deno.test("POST /revoke: a Flow closes the connections of a user who is suspended, at once", async () => {
    await using served = await serve(directus, { LIVE_REVALIDATE_INTERVAL_MS: "0" });
    await using _flow = await createFlow(directus, {
      scope: ["items.update"],
      collections: ["directus_users"],
      url: `${served.ops}/revoke`,
      body: '{ "user": {{$trigger.keys}} }',
      condition: { $trigger: { payload: { status: { _neq: "active" } } } },
    });
    const user = await createUser(directus, "mallory", { role: editor });
    await using client = await served.connect(await logIn(directus, "mallory"));
    await using other = await served.connect(await logIn(directus, "ada"));
    await other.subscribe("event:1");

    await directus.admin("PATCH", `/users/${user}`, { status: "suspended" });

    assertEquals((await client.closed).code, 4503);
    await served.publish("event:1", "ada is still here");
    assertEquals((await other.next()).data, "ada is still here");
  });

  Deno.test("POST /revoke: a Flow has rights asked for again when permissions change", async () => {
    await using served = await serve(directus, { LIVE_REVALIDATE_INTERVAL_MS: "0" });
    await using _flow = await createFlow(directus, {
      scope: ["items.create", "items.update", "items.delete"],
      collections: ["directus_permissions", "directus_access", "directus_policies"],
      url: `${served.ops}/revoke`,
      body: '{"topic":"many:*"}',
    });
    const permissions = await directus.admin(
      "GET",
      "/permissions?filter[collection][_eq]=many&fields=id",
    );
    await using client = await served.connect(await logIn(directus, "ada"));
    await client.subscribe("many:1");

    await directus.admin("PATCH", `/permissions/${permissions[0].id}`, {
      permissions: { title: { _eq: "nothing" } },
    });

    const { type, reason } = await client.next();
    assertEquals([type, reason], ["unsubscribed", "forbidden"]);
  });
}

/** Creates a Flow, which is deleted when it is disposed of. */
async function createFlow(
  directus: RealDirectus,
  { scope, collections, url, body, condition }: FlowOptions,
): Promise<AsyncDisposable> {
  const { id: flow } = await directus.admin("POST", "/flows", {
    name: url,
    status: "active",
    trigger: "event",
    options: { type: "action", scope, collections },
  });
  const call = await directus.admin("POST", "/operations", {
    flow,
    name: "call",
    key: "call",
    type: "request",
    position_x: 20,
    position_y: 1,
    options: {
      method: "POST",
      url,
      body,
      headers: [
        { header: "Authorization", value: AUTHORIZATION },
        { header: "Content-Type", value: "application/json" },
      ],
    },
  });
  const first = condition === undefined ? call : await directus.admin("POST", "/operations", {
    flow,
    name: "if",
    key: "if",
    type: "condition",
    position_x: 1,
    position_y: 1,
    options: { filter: condition },
    resolve: call.id,
  });
  await directus.admin("PATCH", `/flows/${flow}`, { operation: first.id });
  return { [Symbol.asyncDispose]: () => directus.admin("DELETE", `/flows/${flow}`) };
}

/** Tries until something is there; what is waited for happens in another process. */
async function until<T>(get: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await get();
    if (found !== undefined) return found;
  }
}
