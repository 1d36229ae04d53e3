/**
 * The recipes of live/docs/FLOWS.md make calls that are accepted.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { readRevocation } from "../../live/domain/revocation.ts";
import { Ops } from "./ops_setup.ts";

const TOPICS = new Map([["event", { collection: "events", primaryKey: "id" }]]);

const UPDATE = {
  event: "events.items.update",
  payload: { title: "Now" },
  keys: ["7"],
  collection: "events",
};

/** Fills in a template as Directus does: text unchanged, objects as JSON, the rest as a word. */
function render(template: string, trigger: Readonly<Record<string, unknown>>): string {
  return template.replace(/\{\{\s*\$trigger\.?([\w.[\]]*)\s*\}\}/g, (_, path: string) => {
    const steps = path.split(/[.[\]]+/).filter((step) => step !== "");
    // deno-lint-ignore no-explicit-any -- the template decides
    const value = steps.reduce((value: any, step) => value?.[step], trigger);
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  });
}

const flows = Deno.readTextFileSync(new URL("../../live/docs/FLOWS.md", import.meta.url));

/** Returns the body template of FLOWS.md that holds a text. */
function bodyWith(text: string): string {
  const bodies = [
    ...flows.matchAll(/```json\n([^]*?)```/g),
    ...flows.matchAll(/Request Body \| `([^`]+)`/g),
  ].map(([, body = ""]) => body);
  const found = bodies.find((body) => body.includes(text));
  assert(found, `FLOWS.md shows no body with ${text}`);
  return found;
}

Deno.test("FLOWS.md's body for a change is published", async () => {
  await using ops = await Ops.start({ topics: TOPICS });
  assertEquals((await ops.post("/directus", render("{{$trigger}}", UPDATE))).status, 200);
  assertEquals(bodyWith("{{$trigger}}"), "{{$trigger}}");
  assertEquals(ops.published.map(({ topic }) => topic), ["event:7"]);
});

Deno.test("FLOWS.md shows the message that is published", async () => {
  await using ops = await Ops.start({ topics: TOPICS });
  const shown = JSON.parse(bodyWith('"offset"'));
  const keys = [shown.topic.split(":")[1]];
  const { event, payload } = shown.data;
  await ops.post("/directus", {
    event: `events.items.${event}`,
    collection: "events",
    keys,
    payload,
  });
  assertEquals(ops.published, [{
    topic: shown.topic,
    key: shown.key,
    json: JSON.stringify(shown.data),
  }]);
});

Deno.test("FLOWS.md's body with chosen fields is published", async () => {
  await using ops = await Ops.start({ topics: TOPICS });
  const trigger = { ...UPDATE, payload: { status: "open", secret: "x" } };
  await ops.post("/publish", render(bodyWith("{{$trigger.payload.status}}"), trigger));
  assertEquals(ops.published, [{ topic: "event:7", key: "item", json: '{"status":"open"}' }]);
});

Deno.test("FLOWS.md's body for users revokes each of them", () => {
  const trigger = { event: "users.update", keys: ["ada", "bob"], collection: "directus_users" };
  const body = JSON.parse(render(bodyWith('"user"'), trigger));
  assertEquals(readRevocation(body), { user: ["ada", "bob"] });
});

Deno.test("FLOWS.md's body for permissions names a prefix", () => {
  assertEquals(readRevocation(JSON.parse(bodyWith('"topic":"event:*"'))), { topic: "event:*" });
});
