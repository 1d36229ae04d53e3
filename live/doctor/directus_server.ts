/**
 * Whether Directus answers at DIRECTUS_BASE_URL.
 *
 * @module
 */

import { type HttpCall, type HttpResponse, parseJson } from "../setup/http_call.ts";
import { type Finding, findingsOf } from "./finding.ts";

const { ok, fault } = findingsOf("Directus");
const clock = findingsOf("clock");

/** What a check of the server found. */
export interface ServerCheck {
  /** The findings. */
  readonly findings: readonly Finding[];
  /** Whether further checks of Directus make sense. */
  readonly isDirectus: boolean;
}

/** Difference between two clocks above which one counts as wrong, in milliseconds. */
const MAX_SKEW_MS = 30_000;

/** The longest part of an answer that is shown, in characters. */
const MAX_SHOWN = 60;

/** Checks that Directus itself answers, and not another server or a proxy. */
export async function checkServer(
  baseUrl: string,
  call: HttpCall,
  now: () => number,
): Promise<ServerCheck> {
  const startedAt = now();
  const reply = await call(`${baseUrl}/server/ping`);
  const tookMs = now() - startedAt;
  const failed = (message: string, cure: string) => ({
    findings: [fault(message, cure)],
    isDirectus: false,
  });
  if (reply.kind === "none") {
    return failed(
      `${baseUrl} cannot be reached: ${reply.reason}`,
      "Start Directus, or correct DIRECTUS_BASE_URL",
    );
  }
  if (!isPong(reply)) {
    return failed(
      `what answers at ${baseUrl} is not Directus: ${describe(reply)}`,
      await cureFor(baseUrl, reply, call),
    );
  }
  const me = await call(`${baseUrl}/users/me?fields=id`);
  if (me.kind === "none" || !isDirectusError(me)) {
    const answer = me.kind === "none" ? me.reason : describe(me);
    return failed(
      `${baseUrl} answers /server/ping like Directus, but not /users/me: ${answer}`,
      "Let the proxy in front of Directus pass every path on, without a login of its own",
    );
  }
  const answeredAt = Date.parse(reply.headers.get("date") ?? "");
  return {
    findings: [ok(`answers at ${baseUrl}`), ...checkClock(answeredAt, startedAt + tookMs / 2)],
    isDirectus: true,
  };
}

/** Compares Directus's clock with ours. The `Date` header has no fraction of the second. */
export function checkClock(theirs: number, ours: number): Finding[] {
  if (Number.isNaN(theirs)) return [];
  const skewMs = theirs - ours;
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  if (Math.abs(skewMs) <= MAX_SKEW_MS) return [clock.ok("agrees with that of Directus")];
  return [clock.warning(
    `is ${seconds} seconds ${skewMs > 0 ? "behind" : "ahead of"} that of Directus`,
    "Synchronise both machines (NTP): sessions expire by the clock",
  )];
}

function isPong(reply: HttpResponse): boolean {
  return reply.status === 200 && reply.text === "pong";
}

/** Tells whether an answer is Directus's own JSON error for calls without a session. */
function isDirectusError({ status, text }: HttpResponse): boolean {
  if (status !== 401 && status !== 403) return false;
  const json = parseJson(text);
  return typeof json === "object" && json !== null && "errors" in json;
}

async function cureFor(baseUrl: string, reply: HttpResponse, call: HttpCall): Promise<string> {
  const target = redirectTarget(baseUrl, reply);
  if (target !== undefined) return `Set DIRECTUS_BASE_URL=${target}`;
  for (const candidate of parents(baseUrl)) {
    const answer = await call(`${candidate}/server/ping`);
    if (answer.kind === "response" && isPong(answer)) return `Set DIRECTUS_BASE_URL=${candidate}`;
  }
  return reply.status >= 500
    ? "Repair Directus, or the proxy in front of it"
    : "Set DIRECTUS_BASE_URL to the address of Directus's API";
}

/** Returns the base URL that a redirect of `/server/ping` leads to. */
function redirectTarget(baseUrl: string, { status, headers }: HttpResponse): string | undefined {
  const location = headers.get("location");
  if (status < 300 || status > 399 || location === null) return undefined;
  const target = URL.parse(location, `${baseUrl}/server/ping`)?.href;
  return target?.endsWith("/server/ping") ? target.slice(0, -"/server/ping".length) : undefined;
}

/** Returns the URLs above a URL: people copy the address of Directus's app, which ends in `/admin`. */
function parents(baseUrl: string): string[] {
  const { origin, pathname } = new URL(baseUrl);
  const segments = pathname.split("/").filter((segment) => segment !== "");
  return segments.map((_, index) => [origin, ...segments.slice(0, -index - 1)].join("/"));
}

/**
 * Describes an answer by its status, type and title, without control characters that could confuse a
 * terminal.
 */
function describe({ status, headers, text }: HttpResponse): string {
  const type = headers.get("content-type")?.split(";", 1)[0] ?? "no content type";
  const [, title = ""] = /<title[^>]*>([^<]*)/i.exec(text) ?? [];
  const shown = title.replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, " ").trim().slice(0, MAX_SHOWN);
  return `status ${status}, ${type}${shown && `, title "${shown}"`}`;
}
