/**
 * What clients may subscribe to, by Directus's own permissions.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { logIn } from "../directus/contract_setup.ts";
import { UUID } from "../support/directus.ts";
import type { RealDirectus } from "./real_directus.ts";
import { serve } from "./server_setup.ts";
import { createPolicy, createUser, type World } from "./world_setup.ts";

/** Registers the tests. */
export function access(directus: RealDirectus, { eventsPermission }: World): void {
  for (
    const [user, topic, answer] of [
      ["ada", "event:1", "subscribed"],
      ["ada", "events:1", "subscribed"], // by the collection's own name
      ["ada", "event:3", "forbidden"], // an item filter hides it
      ["ada", "event:99", "forbidden"],
      ["ada", "event:01", "forbidden"],
      ["ada", "event:1.0", "forbidden"],
      ["ada", "event:+1", "forbidden"],
      ["ada", "event:0x1", "forbidden"],
      ["ada", "event:.", "bad-topic"],
      ["ada", "event:1?fields=*", "bad-topic"],
      ["ada", `docs:${UUID}`, "subscribed"],
      ["ada", `docs:${UUID.toUpperCase()}`, "forbidden"],
      ["ada", "docs:1", "forbidden"],
      ["ada", "nothing:1", "forbidden"],
      ["ada", "directus_users:1", "forbidden"],
      ["bob", "event:1", "forbidden"],
      ["bob", "news:1", "subscribed"],
    ] as const
  ) {
    Deno.test(`main.ts: ${user} gets ${answer} for ${topic}`, async () => {
      await using served = await serve(directus);
      await using client = await served.connect(await logIn(directus, user));
      const { type, code } = await client.subscribe(topic);
      assertEquals(code ?? type, answer);
    });
  }

  Deno.test("main.ts: many topics at once get the answers that Directus gives for each", async () => {
    await using served = await serve(directus);
    await using client = await served.connect(await logIn(directus, "ada"));
    const ids = ["1", "2", "3", "4", "01", "no-number"]; // because of which Directus refuses a list
    for (const id of ids) client.send({ type: "subscribe", topic: `event:${id}`, id });
    const answers = await client.take(ids.length);
    const granted = answers.filter(({ type }) => type === "subscribed").map(({ id }) => id);
    assertEquals(granted.toSorted(), ["1", "2"]);
    const refused = answers.filter(({ type }) => type === "error").map(({ code }) => code);
    assertEquals(new Set(refused), new Set(["forbidden"]));
  });

  Deno.test("main.ts: a deleted permission ends the subscription, and no other", async () => {
    const { policy, permissions } = await createPolicy(directus, "Temporary", { many: {} });
    const user = await createUser(directus, "temp");
    await directus.admin("POST", "/access", { user, policy });
    await using served = await serve(directus);
    await using client = await served.connect(await logIn(directus, "temp"));
    for (const topic of ["many:1", "news:1"]) {
      assertEquals((await client.subscribe(topic)).type, "subscribed");
    }

    await directus.admin("DELETE", `/permissions/${permissions[0]}`);

    const gone = { type: "unsubscribed", topic: "many:1", reason: "forbidden" };
    assertEquals(await client.next(), gone);
    await served.publish("many:1", "not for everybody");
    await served.publish("news:1", "for everybody");
    assertEquals((await client.next()).data, "for everybody");
  });

  Deno.test("main.ts: a changed item filter ends the subscription to an item that it hides", async () => {
    await using served = await serve(directus);
    await using client = await served.connect(await logIn(directus, "ada"));
    for (const topic of ["event:1", "event:2"]) await client.subscribe(topic);
    const path = `/permissions/${eventsPermission}`;
    await directus.admin("PATCH", path, { permissions: { title: { _eq: "One" } } });
    try {
      const { type, topic } = await client.next();
      assertEquals([type, topic], ["unsubscribed", "event:2"]);
    } finally {
      await directus.admin("PATCH", path, { permissions: { title: { _neq: "Hidden" } } });
    }
  });
}
