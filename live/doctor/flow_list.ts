/**
 * The Flows of Directus that call Live.
 *
 * @module
 */

import { z } from "zod";
import type { DirectusApi } from "../setup/directus_api.ts";

/** A Flow that calls a route of the ops listener. */
export interface CallingFlow {
  /** Its name. */
  readonly name: string;
  /** Whether Directus runs it. */
  readonly isActive: boolean;
  /** Collections whose changes trigger it; empty if something else triggers it. */
  readonly collections: readonly string[];
  /** Its calls of Live. */
  readonly calls: readonly FlowCall[];
}

/** Options of an operation that makes a request. */
export interface FlowCall {
  /** URL of the request. */
  readonly url: string;
  /** Headers, as templates. */
  readonly headers: readonly unknown[];
}

const ROUTE = /\/(directus|publish|revoke)$/;

const texts = z.union([z.array(z.string()), z.string().transform((text) => [text])]).catch([]);

const flows = z.array(z.object({
  name: z.string(),
  status: z.string(),
  trigger: z.string().nullable(),
  options: z.object({ collections: texts }).catch({ collections: [] }),
  operations: z.array(z.object({
    type: z.string(),
    options: z.object({
      url: z.string(),
      headers: z.array(z.unknown()).nullish(),
    }).nullable().catch(null),
  })),
}));

/** Returns the Flows that call Live, or `undefined` if Directus does not list them. */
export async function listFlows(api: DirectusApi): Promise<CallingFlow[] | undefined> {
  const fields = "name,status,trigger,options,operations.type,operations.options";
  const parsed = flows.safeParse((await api("GET", `/flows?limit=-1&fields=${fields}`)).data);
  return parsed.data?.map(({ name, status, trigger, options, operations }) => ({
    name,
    isActive: status === "active",
    collections: trigger === "event" ? options.collections : [],
    calls: operations.flatMap(({ type, options }) =>
      type === "request" && options !== null && isCallOfLive(options.url)
        ? [{ url: options.url, headers: options.headers ?? [] }]
        : []
    ),
  })).filter(({ calls }) => calls.length > 0);
}

function isCallOfLive(url: string): boolean {
  return ROUTE.test(URL.parse(url)?.pathname ?? "");
}
