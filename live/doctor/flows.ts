/**
 * Whether Flows publish the changes in Directus.
 *
 * @module
 */

import type { Config } from "../config/config.ts";
import { envLines, FLOW_ENV, LOCAL_CALLS_ENV } from "../setup/directus_env.ts";
import type { DirectusApi } from "../setup/directus_api.ts";
import { type Finding, findingsOf } from "./finding.ts";
import { type CallingFlow, type FlowCall, listFlows } from "./flow_list.ts";
import { type TrialResult, tryCall } from "./flow_trial.ts";

const { ok, warning, fault, skipped } = findingsOf("Flows");

const SETUP = "Run live setup";

/** The part of the configuration that concerns Flows. */
type FlowConfig = Pick<
  Config,
  "LIVE_TOPICS" | "LIVE_PUBLISH_TOKEN" | "DIRECTUS_EVENTS_REDIS_URL"
>;

/** Checks the Flows. Unless `readOnly`, makes Directus try each of their different calls. */
export async function checkFlows(
  config: FlowConfig,
  api: DirectusApi,
  { readOnly }: { readonly readOnly: boolean },
): Promise<Finding[]> {
  const flows = await listFlows(api);
  if (flows === undefined) return [skipped("Directus does not list its Flows")];
  const findings = judgeFlows(flows, config);
  if (readOnly) return [...findings, skipped("calls were not tried", "Omit --read-only")];
  for (const call of differentCalls(flows)) {
    const result = await tryCall(call, api);
    findings.push(
      "ok" in result
        ? skipped(`the call of ${call.url} was not tried: ${result.reason}`)
        : judgeTrial(call.url, result),
    );
  }
  return findings;
}

/** Judges which changes the Flows publish. */
export function judgeFlows(flows: readonly CallingFlow[], config: FlowConfig): Finding[] {
  const { LIVE_TOPICS, LIVE_PUBLISH_TOKEN, DIRECTUS_EVENTS_REDIS_URL } = config;
  if (flows.length === 0 && DIRECTUS_EVENTS_REDIS_URL !== undefined) {
    return [ok("none calls Live, which reads changes from Directus's own bus")];
  }
  if (LIVE_PUBLISH_TOKEN === undefined) {
    return [warning("LIVE_PUBLISH_TOKEN is not set, so nothing can be published", "Set it")];
  }
  if (flows.length === 0) {
    return [warning("no Flow calls Live, so changes in Directus are not published", SETUP)];
  }
  const active = flows.filter(({ isActive }) => isActive);
  const findings = flows.filter(({ isActive }) => !isActive).map(({ name }) =>
    warning(`the Flow "${name}" is inactive`, "Activate it in Directus, or delete it")
  );
  const covered = new Set(active.flatMap(({ collections }) => collections));
  const wanted = new Set([...LIVE_TOPICS.values()].map(({ collection }) => collection));
  const missing = [...wanted].filter((collection) => !covered.has(collection));
  if (missing.length > 0) {
    findings.push(warning(`no Flow publishes changes of ${missing.join(", ")}`, SETUP));
  }
  if (findings.length > 0) return findings;
  return [
    ok(`${active.map(({ name }) => `"${name}"`).join(", ")} cover ${[...covered].join(", ")}`),
  ];
}

/** Returns the calls without duplicates of address and headers, because each trial costs requests. */
function differentCalls(flows: readonly CallingFlow[]): FlowCall[] {
  const calls = flows.filter(({ isActive }) => isActive).flatMap(({ calls }) => calls);
  return [...new Map(calls.map((call) => [JSON.stringify(call), call])).values()];
}

/** Judges how Live answered a call that Directus made with an empty body. */
export function judgeTrial(url: string, { status, error, reason }: TrialResult): Finding {
  if (status === 400 && error !== "") return ok(`Directus reaches ${url}, and the token is right`);
  if (status === 401) {
    return fault(
      `Live rejects the token of the calls to ${url}`,
      `In the environment of Directus, set ${envLines(FLOW_ENV)}, and LIVE_PUBLISH_TOKEN as in ` +
        "that of Live; in the Flow, the header Authorization: Bearer {{$env.LIVE_PUBLISH_TOKEN}}",
    );
  }
  if (status === 403 && error.includes("OPS_ALLOWED_HOSTS")) {
    const { hostname } = new URL(url);
    return fault(
      `the ops listener does not answer to the name ${hostname}`,
      `In the environment of Live, set OPS_ALLOWED_HOSTS=${hostname}`,
    );
  }
  if (status === 503) {
    return warning(`Live cannot publish now: ${error}`, "See /readyz of the ops listener");
  }
  if (status !== 0) {
    return fault(
      `what answers Directus at ${url} is not the ops listener: status ${status}`,
      "Run live setup with --ops-url, the address of the ops listener as seen from Directus",
    );
  }
  if (reason.includes("denied IP address")) {
    return fault(
      `Directus may not call ${url}: ${reason}`,
      `In the environment of Directus, set ${envLines(LOCAL_CALLS_ENV)}`,
    );
  }
  return fault(
    `Directus cannot reach ${url}: ${reason || "no answer"}`,
    "Start the server; set OPS_HOST so that Directus reaches it, and run live setup with --ops-url",
  );
}
