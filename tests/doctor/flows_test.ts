/**
 * The check of Flows.
 *
 * @module
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkFlows, judgeTrial } from "../../live/doctor/flows.ts";
import { tryCall } from "../../live/doctor/flow_trial.ts";
import type { DirectusApi } from "../../live/setup/directus_api.ts";
import { configOf } from "../support/command.ts";
import { apiOf, lineOf } from "./doctor_setup.ts";

const URL = "http://live:9090/directus";

/** A Flow as Directus lists it. */
function flow(collections: unknown, change: Record<string, unknown> = {}) {
  return {
    name: "Publish",
    status: "active",
    trigger: "event",
    options: { type: "action", collections },
    operations: [
      { type: "condition", options: { filter: {} } },
      { type: "request", options: { url: URL, headers: [] } },
    ],
    ...change,
  };
}

const TOKEN = { LIVE_PUBLISH_TOKEN: "a-token-of-16-characters" };

for (
  const [name, flows, env, ...lines] of [
    [
      "no token",
      [flow(["events"])],
      {},
      "warning: LIVE_PUBLISH_TOKEN is not set, so nothing can be published. Set it",
    ],
    [
      "no Flow",
      [flow(["events"], { operations: [{ type: "log", options: null }] })],
      TOKEN,
      "warning: no Flow calls Live, so changes in Directus are not published. Run live setup",
    ],
    [
      "no Flow, but Directus's own bus",
      [],
      { DIRECTUS_EVENTS_REDIS_URL: "redis://redis" },
      "ok: none calls Live, which reads changes from Directus's own bus",
    ],
    [
      "an inactive Flow",
      [flow(["events"], { status: "inactive" })],
      { ...TOKEN, LIVE_TOPICS: "event=events" },
      'warning: the Flow "Publish" is inactive. Activate it in Directus, or delete it',
      "warning: no Flow publishes changes of events. Run live setup",
    ],
    [
      "a collection without a Flow",
      [flow(["events"])],
      { ...TOKEN, LIVE_TOPICS: "event=events,order=orders" },
      "warning: no Flow publishes changes of orders. Run live setup",
    ],
    [
      "a Flow for each collection",
      [flow("events"), flow(["orders"])],
      { ...TOKEN, LIVE_TOPICS: "event=events,order=orders" },
      'ok: "Publish", "Publish" cover events, orders',
    ],
  ] as const
) {
  Deno.test(`checkFlows() of ${name}`, async () => {
    const api = apiOf({ "GET /flows": flows });
    const findings = await checkFlows(configOf(env), api, { readOnly: true });
    assertEquals(findings.map(lineOf), [
      ...lines,
      "skipped: calls were not tried. Omit --read-only",
    ]);
  });
}

Deno.test("checkFlows() makes Directus try each different call once", async () => {
  const calls: string[] = [];
  const answers = apiOf({
    "GET /flows": [flow(["a"]), flow(["b"]), flow(["c"], { status: "inactive" })],
  });
  const api: DirectusApi = (method, path, body) => {
    calls.push(`${method} ${path.split("/", 2)[1]}`);
    return answers(method, path, body);
  };
  const findings = await checkFlows(configOf(TOKEN), api, { readOnly: false });
  assertEquals(calls, [
    "GET flows?limit=-1&fields=name,status,trigger,options,operations.type,operations.options",
    "POST flows",
    "DELETE flows",
  ]);
  assertEquals(findings.at(-1)?.message, `the call of ${URL} was not tried: No.`);
});

Deno.test("tryCall() creates a Flow whose id cannot be guessed, and always deletes it", async () => {
  const calls: [string, string, unknown][] = [];
  const api: DirectusApi = (method, path, body) => {
    calls.push([method, path, body]);
    const isTrigger = path.startsWith("/flows/trigger/");
    return Promise.resolve({
      status: 200,
      ok: true,
      data: isTrigger ? { status: "400", error: "event: missing", reason: "undefined" } : {},
      code: "",
      reason: "",
      headers: new Headers(),
    });
  };

  const result = await tryCall({ url: URL, headers: [{ header: "A", value: "B" }] }, api);

  assertEquals(result, { status: 400, error: "event: missing", reason: "" });
  const id = (calls[0]?.[2] as { id: string }).id;
  assertEquals(calls.at(-2)?.slice(0, 2), ["POST", `/flows/trigger/${id}`]);
  assertEquals(calls.at(-1)?.slice(0, 2), ["DELETE", `/flows/${id}`]);
});

for (
  const [result, level, part] of [
    [{ status: 400, error: "event: missing", reason: "" }, "ok", "the token is right"],
    [{ status: 401, error: "…", reason: "" }, "fault", "FLOWS_ENV_ALLOW_LIST=LIVE_PUBLISH_TOKEN"],
    [
      { status: 403, error: "Host is not allowed: add it to OPS_ALLOWED_HOSTS", reason: "" },
      "fault",
      "set OPS_ALLOWED_HOSTS=live",
    ],
    [{ status: 503, error: "server is draining", reason: "" }, "warning", "server is draining"],
    [{ status: 404, error: "", reason: "" }, "fault", "is not the ops listener: status 404"],
    [{ status: 400, error: "", reason: "" }, "fault", "is not the ops listener: status 400"],
    [
      { status: 0, error: "", reason: 'Requested domain "x" resolves to a denied IP address' },
      "fault",
      "IMPORT_IP_DENY_LIST=169.254.169.254",
    ],
    [{ status: 0, error: "", reason: "connect ECONNREFUSED" }, "fault", "connect ECONNREFUSED"],
    [{ status: 0, error: "", reason: "" }, "fault", "no answer"],
  ] as const
) {
  Deno.test(`judgeTrial() finds ${level} of ${JSON.stringify(result)}`, () => {
    const finding = judgeTrial(URL, result);
    assertEquals(finding.level, level);
    assertStringIncludes(lineOf(finding), part);
  });
}
