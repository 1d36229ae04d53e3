/**
 * One bounded HTTP request of a command.
 *
 * @module
 */

import { readBoundedText } from "../domain/bounded_text.ts";

/** The result of a request. */
export type Reply = HttpResponse | NoReply;

/** An answer, with its body read. */
export interface HttpResponse {
  /** Tells the union's members apart. */
  readonly kind: "response";
  /** HTTP status. */
  readonly status: number;
  /** Its headers. */
  readonly headers: Headers;
  /** Its body, up to a bound. */
  readonly text: string;
}

/** No answer at all. */
export interface NoReply {
  /** Tells the union's members apart. */
  readonly kind: "none";
  /** Why, for people; holds no secret. */
  readonly reason: string;
}

/**
 * Makes a request. Never rejects. It follows no redirect, because that could send secrets to another
 * server.
 */
export type HttpCall = (url: string, init?: RequestInit) => Promise<Reply>;

/**
 * Upper bound of a request, in milliseconds: as long as people wait, and long enough for a server that
 * starts slowly.
 */
const TIMEOUT_MS = 10_000;

/** Largest body that is read, in bytes. A list of all fields or permissions may be long. */
const MAX_BODY_BYTES = 16_777_216;

/** Creates the function that makes requests. */
export function createHttpCall(fetch: typeof globalThis.fetch): HttpCall {
  return async (url, init) => {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    try {
      const { status, headers, body } = await fetch(url, { ...init, redirect: "manual", signal });
      const text = await readBoundedText(body, MAX_BODY_BYTES, new TextDecoder());
      if (text === undefined) return none(`answer over ${MAX_BODY_BYTES} bytes`);
      return { kind: "response", status, headers, text };
    } catch (error) {
      return none(signal.aborted ? `no answer within ${TIMEOUT_MS} ms` : reasonOf(error));
    }
  };
}

/** Parses a body. Returns `undefined` if it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function none(reason: string): NoReply {
  return { kind: "none", reason };
}

/** Returns what went wrong; fetch says it in the cause of its error. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
