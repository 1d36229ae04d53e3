/**
 * One bounded call to Directus.
 *
 * @module
 */

import { readBoundedText } from "../domain/bounded_text.ts";
import type { SessionCookie } from "../domain/session_cookie.ts";

/** What came of a call. */
export type JsonAnswer =
  | { readonly kind: "json"; readonly json: unknown }
  | { readonly kind: "denied"; readonly status: 401 | 403 }
  | { readonly kind: "not-json" }
  | Failure;

/** A call that said neither yes nor no. */
export interface Failure {
  /** Tells the union's members apart. */
  readonly kind: "failed";
  /**
   * What that says of Directus: `fault` that it is out of order or out of reach, `limited` that it
   * wants fewer calls (429), `other` nothing: the call was not made, or was an odd one.
   */
  readonly cause: "fault" | "limited" | "other";
  /** What went wrong; holds no secret. */
  readonly reason: string;
  /** When to ask again, in milliseconds, if Directus said so. */
  readonly retryAfterMs?: number;
}

/** What a call needs. */
export interface GetJsonOptions {
  /** The session whose rights the call has. */
  readonly cookie: SessionCookie;
  /** Upper bound of the whole call, its body included, in milliseconds. */
  readonly timeoutMs: number;
  /** Makes the call. */
  readonly fetch: typeof fetch;
}

/** The largest answer that is read. Ours ask for a handful of fields, some hundred bytes. */
const MAX_BODY_BYTES = 65_536;

/** What a header can hold (RFC 9110, section 5.5). */
const HEADER_VALUE = /^[\t -~\u0080-\u00ff]*$/;

/** Longest wait that is taken from a `Retry-After`, so that no answer parks a client for days. */
const MAX_RETRY_AFTER_MS = 300_000;

/**
 * Gets JSON from Directus with one session's cookie and nothing else of the browser's.
 *
 * Redirects are not followed: whoever can make Directus redirect would be handed the cookie. The
 * body is read up to a bound and within the time: an endless one must not fill the memory.
 *
 * @param url What to get.
 * @returns `json` or `not-json` for a status of the 200s, `denied` for 401 and 403, `failed` for
 * everything else: another status, a redirect, no connection, no time left, a body that is too
 * large. Never rejects.
 */
export async function getJson(url: string, options: GetJsonOptions): Promise<JsonAnswer> {
  const cookie = options.cookie.header();
  // The error of fetch would show it.
  if (!HEADER_VALUE.test(cookie)) return failed("other", "cookie cannot be a header");
  try {
    const response = await options.fetch(url, {
      headers: { accept: "application/json", cookie },
      redirect: "manual",
      signal: AbortSignal.timeout(options.timeoutMs),
    });
    return await read(response);
  } catch (error) {
    return failed("fault", describe(error, options.timeoutMs));
  }
}

async function read(response: Response): Promise<JsonAnswer> {
  const { status } = response;
  if (status < 200 || status > 299) {
    response.body?.cancel().catch(() => {}); // the status has said all, whatever comes of this
    if (status === 401 || status === 403) return { kind: "denied", status };
    const cause = status === 429 ? "limited" : status >= 500 ? "fault" : "other";
    return failed(cause, `status ${status}`, retryAfterMs(response.headers.get("retry-after")));
  }
  const text = await readBoundedText(response.body, MAX_BODY_BYTES, new TextDecoder());
  if (text === undefined) return failed("other", `answer over ${MAX_BODY_BYTES} bytes`);
  try {
    return { kind: "json", json: JSON.parse(text) };
  } catch {
    return { kind: "not-json" };
  }
}

/** Reads the seconds or date of a `Retry-After` (RFC 9110, section 10.2.3). */
function retryAfterMs(header: string | null): number | undefined {
  if (header === null) return undefined;
  const waitMs = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return waitMs > 0 ? Math.min(waitMs, MAX_RETRY_AFTER_MS) : undefined;
}

function describe(error: unknown, timeoutMs: number): string {
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return `no answer within ${timeoutMs} ms`;
  }
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message; // fetch tells in it
}

function failed(cause: Failure["cause"], reason: string, retryAfterMs?: number): Failure {
  return { kind: "failed", cause, reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}
