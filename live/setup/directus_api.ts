/**
 * The REST API of Directus, on behalf of an administrator, a token, or a session.
 *
 * @module
 */

import { z } from "zod";
import { type HttpCall, parseJson } from "./http_call.ts";

/** What Directus answered. */
export interface ApiAnswer {
  /** HTTP status; 0 if there was no answer. */
  readonly status: number;
  /** Whether the status is one of the 200s. */
  readonly ok: boolean;
  /** The answer's `data`. */
  readonly data: unknown;
  /** Directus's code of the error, or an empty text. */
  readonly code: string;
  /** What is wrong, for people. */
  readonly reason: string;
  /** Headers of the answer. */
  readonly headers: Headers;
}

/** Calls a route of Directus. Never rejects. */
export type DirectusApi = (method: string, path: string, body?: unknown) => Promise<ApiAnswer>;

/** How calls are made. */
export interface DirectusApiOptions {
  /** Where Directus is, without a slash at the end. */
  readonly baseUrl: string;
  /** Makes the calls. */
  readonly call: HttpCall;
  /** Headers with the credential. @default {none: calls are made on behalf of the public} */
  readonly headers?: Readonly<Record<string, string>>;
}

const envelope = z.object({
  data: z.unknown().optional(),
  errors: z.array(z.object({
    message: z.string().catch(""),
    extensions: z.object({ code: z.string().catch("") }).catch({ code: "" }),
  })).catch([]),
});

/** Creates the function that calls routes of Directus. */
export function createDirectusApi(
  { baseUrl, call, headers = {} }: DirectusApiOptions,
): DirectusApi {
  return async (method, path, body) => {
    const reply = await call(baseUrl + path, {
      method,
      headers: {
        accept: "application/json",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (reply.kind === "none") {
      const { reason } = reply;
      return { status: 0, ok: false, data: undefined, code: "", reason, headers: new Headers() };
    }
    const { status } = reply;
    const { data, errors } = envelope.safeParse(parseJson(reply.text)).data ?? { errors: [] };
    const [error] = errors;
    return {
      status,
      ok: status >= 200 && status < 300,
      data,
      code: error?.extensions.code ?? "",
      reason: error?.message || `status ${status}`,
      headers: reply.headers,
    };
  };
}

/** Returns the header of a static token. */
export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` };
}

const globals = z.object({ admin_access: z.boolean(), app_access: z.boolean() });

/** Global rights of a token or session. */
export type Globals = z.infer<typeof globals>;

/**
 * Returns the global rights of a token or session, or the error that Directus answered: 401 for a token
 * that it does not know.
 */
export async function readGlobals(
  api: DirectusApi,
): Promise<{ ok: true; globals: Globals } | { ok: false; answer: ApiAnswer }> {
  const answer = await api("GET", "/policies/me/globals");
  const parsed = globals.safeParse(answer.data);
  return answer.ok && parsed.success ? { ok: true, globals: parsed.data } : { ok: false, answer };
}
