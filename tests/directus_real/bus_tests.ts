/**
 * The bus of Directus's own instances, which Directus does not document.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { logIn } from "../directus/contract_setup.ts";
import { RedisServer, redisTest } from "../support/redis_server.ts";
import { blockOf, recipe } from "./flow_setup.ts";
import { RealDirectus } from "./real_directus.ts";
import { serve } from "./server_setup.ts";
import { createUser, createWorld } from "./world_setup.ts";

const { text } = recipe("Without Flows");

/**
 * Without ioredis's check of the server: where Directus starts slowly, the check meets a connection
 * that has subscribed already, which ends Directus.
 */
const NO_READY_CHECK = "?enableReadyCheck=";

/** Nothing but the bus reports changes. */
const BUS_ONLY = { LIVE_REVALIDATE_INTERVAL_MS: "0", LIVE_VIEW_REFRESH_MS: "0" };

/** Registers the test. */
export function bus(): void {
  redisTest("main.ts: with the bus of Directus, views need no Flow", async () => {
    await using redis = await RedisServer.start();
    const settings = Object.fromEntries(
      [...blockOf(text, "ini").matchAll(/^(\w+)="(.*)"$/gm)].map(([, name = "", value = ""]) => {
        return [name, value.replace("redis://redis:6379", redis.url + NO_READY_CHECK)];
      }),
    );
    await using directus = await RealDirectus.start("bus", settings);
    const { editor } = await createWorld(directus);
    const ada = await createUser(directus, "ada", { role: editor });
    await using served = await serve(directus, {
      ...BUS_ONLY,
      DIRECTUS_EVENTS_REDIS_URL: redis.url,
    });
    await using client = await served.connect(await logIn(directus, "ada"));
    const query = { fields: ["title"], filter: { title: { _contains: "bus" } } };
    const view = { collection: "many", query };
    assertEquals((await client.ask({ type: "subscribe", view })).messages, []);

    for (const title of ["short bus", `long bus ${"x".repeat(2_000)}`]) {
      const { id } = await directus.admin("POST", "/items/many", { title });
      assertEquals((await client.next()).data, { title });
      await directus.admin("PATCH", `/items/many/${id}`, { title: `${title}!` });
      assertEquals((await client.next()).data, { title: `${title}!` });
      await directus.admin("DELETE", "/items/many", [id]);
      assertEquals((await client.next()).removed, true);
    }

    await directus.admin("PATCH", `/users/${ada}`, { status: "suspended" });
    assertEquals((await client.closed).code, 4401);
  });
}
