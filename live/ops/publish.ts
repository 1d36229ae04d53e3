/**
 * The publish call.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import { BrokerUnavailable, type Position } from "../domain/broker.ts";
import { member, parts } from "../domain/json_text.ts";
import { Publication } from "../domain/publication.ts";
import { jsonError } from "../transport/responses.ts";
import type { JsonText } from "./json_body.ts";

/** Publications per call, at most. */
export const MAX_BATCH = 1_000;

/** Appends publications and resolves to their positions. */
export type Publish = (publications: readonly Publication[]) => Promise<Position[]>;

/** A publication that is invalid. */
class Fault extends Error {
  /** Its index, if the body is an array. */
  readonly index: number | undefined;

  constructor(message: string, index?: number) {
    super(index === undefined ? message : `Element ${index}: ${message}`);
    this.index = index;
  }
}

/**
 * Answers a publish call: one publication or an array of them, published all or none. With
 * `Idempotency-Key` a repeated call is published once, and answered with the first positions.
 */
export async function handlePublish(
  body: JsonText,
  { headers }: Request,
  publish: Publish,
): Promise<Response> {
  try {
    const publications = readPublications(body, headers.get("idempotency-key"));
    return await respondPublished(() => publish(publications));
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const { message, index } = error;
    return jsonError(STATUS_CODE.BadRequest, message, index === undefined ? {} : { index });
  }
}

/**
 * Publishes and answers the positions; 503 if the publications are not known to be in the logs. If the
 * connection to Redis broke meanwhile, they may be in the logs: a publisher that retries without an
 * idempotency key can publish twice.
 */
export async function respondPublished(publish: () => Promise<Position[]>): Promise<Response> {
  try {
    return Response.json({ published: await publish() });
  } catch (error) {
    if (!(error instanceof BrokerUnavailable)) throw error;
    return jsonError(STATUS_CODE.ServiceUnavailable, error.message, {}, {
      "retry-after": String(Math.max(1, Math.ceil(error.retryAfterMs / 1000))),
    });
  }
}

/** The form of an idempotency key: visible ASCII characters. */
const IDEMPOTENCY_KEY = /^[!-~]{1,200}$/;

function readPublications({ value, text }: JsonText, callId: string | null): Publication[] {
  if (callId !== null && !IDEMPOTENCY_KEY.test(callId)) {
    throw new Fault("Idempotency-Key must be 1 to 200 visible ASCII characters");
  }
  if (!Array.isArray(value)) return [readPublication(value, text, callId)];
  if (value.length > MAX_BATCH) {
    throw new Fault(`Array must hold at most ${MAX_BATCH} elements: ${value.length}`);
  }
  const texts = parts(text);
  return value.map((element, index) => {
    const id = callId === null ? null : `${callId}/${index}`;
    return readPublication(element, texts[index] ?? "", id, index);
  });
}

/** Reads one publication. Its payload is passed on as the text that the publisher sent. */
function readPublication(
  value: unknown,
  text: string,
  callId: string | null,
  index?: number,
): Publication {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  const { data: _, ...rest } = isObject ? value as Record<string, unknown> : {};
  const named = callId === null ? rest : { id: callId, ...rest };
  const read = isObject ? Publication.read(named, member(text, "data")) : Publication.read(value);
  if (typeof read === "string") throw new Fault(read, index);
  return read;
}
