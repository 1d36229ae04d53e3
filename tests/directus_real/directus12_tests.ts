/**
 * `live setup` and `live doctor` with Directus 12, within its limits without a licence.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { logIn } from "../directus/contract_setup.ts";
import { guide } from "./guide_tests.ts";
import { CURED, startOperator, troubles, variablesIn } from "./operator_setup.ts";

Deno.test("live setup stays within five Flows, and live doctor names the limits", async () => {
  await using operator = await startOperator("directus12", CURED, "12.4.1");
  const { directus, served } = operator;

  const { lines } = await operator.setup();
  assertEquals((await operator.setup()).lines[0], "Nothing to change.");
  const DIRECTUS_TOKEN = variablesIn(lines.join("\n"))["DIRECTUS_TOKEN"] ?? "";
  const findings = await operator.doctor({ DIRECTUS_TOKEN });

  assertEquals(troubles(findings.filter(({ level }) => level === "fault")), []);
  assertEquals(findings.at(-1)?.message, "the message arrives");
  assertEquals(
    findings.filter(({ check }) => ["version", "licence"].includes(check))
      .map(({ message }) => message),
    [
      "Directus 12.4.1",
      "Directus ignores permissions with item rules or lists of fields",
    ],
  );
  assertEquals((await directus.admin("GET", "/license")).usage.flows, 2);

  await using client = await served.connect(await logIn(directus, "ada"));
  await client.subscribe("event:1");
  await directus.admin("PATCH", "/items/events/1", { title: "Heard" });
  assertEquals((await client.next()).data, { event: "update" });

  for (let count = 0; count < 3; count++) {
    await directus.admin("POST", "/flows", { name: `${count}`, trigger: "webhook", options: {} });
  }
  const full = await operator.doctor({ DIRECTUS_TOKEN });
  assert(troubles(full).some((line) => line.includes("5 of 5 active Flows are in use")));
});

guide("12.4.1");
