/**
 * Whether browsers let pages on other origins call Directus: CORS.
 *
 * @module
 */

import { corsEnv, envLines, type Layout } from "../setup/directus_env.ts";
import type { HttpCall, HttpResponse } from "../setup/http_call.ts";
import { type Finding, findingsOf } from "./finding.ts";

const { ok, fault, skipped } = findingsOf("CORS");

/** Asks Directus, as a browser does, whether each page may log in from its origin. */
export async function checkCors(layout: Layout, call: HttpCall): Promise<Finding[]> {
  const { directus, pages } = layout;
  if (pages.length === 0) return [skipped("LIVE_ALLOWED_ORIGINS names no page exactly")];
  const others = pages.filter(({ origin }) => origin !== directus.origin);
  if (others.length === 0) return [ok("not needed: pages are on the origin of Directus")];
  const findings: Finding[] = [];
  for (const page of others) findings.push(await checkPage(page, layout, call));
  return findings;
}

async function checkPage(page: URL, layout: Layout, call: HttpCall): Promise<Finding> {
  const { origin } = page;
  const refusal = await preflight(origin, layout, call);
  if (refusal === undefined) return ok(`${origin} may call Directus`);
  const other = `${page.protocol === "http:" ? "https" : "http"}://${page.host}`;
  if (await preflight(other, layout, call) === undefined) {
    return fault(
      `Directus lets ${other} call it, but LIVE_ALLOWED_ORIGINS has ${origin}`,
      `Did you mean ${other} in LIVE_ALLOWED_ORIGINS?`,
    );
  }
  return fault(
    `browsers do not let ${origin} call Directus: ${refusal}`,
    `In the environment of Directus, set ${envLines(corsEnv(layout)).join(" ")}`,
  );
}

/**
 * Makes the request that a browser makes before it lets a page log in (the CORS preflight of the Fetch
 * standard). Returns why the browser would refuse, or `undefined`.
 */
async function preflight(
  origin: string,
  { directus }: Layout,
  call: HttpCall,
): Promise<string | undefined> {
  const reply = await call(`${directus.href.replace(/\/+$/, "")}/auth/login`, {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type",
    },
  });
  return reply.kind === "none" ? reply.reason : judge(reply, origin);
}

function judge({ status, headers }: HttpResponse, origin: string): string | undefined {
  const allowed = headers.get("access-control-allow-origin");
  if (allowed === null) return "no Access-Control-Allow-Origin in its answer: CORS is off";
  if (allowed !== origin) return `it allows ${allowed} instead`;
  if (headers.get("access-control-allow-credentials") !== "true") {
    return "no Access-Control-Allow-Credentials: true in its answer, so browsers ignore its cookie";
  }
  if (!lists(headers, "access-control-allow-methods", "post")) return "it does not allow POST";
  if (!lists(headers, "access-control-allow-headers", "content-type")) {
    return "it does not allow the header Content-Type";
  }
  return status >= 200 && status < 300 ? undefined : `status ${status}`;
}

function lists(headers: Headers, name: string, value: string): boolean {
  const items = headers.get(name)?.toLowerCase().split(",").map((item) => item.trim());
  return items?.includes(value) ?? false;
}
