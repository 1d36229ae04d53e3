/**
 * One bounded request to Directus.
 *
 * @module
 */

import { readBoundedText } from "../domain/bounded_text.ts";
import type { SessionCookie } from "../domain/session_cookie.ts";

/** The outcome of a request. */
export type JsonResponse =
  | { readonly kind: "json"; readonly json: unknown }
  | { readonly kind: "denied"; readonly status: 401 | 403 }
  | { readonly kind: "not-json" }
  | FailedRequest;

/** A request that was neither granted nor denied. */
export interface FailedRequest {
  /** Tells the union's members apart. */
  readonly kind: "failed";
  /**
   * What it shows about Directus: `outage` that it is broken or unreachable, `rate-limit` that it
   * wants fewer requests (429), `other` nothing: the request was not sent, or was at fault itself.
   */
  readonly cause: "outage" | "rate-limit" | "other";
  /** What went wrong; contains no secret. */
  readonly reason: string;
  /** When to try again, in milliseconds: Directus's `Retry-After`, or two seconds. */
  readonly retryAfterMs: number;
}

/** What a request needs. */
export interface GetJsonOptions {
  /** The session that the request is made with. */
  readonly cookie: SessionCookie;
  /** Upper bound of the request, its body included, in milliseconds. */
  readonly timeoutMs: number;
  /** Sends the request. */
  readonly fetch: typeof fetch;
}

/** When to try again if Directus did not say, in milliseconds. */
export const DEFAULT_RETRY_AFTER_MS = 2_000;

/** Largest `Retry-After` that is obeyed, so that no response keeps clients away for days. */
const MAX_RETRY_AFTER_MS = 300_000;

/** Largest body that is read, in bytes. The expected ones have a few hundred. */
const MAX_BODY_BYTES = 65_536;

/** What a header can hold (RFC 9110, section 5.5). */
const HEADER_VALUE = /^[\t -~\u0080-\u00ff]*$/;

/**
 * Gets JSON from Directus with the session's cookie, and with no other header of the browser's.
 *
 * Redirects are not followed, because an attacker who controls a redirect of Directus would receive
 * the cookie. The body is bounded in size and time, because an endless one would fill the memory.
 *
 * @returns `json` or `not-json` for a 2xx status, `denied` for 401 and 403, `failed` for everything
 * else: another status, a redirect, no connection, a timeout, a body that is too large. Never rejects.
 */
export async function getJson(url: string, options: GetJsonOptions): Promise<JsonResponse> {
  const cookie = options.cookie.header();
  // fetch would put the value into its error.
  if (!HEADER_VALUE.test(cookie)) return failed("other", "cookie cannot be sent in a header");
  try {
    const response = await options.fetch(url, {
      headers: { accept: "application/json", cookie },
      redirect: "manual",
      signal: AbortSignal.timeout(options.timeoutMs),
    });
    return await read(response);
  } catch (error) {
    return failed("outage", describe(error, options.timeoutMs));
  }
}

async function read(response: Response): Promise<JsonResponse> {
  const { status } = response;
  if (status < 200 || status > 299) {
    response.body?.cancel().catch(() => {}); // the status is enough
    if (status === 401 || status === 403) return { kind: "denied", status };
    const cause = status === 429 ? "rate-limit" : status >= 500 ? "outage" : "other";
    return failed(cause, `status ${status}`, retryAfterMs(response.headers.get("retry-after")));
  }
  const text = await readBoundedText(response.body, MAX_BODY_BYTES, new TextDecoder());
  if (text === undefined) return failed("other", `response is over ${MAX_BODY_BYTES} bytes`);
  try {
    return { kind: "json", json: JSON.parse(text) };
  } catch {
    return { kind: "not-json" };
  }
}

/** Reads the seconds or the date of a `Retry-After` (RFC 9110, section 10.2.3). */
function retryAfterMs(header: string | null): number {
  if (header === null) return DEFAULT_RETRY_AFTER_MS;
  const waitMs = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return waitMs > 0 ? Math.min(waitMs, MAX_RETRY_AFTER_MS) : DEFAULT_RETRY_AFTER_MS;
}

function describe(error: unknown, timeoutMs: number): string {
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return `no answer within ${timeoutMs} ms`;
  }
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message; // fetch nests the cause
}

function failed(
  cause: FailedRequest["cause"],
  reason: string,
  retryAfterMs: number = DEFAULT_RETRY_AFTER_MS,
): FailedRequest {
  return { kind: "failed", cause, reason, retryAfterMs };
}
