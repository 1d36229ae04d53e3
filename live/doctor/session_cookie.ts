/**
 * Whether browsers store Directus's session cookie, and send it to Live.
 *
 * @module
 */

import { canShareCookie, cookieEnv, envLines, type Layout } from "../setup/directus_env.ts";
import { domainMatches, isEncrypted, isLoopback, isSameSite } from "../setup/site.ts";
import { type Finding, findingsOf } from "./finding.ts";
import type { SetCookie } from "./set_cookie.ts";

const { ok, warning, fault, skipped } = findingsOf("session cookie");

/** Checks the name of the cookie, and what browsers do with it. */
export function checkSessionCookie(
  configuredName: string,
  cookie: SetCookie | undefined,
  layout: Layout,
): Finding[] {
  if (cookie === undefined) {
    return [fault(
      `Directus knows no session cookie ${configuredName}`,
      "Set DIRECTUS_SESSION_COOKIE to the SESSION_COOKIE_NAME of Directus",
    )];
  }
  const storage = judgeStorage(cookie, layout);
  const isStored = storage.every(({ level }) => level !== "fault");
  const findings = isStored ? [...storage, ...judgeDelivery(cookie, layout)] : storage;
  if (findings.length > 0) return findings;
  const { name } = cookie;
  if (layout.live === undefined) {
    return [skipped(
      `Directus sets ${name}; whether browsers send it to Live is not known`,
      "Pass --live-url wss://…, the address that pages use",
    )];
  }
  return [ok(`browsers send ${name} to ${layout.live.host}`)];
}

/** Judges whether browsers store the cookie when a page logs in. */
function judgeStorage(cookie: SetCookie, layout: Layout): Finding[] {
  const { directus, pages } = layout;
  const { domain, secure, sameSite } = cookie;
  const cure = cureOf(layout, domain);
  if (domain !== undefined && !domainMatches(directus.hostname, domain)) {
    return [fault(
      `browsers drop the cookie: its domain ${domain} is not that of ${directus.hostname}`,
      cure,
    )];
  }
  if (secure && !isEncrypted(directus) && !isLoopback(directus)) {
    return [fault(`browsers drop the cookie: it is Secure, and ${directus.origin} is not`, cure)];
  }
  if (sameSite === "none" && !secure) {
    return [fault("browsers drop the cookie: SameSite=None needs Secure", cure)];
  }
  const foreign = pages.filter((page) => !isSameSite(page, directus));
  return foreign.map(({ origin }) =>
    sameSite === "none"
      ? warning(
        `${origin} is another site than ${directus.origin}: Safari and Firefox block its cookie there`,
        "Serve pages, Directus and Live under one domain",
      )
      : fault(
        `browsers drop the cookie when ${origin} logs in: it is another site than ` +
          `${directus.origin}, and SameSite is ${sameSite}`,
        cure,
      )
  );
}

/** Judges whether browsers send the cookie to Live when a page connects. */
function judgeDelivery(cookie: SetCookie, layout: Layout): Finding[] {
  const { directus, live, pages } = layout;
  if (live === undefined) return [];
  const { domain, secure, sameSite } = cookie;
  const cure = cureOf(layout, domain);
  const isSent = domain === undefined
    ? live.hostname === directus.hostname
    : domainMatches(live.hostname, domain);
  if (!isSent) {
    const scope = domain === undefined ? `${directus.hostname} alone` : domain;
    return [fault(`browsers do not send the cookie to ${live.hostname}: it is for ${scope}`, cure)];
  }
  if (secure && !isEncrypted(live) && !isLoopback(live)) {
    return [fault(
      `browsers do not send the cookie to ${live.href}: it is Secure`,
      "Put a proxy with TLS in front of Live, and pass --live-url wss://…",
    )];
  }
  return pages.filter((page) => !isSameSite(page, live) && sameSite !== "none").map(({ origin }) =>
    fault(
      `browsers do not send the cookie when ${origin} connects: it is another site than ` +
        `${live.origin}, and SameSite is ${sameSite}`,
      cure,
    )
  );
}

/** Returns the variables of Directus that help, where any do. */
function cureOf(layout: Layout, domain: string | undefined): string {
  const { directus, live } = layout;
  if (live !== undefined && !canShareCookie(directus, live)) {
    return `Serve Live on the host of Directus or on a host of the same domain: no cookie reaches ` +
      `both ${directus.hostname} and ${live.hostname}`;
  }
  const env = cookieEnv(layout);
  const isWrong = domain !== undefined && env["SESSION_COOKIE_DOMAIN"] === undefined;
  const removal = isWrong ? ", and remove SESSION_COOKIE_DOMAIN" : "";
  return `In the environment of Directus, set ${envLines(env).join(" ")}${removal}`;
}
