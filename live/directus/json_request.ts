/**
 * One bounded request to Directus.
 *
 * @module
 */

import { z } from "zod";
import { readBoundedText } from "../domain/bounded_text.ts";
import type { Credential } from "../domain/credential.ts";

/** The outcome of a request. */
export type JsonResponse =
  | JsonBody
  | DirectusError
  | FailedRequest;

/** A body of JSON. */
export interface JsonBody {
  /** Tells the union's members apart. */
  readonly kind: "json";
  /** The body. */
  readonly json: unknown;
  /**
   * True if Directus says `Cache-Control: no-cache`: then it has no cache of data, or empties it with
   * every change.
   */
  readonly isUncached?: true;
}

/** Directus's own refusal: a 4xx with the JSON error that Directus sends. */
export interface DirectusError {
  /** `denied` for 401 and 403, `rejected` for every other 4xx but 429. */
  readonly kind: "denied" | "rejected";
  /** The HTTP status. */
  readonly status: number;
  /** Directus's error code, such as `FORBIDDEN`. */
  readonly code: string;
  /** Directus's message, for people. */
  readonly reason: string;
}

/** A request that was neither granted nor denied. */
export interface FailedRequest {
  /** Tells the union's members apart. */
  readonly kind: "failed";
  /**
   * What it shows about Directus. `outage`: it is broken or unreachable. `rate-limit`: it wants fewer
   * requests (429). `foreign`: something other than Directus answered. `other`: nothing, as the request was
   * not sent, or was wrong itself.
   */
  readonly cause: "outage" | "rate-limit" | "foreign" | "other";
  /** What went wrong; contains no secret. */
  readonly reason: string;
  /** When to try again, in milliseconds: Directus's `Retry-After`, or two seconds. */
  readonly retryAfterMs: number;
}

/** What a request needs. */
export interface JsonRequestOptions {
  /** The credential to send. */
  readonly credential: Credential;
  /** Upper bound of the request, its body included, in milliseconds. */
  readonly timeoutMs: number;
  /** Sends the request. */
  readonly fetch: typeof fetch;
  /** Body of a `SEARCH` request. @default {none: a GET} */
  readonly search?: unknown;
  /** Largest body that is read, in bytes. @default {65_536} */
  readonly maxBytes?: number;
}

/** When to try again if Directus did not say, in milliseconds. */
export const DEFAULT_RETRY_AFTER_MS = 2_000;

/** Longest `Retry-After` that is obeyed, so that a wrong header cannot keep clients away for days. */
const MAX_RETRY_AFTER_MS = 300_000;

/** Largest body that is read, in bytes. Most have a few hundred. */
const MAX_BODY_BYTES = 65_536;

/** What a header can hold (RFC 9110, section 5.5). */
const HEADER_VALUE = /^[\t -~\u0080-\u00ff]*$/;

/** A Directus error: https://directus.io/docs/guides/connect/errors. */
const errors = z.object({
  errors: z.array(z.object({
    message: z.string().catch(""),
    extensions: z.object({
      code: z.string().regex(/^[A-Z][A-Z_]*$/),
      reason: z.string().nullish(),
    }),
  })).min(1),
});

/**
 * Requests JSON from Directus with one credential. No other header of the browser is forwarded.
 *
 * Only Directus's own JSON error is a denial: a proxy, a firewall or an ingress in between answers 401
 * and 403 as well, and must not log everybody out. Redirects are not followed, because an attacker who
 * controls a redirect of Directus would receive the credential. The body is bounded in size and time,
 * because an endless one would fill the memory.
 *
 * @returns `json` for a 2xx status, `denied` or `rejected` for a 4xx of Directus's, `failed` for
 * everything else: another status, a redirect, another server's answer, no connection, a timeout, a
 * body that is too large. Never rejects.
 */
export async function requestJson(url: string, options: JsonRequestOptions): Promise<JsonResponse> {
  const { credential, timeoutMs, fetch, search, maxBytes = MAX_BODY_BYTES } = options;
  const headers: Record<string, string> = { accept: "application/json" };
  const [name, value] = credential.requestHeader() ?? [];
  if (name !== undefined && value !== undefined) {
    // Otherwise the error of `fetch` would contain the value.
    if (!HEADER_VALUE.test(value)) return failed("other", `${name} cannot be sent in a header`);
    headers[name] = value;
  }
  if (search !== undefined) headers["content-type"] = "application/json";
  // AbortSignal.timeout() would keep the request in memory until the time is over, long after the answer.
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(new DOMException("", "TimeoutError")), timeoutMs);
  try {
    const response = await fetch(url, {
      method: search === undefined ? "GET" : "SEARCH",
      headers,
      redirect: "manual",
      signal: abort.signal,
      ...(search === undefined ? {} : { body: JSON.stringify(search) }),
    });
    return await read(response, maxBytes);
  } catch (error) {
    return failed("outage", describe(error, timeoutMs));
  } finally {
    clearTimeout(timer);
  }
}

async function read(response: Response, maxBytes: number): Promise<JsonResponse> {
  const { status } = response;
  const isSuccess = status >= 200 && status <= 299;
  if (!isSuccess && (status < 400 || status > 499 || status === 429)) {
    response.body?.cancel().catch(() => {}); // the status is enough
    const cause = status === 429 ? "rate-limit" : status >= 500 ? "outage" : "foreign";
    return failed(cause, `status ${status}`, retryAfterMs(response.headers.get("retry-after")));
  }
  const text = await readBoundedText(response.body, maxBytes, new TextDecoder());
  if (text === undefined) return failed("other", `response is over ${maxBytes} bytes`);
  const json = parse(text);
  if (isSuccess) {
    if (json === undefined) return failed("foreign", NOT_JSON);
    const isUncached = response.headers.get("cache-control") === "no-cache";
    return { kind: "json", json, ...(isUncached ? { isUncached } : {}) };
  }
  const [error] = errors.safeParse(json).data?.errors ?? [];
  if (error === undefined) return failed("foreign", `status ${status} without Directus's error`);
  const { code, reason } = error.extensions;
  const kind = status === 401 || status === 403 ? "denied" : "rejected";
  return { kind, status, code, reason: reason || error.message };
}

const NOT_JSON = "response is not JSON";

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
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
