/**
 * Answers for single checks, and the whole doctor with real connections.
 *
 * @module
 */

import { doctor } from "../../live/doctor/doctor.ts";
import type { DirectusApi } from "../../live/setup/directus_api.ts";
import type { Finding } from "../../live/doctor/finding.ts";
import type { HttpCall, HttpResponse, Reply } from "../../live/setup/http_call.ts";
import { type ContextOptions, createContext, type Transcript } from "../support/command.ts";

/** An answer: status, body, headers. */
export interface Answer {
  /** HTTP status. @default {200} */
  readonly status?: number;
  /** Body: text, or anything else as JSON. @default {""} */
  readonly body?: unknown;
  /** Headers. @default {{}} */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Creates a network of answers by URL. Nothing answers elsewhere. */
export function callOf(answers: Readonly<Record<string, Answer>>): HttpCall {
  return (url) => {
    const answer = answers[url];
    const reply: Reply = answer === undefined
      ? { kind: "none", reason: "connection refused" }
      : replyOf(answer);
    return Promise.resolve(reply);
  };
}

/** Returns an answer as a request gets it. */
export function replyOf({ status = 200, body = "", headers = {} }: Answer): HttpResponse {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { kind: "response", status, headers: new Headers(headers), text };
}

/** Creates an API that answers routes with data, and refuses all others with 403. */
export function apiOf(data: Readonly<Record<string, unknown>>): DirectusApi {
  return (method, path) => {
    const name = `${method} ${path.replace(/\?.*/, "")}`;
    const ok = Object.hasOwn(data, name);
    return Promise.resolve({
      status: ok ? 200 : 403,
      ok,
      data: data[name],
      code: ok ? "" : "FORBIDDEN",
      reason: ok ? "status 200" : "No.",
      headers: new Headers(),
    });
  };
}

/** Returns a finding as one line: level, message, cure. */
export function lineOf({ level, message, cure }: Finding): string {
  return `${level}: ${message}${cure === undefined ? "" : `. ${cure}`}`;
}

/** Runs the doctor with real connections; resolves to its exit code and what it wrote. */
export async function run(
  options: ContextOptions,
): Promise<Transcript & { readonly code: number }> {
  const [context, transcript] = createContext({
    fetch,
    openSocket: (url, headers) => new WebSocket(url, { headers: { ...headers } }),
    now: Date.now,
    ...options,
  });
  return { code: await doctor(context), ...transcript };
}
