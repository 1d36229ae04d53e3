/**
 * The limits that the licence of Directus 12 sets.
 *
 * @module
 */

import { z } from "zod";
import type { DirectusApi } from "./directus_api.ts";

/** The limits of the licence that concern Live. */
export interface Licence {
  /** Its state, such as `active`, `grace` or `locked`. */
  readonly status: string;
  /** Active Flows. */
  readonly flows: Usage;
  /** Users who may use the app. */
  readonly seats: Usage;
  /** Collections. */
  readonly collections: Usage;
  /** Whether permissions may have item rules, lists of fields, or presets. Others are ignored. */
  readonly permissionRules: boolean;
}

/** How much of something is used. */
export interface Usage {
  /** How much there is. */
  readonly used: number;
  /** How much may be used; infinite without a limit. */
  readonly limit: number;
}

const limit = z.object({
  limit: z.number(),
  overage: z.number().nullish(),
  addon: z.number().nullish(),
}).transform(({ limit, overage, addon }) =>
  [limit, overage, addon].includes(-1) ? Infinity : limit + (overage ?? 0) + (addon ?? 0)
);

const flag = z.object({ default: z.boolean(), override: z.boolean().nullish() })
  .transform((flag) => flag.override ?? flag.default);

const answer = z.object({
  status: z.string(),
  usage: z.object({ flows: z.number(), seats: z.number(), collections: z.number() }),
  entitlements: z.object({
    flows: limit,
    seats: limit,
    collections: limit,
    custom_permission_rules_enabled: flag,
  }),
});

/** Returns the limits, on behalf of an administrator; `undefined` if this Directus has none. */
export async function readLicence(api: DirectusApi): Promise<Licence | undefined> {
  const parsed = answer.safeParse((await api("GET", "/license")).data); // a route of version 12
  if (!parsed.success) return undefined;
  const { status, usage, entitlements } = parsed.data;
  const usageOf = (name: keyof typeof usage) => ({ used: usage[name], limit: entitlements[name] });
  return {
    status,
    flows: usageOf("flows"),
    seats: usageOf("seats"),
    collections: usageOf("collections"),
    permissionRules: entitlements.custom_permission_rules_enabled,
  };
}
