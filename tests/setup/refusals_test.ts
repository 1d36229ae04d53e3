/**
 * Tests of what `live setup` refuses, before it changes anything.
 *
 * @module
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { MemoryDirectus, run } from "./setup_setup.ts";

const LICENCE = {
  status: "active",
  usage: { flows: 3, seats: 1, collections: 2 },
  entitlements: {
    flows: { limit: 5 },
    seats: { limit: 3 },
    collections: { limit: -1 },
    custom_permission_rules_enabled: { default: false, override: null },
  },
};

Deno.test("setup lists no fields in permissions if the licence makes Directus ignore them", async () => {
  const directus = new MemoryDirectus({ licence: LICENCE });
  assertEquals((await run(directus)).code, 0);
  const users = directus.tables["permissions"]?.find((row) =>
    row["collection"] === "directus_users"
  );
  assertEquals(users?.["fields"], ["*"]);
});

Deno.test("setup changes nothing if the licence does not allow its Flows", async () => {
  const directus = new MemoryDirectus({
    licence: { ...LICENCE, usage: { ...LICENCE.usage, flows: 4 } },
  });
  const { code, errors } = await run(directus);
  assertEquals([code, directus.changes], [1, []]);
  assertStringIncludes(
    errors[0] ?? "",
    "allows 5 active Flows and 4 are active; setup needs 2 more",
  );
});

for (
  const [what, args, env, code, error] of [
    ["an unknown option", ["--collection", "events"], {}, 2, "Unknown option '--collection'"],
    ["no collection", [], { LIVE_TOPICS: "" }, 2, "Name the collections"],
    ["a system collection", ["--collections", "directus_users"], {}, 2, "directus_users"],
    ["a misspelt collection", ["--collections", "evnets"], {}, 1, "Did you mean events?"],
    ["an ops listener on all addresses", [], { OPS_HOST: "0.0.0.0" }, 2, "--ops-url"],
    ["an ops listener on all addresses of IPv6", [], { OPS_HOST: "[::]" }, 2, "--ops-url"],
    ["an address that is no URL", ["--ops-url", "live:9090"], {}, 2, "--ops-url must be a URL"],
    ["an invalid configuration", [], { OPS_PORT: "x" }, 2, "OPS_PORT must be"],
    ["an unknown token", [], { DIRECTUS_ADMIN_TOKEN: "wrong" }, 1, "does not know the token"],
    ["a token with a line break", [], { DIRECTUS_ADMIN_TOKEN: "a\nb" }, 1, "characters"],
    [
      "a token of a user",
      [],
      { DIRECTUS_ADMIN_TOKEN: "token-of-ada" },
      1,
      "is no administrator",
    ],
    ["no token and no terminal", [], { DIRECTUS_ADMIN_TOKEN: "" }, 1, "is not set"],
    ["another Directus", [], { DIRECTUS_BASE_URL: "http://nowhere" }, 1, "cannot be reached"],
  ] as const
) {
  Deno.test(`setup exits with ${code} and changes nothing: ${what}`, async () => {
    const directus = new MemoryDirectus();
    const { errors, ...result } = await run(directus, args, env);
    assertEquals([result.code, directus.changes], [code, []]);
    assertStringIncludes(errors.join("\n"), error);
  });
}
