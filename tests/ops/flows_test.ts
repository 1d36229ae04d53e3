/**
 * The recipes of live/docs/FLOWS.md make calls that are accepted. What Directus itself does with them is
 * tested with a real Directus.
 *
 * @module
 */

import { assert, assertEquals, assertFalse } from "@std/assert";
import { Ops } from "./ops_setup.ts";

const TOPICS = new Map([["event", { collection: "events", primaryKey: "id" }]]);

const UPDATE = {
  event: "events.items.update",
  payload: { title: `x"}, "topic": "event:2"`, secret: "x" },
  keys: ["7", "8"],
  collection: "events",
};

const flows = Deno.readTextFileSync(new URL("../../live/docs/FLOWS.md", import.meta.url));

/** Returns the first block of code in a language. */
function block(language: string): string {
  const [, text] = flows.match(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``)) ?? [];
  assert(text, `FLOWS.md has no block of ${language}`);
  return text;
}

/** Runs the script of FLOWS.md as Directus does: it sees the data of the Flow, and nothing else. */
function runScript(trigger: unknown): unknown {
  const module: { exports?: (data: unknown) => unknown } = {};
  new Function("module", block("js ignore"))(module);
  return module.exports?.({ $trigger: trigger });
}

Deno.test("FLOWS.md shows the message that is published", async () => {
  await using ops = await Ops.start({ topics: TOPICS });
  const shown = JSON.parse(block("json"));
  const keys = [shown.topic.split(":")[1]];
  const event = `events.items.${shown.data.event}`;
  await ops.post("/directus", { event, collection: "events", keys, payload: {} });
  assertEquals(ops.published, [{
    topic: shown.topic,
    key: shown.key,
    json: JSON.stringify(shown.data),
  }]);
});

for (
  const [what, trigger, published] of [
    ["an update of two items", UPDATE, [["7", UPDATE.payload.title], ["8", UPDATE.payload.title]]],
    ["a creation", { key: 9, payload: { title: "New" } }, [["9", "New"]]],
    ["an update of another field", { keys: ["7"], payload: {} }, [["7", undefined]]],
  ] as const
) {
  Deno.test(`FLOWS.md's script publishes ${what}`, async () => {
    await using ops = await Ops.start({ topics: TOPICS });
    const response = await ops.post("/publish", JSON.stringify(runScript(trigger)));
    assertEquals(response.status, 200);
    const expected = published.map(([key, title]) => (
      { topic: `event:${key}`, key: "item", json: JSON.stringify({ title }) }
    ));
    assertEquals(ops.published, expected);
  });
}

Deno.test("FLOWS.md writes neither JSON nor the token into a Flow", () => {
  const bodies = [...flows.matchAll(/Request Body \| `([^`]+)`/g)].map(([, body]) => body);
  assertEquals(bodies, ["{{$trigger}}", "{{$trigger}}", "{{$last}}"]);
  assertFalse(flows.includes("Bearer <"));
});
