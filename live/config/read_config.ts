/**
 * Reading the configuration.
 *
 * @module
 */

import type { z } from "zod";
import { isUnspecified } from "../domain/host.ts";
import { describeFault } from "../domain/zod_fault.ts";
import type { Config } from "./config.ts";
import { withoutCredentials } from "./rules.ts";
import type { Variable } from "./variable.ts";
import { variables } from "./variables.ts";

/** The configuration, or one sentence for each variable that is invalid. */
export type ConfigResult =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly faults: readonly string[] };

/** Variables of former versions, with the names of the variables that replaced them. */
export const FORMER_VARIABLES: Readonly<Record<string, string>> = {
  LIVE_PROCESSES: "LIVE_THREADS",
};

/**
 * Reads the configuration from environment variables. An empty variable counts as unset.
 *
 * All variables are checked, so that one run reports every mistake.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readConfig } from "./read_config.ts";
 *
 * assertEquals(readConfig({ DIRECTUS_BASE_URL: "http://localhost:8055", OPS_PORT: "x" }), {
 *   ok: false,
 *   faults: ['OPS_PORT must be a whole number from 0 to 65535: current value is "x"'],
 * });
 * ```
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): ConfigResult {
  const values: Record<string, unknown> = {};
  const faults: string[] = [];
  for (const [name, variable] of Object.entries<Variable<unknown>>(variables)) {
    const text = env[name] || variable.default;
    if (text === undefined) {
      if (variable.defaultIs === undefined) faults.push(`${name} must be set: ${variable.meaning}`);
      continue;
    }
    const result = variable.rule.safeParse(text);
    if (result.success) values[name] = result.data;
    else faults.push(fault(name, variable, text, result.error));
  }
  if (values["REDIS_INGEST_STREAM"] !== undefined && !env["REDIS_URL"]) {
    faults.push("REDIS_URL must be set: REDIS_INGEST_STREAM is a stream of it");
  }
  if (sharesPort(values)) {
    faults.push(`OPS_PORT must not be LIVE_WS_PORT: current value is "${values["OPS_PORT"]}"`);
  }
  for (const [former, name] of Object.entries(FORMER_VARIABLES)) {
    if (env[former]) faults.push(`${former} must not be set: ${name} takes its place`);
  }
  return faults.length === 0
    ? { ok: true, config: values as unknown as Config }
    : { ok: false, faults };
}

/**
 * Tells whether both listeners would use the same port of the same host. Port 0 is no conflict, because the
 * system then chooses.
 */
function sharesPort(values: Partial<Config>): boolean {
  const { LIVE_WS_HOST, LIVE_WS_PORT, OPS_HOST, OPS_PORT } = values;
  const isOneHost = LIVE_WS_HOST === OPS_HOST ||
    [LIVE_WS_HOST, OPS_HOST].some((host) => host !== undefined && isUnspecified(host));
  return isOneHost && LIVE_WS_PORT === OPS_PORT && LIVE_WS_PORT !== undefined && LIVE_WS_PORT > 0;
}

function fault(name: string, variable: Variable<unknown>, text: string, error: z.ZodError): string {
  const shown = variable.secret ? "not shown" : JSON.stringify(withoutCredentials(text));
  return `${name} must be ${describeFault(error)}: current value is ${shown}`;
}
