/**
 * `live setup` with a real Directus: from nothing to a change that reaches a subscriber.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { logIn } from "../directus/contract_setup.ts";
import { hasRedis } from "../support/redis_server.ts";
import { PAGE, startOperator, troubles, variablesIn } from "./operator_setup.ts";
import { TOKEN } from "./server_setup.ts";

/** A Directus that works together with no server: nothing of this is as it comes out of the box. */
const BROKEN = {
  SESSION_COOKIE_DOMAIN: "cms.example.com",
  CORS_ENABLED: "false",
  IMPORT_IP_DENY_LIST: "0.0.0.0,169.254.169.254",
};

/** What live setup makes. */
const MADE = ["/flows", "/operations", "/policies", "/permissions", "/users", "/access"];

/** Registers the tests. */
export function setupTests(): void {
  Deno.test("live setup and the cures of live doctor lead to a subscriber who hears of changes", async () => {
    await using operator = await startOperator("setup", BROKEN);
    const { directus, served, world } = operator;
    const rows = async () => {
      const lists = await Promise.all(
        MADE.map((path) => directus.admin("GET", `${path}?limit=-1`)),
      );
      return lists.flat().map((row) => ({ ...row, last_access: null, last_page: null }));
    };
    const before = await rows();

    const { lines } = await operator.setup();
    const token = variablesIn(lines.join("\n"))["DIRECTUS_TOKEN"] ?? "";
    const made = await rows();
    assertEquals((await operator.setup()).lines[0], "Nothing to change.");
    assertEquals(await rows(), made);

    // The doctor names what is wrong in the environment of Directus, which no API can set.
    const env = { DIRECTUS_TOKEN: token };
    const faults = troubles(await operator.doctor(env)).filter((line) => line.startsWith("fault"));
    const [cookie = "", cors = "", flows = ""] = faults;
    assertMatch(cookie, /session cookie: browsers drop the cookie: its domain cms\.example\.com/);
    assertMatch(cors, new RegExp(`CORS: browsers do not let ${PAGE} call .* CORS is off`));
    assertMatch(flows, /Flows: Directus may not call .* resolves to a denied IP address/);
    assertEquals(faults.length, 3);
    await directus.restart({ SESSION_COOKIE_DOMAIN: "", ...variablesIn(faults.join("\n")) });

    // Now Directus calls the server, without the token.
    const [fault = "", ...others] = troubles(await operator.doctor(env));
    assertMatch(fault, /fault Flows: Live rejects the token of the calls/);
    assertEquals(others.length, hasRedis ? 0 : 1);
    await directus.restart({ ...variablesIn(fault), LIVE_PUBLISH_TOKEN: TOKEN });
    assertEquals(troubles(await operator.doctor(env)).length, hasRedis ? 0 : 1);

    await using client = await served.connect(await logIn(directus, "ada"));
    await client.subscribe("event:1");
    await directus.admin("PATCH", "/items/events/1", { title: "Heard" });
    const { topic, key, data } = await client.next();
    assertEquals([topic, key, data], ["event:1", "item", { event: "update" }]);

    const permission = `/permissions/${world.eventsPermission}`;
    await directus.admin("PATCH", permission, { permissions: { title: { _eq: "Nothing" } } });
    assertEquals(await client.next(), {
      type: "unsubscribed",
      topic: "event:1",
      reason: "forbidden",
    });
    await directus.admin("PATCH", permission, { permissions: { title: { _neq: "Hidden" } } });

    const stored = await Promise.all(
      ["/operations", "/revisions", "/activity"].map((path) =>
        directus.admin("GET", `${path}?limit=-1`)
      ),
    );
    assert(!JSON.stringify(stored).includes(TOKEN), "Directus stores the publish token");

    await operator.setup(["--remove"]);
    assertEquals(await rows(), before);
  });
}
