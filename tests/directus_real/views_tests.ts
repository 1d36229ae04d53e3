/**
 * Views, with the rights that a real Directus gives.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { logIn } from "../directus/contract_setup.ts";
import type { Client } from "../support/client.ts";
import { createFlow, recipe } from "./flow_setup.ts";
import type { RealDirectus } from "./real_directus.ts";
import { serve } from "./server_setup.ts";
import { restRows, ViewRows } from "./view_client_setup.ts";
import { RULES_TOKEN, type ViewWorld } from "./view_world_setup.ts";

const changed = recipe("What changed in a collection");

/** Only the Flow reports changes. */
const FLOW_ONLY = {
  DIRECTUS_TOKEN: RULES_TOKEN,
  LIVE_REVALIDATE_INTERVAL_MS: "0",
  LIVE_VIEW_REFRESH_MS: "0",
};

/** Registers the tests. */
export function views(directus: RealDirectus, world: ViewWorld): void {
  const view = {
    collection: "tasks",
    query: { fields: ["*"], filter: { title: { _neq: "Hidden" } }, sort: ["-title", "id"] },
  };

  Deno.test("main.ts: a view shows each user what REST shows to them, before and after changes", async () => {
    await using served = await serve(directus, FLOW_ONLY);
    await using _flow = await createFlow(directus, served, { ...changed, collections: ["tasks"] });
    const lists = await Promise.all(
      world.users.slice(0, 5).map(async ({ name }) => {
        const cookie = await logIn(directus, name);
        const client = await served.connect(cookie);
        const { messages, type, message } = await client.ask({ type: "subscribe", view });
        assertEquals(type, "subscribed", `${name}: ${message}`);
        const rows = new ViewRows();
        for (const message of messages) rows.apply(message);
        return { name, cookie, client, rows };
      }),
    );
    const settle = async () => {
      for (const { name, cookie, client, rows } of lists) {
        await untilEqual(client, rows, await restRows(directus, cookie, view), name);
      }
    };

    const owner = world.users[3]?.id;
    const { id: open } = await directus.admin("POST", "/items/tasks", {
      title: "Open",
      status: "open",
      secret: "s1",
      points: 5,
      owner,
      team: 1,
    });
    const { id: draft } = await directus.admin("POST", "/items/tasks", {
      title: "Draft",
      status: "draft",
      secret: "s2",
      points: 7,
    });
    await settle();
    await directus.admin("PATCH", `/items/tasks/${draft}`, { title: "Zebra" });
    await settle();
    await directus.admin("PATCH", "/items/tasks", {
      keys: [open, draft],
      data: { status: "done", owner },
    });
    await settle();
    await directus.admin("PATCH", `/items/tasks/${draft}`, { title: "Hidden" });
    await settle();
    await directus.admin("DELETE", "/items/tasks", [open, draft]);
    await settle();
  });
}

/** Resolves once the rows are those expected. */
async function untilEqual(
  client: Client,
  rows: ViewRows,
  expected: unknown,
  name: string,
): Promise<void> {
  while (JSON.stringify(rows.list) !== JSON.stringify(expected)) {
    const message = await client.next();
    assertEquals(message.type, "message", `${name}: ${JSON.stringify(message)}`);
    rows.apply(message);
  }
}
