/**
 * `live setup` against a Directus in memory.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ITEMS_FLOW, POLICY, RIGHTS_FLOW, USER } from "../../live/setup/blueprint.ts";
import { ADMIN, MemoryDirectus, type Row, run } from "./setup_setup.ts";

function row(directus: MemoryDirectus, table: string, id: string): Row {
  const found = directus.tables[table]?.find((row) => row["id"] === id);
  assert(found !== undefined, `no row ${id} in ${table}`);
  return found;
}

Deno.test("setup makes a Flow for the collections of LIVE_TOPICS, with the token as a template", async () => {
  const directus = new MemoryDirectus();

  const { code } = await run(directus);

  assertEquals(code, 0);
  const { operation, options } = row(directus, "flows", ITEMS_FLOW);
  assertEquals(options, {
    type: "action",
    scope: ["items.create", "items.update", "items.delete"],
    collections: ["events"],
  });
  assertEquals(row(directus, "operations", String(operation))["options"], {
    method: "POST",
    url: "http://127.0.0.1:9090/directus",
    headers: [
      { header: "Authorization", value: "Bearer {{$env.LIVE_PUBLISH_TOKEN}}" },
      { header: "Content-Type", value: "application/json" },
    ],
    body: "{{$trigger}}",
  });
});

Deno.test("setup makes a Flow for users and rights", async () => {
  const directus = new MemoryDirectus();
  await run(directus, ["--ops-url", "http://live:9090/"]);
  const { operation, options } = row(directus, "flows", RIGHTS_FLOW);
  assertEquals((options as Row)["collections"], [
    "directus_users",
    "directus_permissions",
    "directus_policies",
    "directus_access",
    "directus_roles",
    "directus_fields",
    "directus_relations",
  ]);
  const call = row(directus, "operations", String(operation))["options"] as Row;
  assertEquals(call["url"], "http://live:9090/directus");
});

Deno.test("setup makes a user whose token reads rights and no items, and shows the token once", async () => {
  const directus = new MemoryDirectus();

  const { lines } = await run(directus);

  const { token, role } = row(directus, "users", USER);
  assertMatch(String(token), /^[\w-]{43}$/);
  assertEquals(role, null);
  assert(lines.includes(`  DIRECTUS_TOKEN=${token}`), lines.join("\n"));
  assertEquals((await run(directus)).lines.filter((line) => line.includes("DIRECTUS_TOKEN")), []);
  const { app_access, admin_access } = row(directus, "policies", POLICY);
  assertEquals([app_access, admin_access], [false, false]);
  assertEquals(
    directus.tables["permissions"]?.map((row) => [row["collection"], row["action"], row["fields"]]),
    [
      ["directus_permissions", "read", ["*"]],
      ["directus_policies", "read", ["*"]],
      ["directus_access", "read", ["*"]],
      ["directus_roles", "read", ["*"]],
      ["directus_relations", "read", ["*"]],
      ["directus_users", "read", ["id", "role", "policies"]],
    ],
  );
  assertEquals(directus.tables["access"]?.map((row) => [row["user"], row["policy"]]), [
    [USER, POLICY],
  ]);
});

Deno.test("setup changes nothing the second time", async () => {
  const directus = new MemoryDirectus();
  await run(directus);
  const count = directus.changes.length;

  const { code, lines } = await run(directus);

  assertEquals([code, directus.changes.length, lines[0]], [0, count, "Nothing to change."]);
});

Deno.test("setup completes what an interrupted run left behind", async () => {
  const refused = new MemoryDirectus({ refused: ["POST /permissions"] });
  const first = await run(refused);
  assertEquals([first.code, first.errors.length], [1, 1]);
  assertStringIncludes(first.errors[0] ?? "", "POST /permissions: No. (FORBIDDEN)");
  const directus = new MemoryDirectus();
  Object.assign(directus.tables, refused.tables);

  assertEquals((await run(directus)).code, 0);

  assertEquals(directus.changes.filter((change) => change.startsWith("POST")), [
    ...Array(6).fill("POST /permissions"),
    "POST /users",
    "POST /access",
    "POST /flows",
    "POST /operations",
    "POST /flows",
    "POST /operations",
  ]);
});

Deno.test("setup --collections changes which collections are published", async () => {
  const directus = new MemoryDirectus();
  await run(directus);
  const { lines } = await run(directus, ["--collections", "orders, events,"]);
  assertEquals(lines[0], 'change options of the Flow "Live: changed items"');
  const options = row(directus, "flows", ITEMS_FLOW)["options"] as Row;
  assertEquals(options["collections"], ["orders", "events"]);
});

Deno.test("setup --dry-run says what it would change, and changes nothing", async () => {
  const directus = new MemoryDirectus();

  const { code, lines } = await run(directus, ["--dry-run"]);

  assertEquals([code, directus.changes], [0, []]);
  assertEquals(lines[0], 'would create the policy "Live: reads rights"');
  assertEquals(lines.filter((line) => line.includes("DIRECTUS_TOKEN=")), []);
});

Deno.test("setup --remove removes exactly what setup made", async () => {
  const directus = new MemoryDirectus();
  directus.tables["flows"]?.push({ id: "another", name: "Live: changed items" });
  await run(directus);

  const { code, lines } = await run(directus, ["--remove"], { LIVE_TOPICS: "" });

  assertEquals(code, 0);
  assertEquals(lines, [
    'delete the Flow "Live: changed items"',
    'delete the Flow "Live: users and rights"',
    'delete the user "Live server"',
    'delete the policy "Live: reads rights"',
  ]);
  assertEquals(directus.tables["flows"]?.map((row) => row["id"]), ["another"]);
  assertEquals(directus.tables["users"]?.map((row) => row["id"]), ["admin", "ada"]);
});

Deno.test("setup gives the user the configured DIRECTUS_TOKEN, once", async () => {
  const directus = new MemoryDirectus();
  const env = { DIRECTUS_TOKEN: "a-token-of-the-operator" };
  assertEquals((await run(directus, [], env)).code, 0);
  assertEquals(row(directus, "users", USER)["token"], "a-token-of-the-operator");
  assertEquals((await run(directus, [], env)).lines[0], "Nothing to change.");
});

Deno.test("setup makes no user if DIRECTUS_TOKEN belongs to another user", async () => {
  const directus = new MemoryDirectus();
  const { code, lines } = await run(directus, [], { DIRECTUS_TOKEN: "token-of-ada" });
  assertEquals(code, 0);
  assert(lines.some((line) => line.startsWith("DIRECTUS_TOKEN belongs to a user")));
  assertEquals([directus.tables["users"]?.length, directus.tables["flows"]?.length], [2, 2]);
});

Deno.test("setup asks for the administrator's token if the environment has none", async () => {
  const directus = new MemoryDirectus();
  const { code, questions } = await run(directus, [], { DIRECTUS_ADMIN_TOKEN: "" }, ADMIN);
  assertEquals(code, 0);
  assertEquals(questions, ["Static token of a Directus administrator"]);
});

Deno.test("setup --help lists its options", async () => {
  const { code, lines } = await run(new MemoryDirectus(), ["--help"]);
  assertEquals(code, 0);
  for (const option of ["--collections", "--ops-url", "--dry-run", "--remove"]) {
    assertStringIncludes(lines.join("\n"), option);
  }
});
