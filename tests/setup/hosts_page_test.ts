/**
 * HOSTS.md and `live setup` give the same advice.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { cookieEnv, corsEnv } from "../../live/setup/directus_env.ts";
import { layoutOf, originOf } from "../support/hosts_page.ts";

for (const name of ["One host", "Subdomains", "Two sites"]) {
  Deno.test(`HOSTS.md: ${name}: the lines for Directus are those that live setup prints`, () => {
    const layout = layoutOf(name);
    const { PUBLIC_URL = "", ...env } = layout.directus;
    const [, live = ""] = /LIVE = "(.*)"/.exec(layout.script) ?? [];
    const addresses = {
      directus: new URL(PUBLIC_URL),
      live: new URL(live),
      pages: [new URL(originOf(layout))],
    };

    assertEquals(env, { ...corsEnv(addresses), ...cookieEnv(addresses) });
  });
}
