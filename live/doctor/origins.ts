/**
 * Whether pages of LIVE_ALLOWED_ORIGINS can work with the addresses of Directus and Live.
 *
 * @module
 */

import type { Config } from "../config/config.ts";
import type { Layout } from "../setup/directus_env.ts";
import { isEncrypted, isLoopback } from "../setup/site.ts";
import { type Finding, findingsOf } from "./finding.ts";

const { ok, warning, fault } = findingsOf("allowed origins");

/** Checks the origins of pages against the addresses that they use. */
export function checkOrigins(
  { LIVE_ALLOWED_ORIGINS: allowed }: Pick<Config, "LIVE_ALLOWED_ORIGINS">,
  layout: Layout,
): Finding[] {
  const { directus, pages } = layout;
  if (allowed?.has("*")) {
    return [warning(
      "every page on the internet may connect as its visitor",
      "Set LIVE_ALLOWED_ORIGINS to the origins of your pages",
    )];
  }
  const [own] = pages;
  if (allowed === undefined && own !== undefined && own.origin !== directus.origin) {
    return [fault(
      `LIVE_ALLOWED_ORIGINS is not set, so only pages of ${own.origin} may connect, an address ` +
        "that browsers do not use",
      `Set LIVE_ALLOWED_ORIGINS=${directus.origin}, or to the origins of your pages`,
    )];
  }
  const findings = pages.flatMap((page) => judge(page, layout));
  if (findings.length > 0) return findings;
  const names = [...allowed ?? pages.map(({ origin }) => origin)];
  return [ok(`pages of ${names.join(", ")} may connect`)];
}

/** Judges the scheme of a page, because browsers separate encrypted pages from others. */
function judge(page: URL, { directus, live }: Layout): Finding[] {
  if (isEncrypted(page)) {
    if (live === undefined || isEncrypted(live) || isLoopback(live)) return [];
    return [fault(
      `${page.origin} may not open ${live.href}: browsers block it, as it is not encrypted`,
      "Put a proxy with TLS in front of Live, and pass --live-url wss://…",
    )];
  }
  if (isLoopback(page) || !isEncrypted(live ?? directus)) return [];
  return [fault(
    `${page.origin} is not encrypted, but ${
      (live ?? directus).host
    } is: browsers keep its cookie ` +
      "from such a page",
    `Did you mean https://${page.host}?`,
  )];
}
