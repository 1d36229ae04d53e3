/**
 * Checks of Directus's version, rate limiter and licence.
 *
 * @module
 */

import { z } from "zod";
import type { DirectusApi } from "../setup/directus_api.ts";
import { type Licence, readLicence, type Usage } from "../setup/licence.ts";
import { type Finding, findingsOf } from "./finding.ts";

const version = findingsOf("version");
const rateLimit = findingsOf("rate limit");
const { ok, warning } = findingsOf("licence");

/** The oldest version that keeps sessions in a cookie: 10.10. */
const OLDEST = [10, 10] as const;

const info = z.object({
  version: z.string().optional().catch(undefined),
  rateLimit: z.object({ points: z.coerce.number(), duration: z.coerce.number() })
    .optional().catch(undefined),
});

/** Checks the version, the rate limiter and the licence, on behalf of an administrator. */
export async function checkLimits(api: DirectusApi): Promise<Finding[]> {
  const { data } = info.safeParse((await api("GET", "/server/info")).data);
  return [
    ...(data?.version === undefined ? [] : [judgeVersion(data.version)]),
    ...(data?.rateLimit === undefined ? [] : [judgeRateLimit(data.rateLimit)]),
    ...judgeLicence(await readLicence(api)),
  ];
}

/** Judges a rate limiter. Directus counts calls by IP address, and all users of Live share one address. */
export function judgeRateLimit(
  { points, duration }: { readonly points: number; readonly duration: number },
): Finding {
  return rateLimit.warning(
    `Directus answers ${points} calls in ${duration} s for all users of Live together`,
    "Raise RATE_LIMITER_POINTS of Directus, so that many users can connect at once",
  );
}

/** Judges a version such as `11.17.4`. */
export function judgeVersion(text: string): Finding {
  const [major = 0, minor = 0] = text.split(".").map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) {
    return version.ok(`Directus ${text}`);
  }
  return version.fault(
    `Directus ${text} has no session cookie`,
    `Update Directus to ${OLDEST.join(".")} or newer`,
  );
}

/** Judges the limits of a licence that concern Live. */
export function judgeLicence(licence: Licence | undefined): Finding[] {
  if (licence === undefined) return [ok("this version of Directus has no limits")];
  const { status, permissionRules, flows, seats, collections } = licence;
  const findings = [
    ...judgeUsage("active Flows", flows),
    ...judgeUsage("seats", seats),
    ...judgeUsage("collections", collections),
  ];
  if (status === "locked") {
    findings.push(
      warning("Directus is locked", "Resolve it on the page of the licence in Directus"),
    );
  }
  if (!permissionRules) {
    findings.push(warning(
      "Directus ignores permissions with item rules or lists of fields",
      "Give users whole collections, or get a licence with custom permission rules",
    ));
  }
  return findings.length > 0
    ? findings
    : [ok(`${status}, ${flows.used} of ${flows.limit} Flows active`)];
}

function judgeUsage(what: string, { used, limit }: Usage): Finding[] {
  if (used < limit) return [];
  return [
    warning(`${used} of ${limit} ${what} are in use`, "No more can be added without a licence"),
  ];
}
