/**
 * Reading a JSON body of limited size.
 *
 * @module
 */

import { STATUS_CODE, type StatusCode } from "@std/http/status";
import { readBoundedText } from "../domain/bounded_text.ts";
import { parseExact } from "../domain/json_text.ts";
import { UNRENDERED, UNRENDERED_HINT } from "../directus/rendered.ts";

/** A JSON body. */
export interface JsonText {
  /** Its value. Integers that a number cannot hold exactly are text. */
  readonly value: unknown;
  /** Its text, as it was sent. */
  readonly text: string;
}

/** The body, or the error to answer. */
export type JsonBody =
  | { readonly ok: true } & JsonText
  | { readonly ok: false; readonly status: StatusCode; readonly message: string };

/**
 * Reads a JSON body.
 *
 * @param request The request. Its body is read up to the limit.
 * @param maxBytes Largest body, in bytes.
 * @returns The body; or 415 if it is not declared as plain JSON, 413 if it is too large, 400 if it is not
 * JSON or incomplete.
 */
export async function readJsonBody(request: Request, maxBytes: number): Promise<JsonBody> {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    return fault(STATUS_CODE.UnsupportedMediaType, "Content-Type must be application/json");
  }
  if (request.headers.has("content-encoding")) {
    return fault(STATUS_CODE.UnsupportedMediaType, "Content-Encoding is not supported");
  }
  const tooLarge = fault(STATUS_CODE.ContentTooLarge, `Body must be at most ${maxBytes} bytes`);
  const length = request.headers.get("content-length");
  if (Number(length) > maxBytes) return tooLarge;
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    // A declared length limits what can arrive (RFC 9112, section 6.3), so the body can be read in one
    // piece, which is cheaper.
    const text = length === null
      ? await readBoundedText(request.body, maxBytes, decoder)
      : decoder.decode(await request.bytes());
    if (text?.trim() === UNRENDERED) {
      return fault(STATUS_CODE.BadRequest, `Body ${UNRENDERED_HINT}`);
    }
    return text === undefined ? tooLarge : { ok: true, value: parseExact(text), text };
  } catch {
    return fault(STATUS_CODE.BadRequest, "Body must be JSON in UTF-8");
  }
}

function fault(status: StatusCode, message: string): JsonBody {
  return { ok: false, status, message };
}
