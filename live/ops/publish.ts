/**
 * The publish call.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import { BrokerUnavailable, type Position } from "../domain/broker.ts";
import { Publication } from "../domain/publication.ts";
import { jsonError } from "../transport/responses.ts";

/** Publications per call, at most. */
export const MAX_BATCH = 1_000;

type Publications =
  | { readonly ok: true; readonly publications: Publication[] }
  | { readonly ok: false; readonly message: string; readonly index?: number };

/** Appends publications and resolves to their positions. */
export type Publish = (publications: readonly Publication[]) => Promise<Position[]>;

/** Answers a publish call: one publication or an array of them, published all or none. */
export async function handlePublish(body: unknown, publish: Publish): Promise<Response> {
  const read = readPublications(body);
  if (read.ok) return await respondPublished(() => publish(read.publications));
  const { message, index } = read;
  return jsonError(STATUS_CODE.BadRequest, message, index === undefined ? {} : { index });
}

/**
 * Publishes and answers the positions; 503 if the publications are not known to be in the logs. If the
 * connection to Redis broke in between they may be: a publisher that retries can publish twice.
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

function readPublications(body: unknown): Publications {
  if (!Array.isArray(body)) {
    const read = Publication.read(body);
    return typeof read === "string"
      ? { ok: false, message: read }
      : { ok: true, publications: [read] };
  }
  if (body.length > MAX_BATCH) {
    return { ok: false, message: `Array must hold at most ${MAX_BATCH} elements: ${body.length}` };
  }
  const publications: Publication[] = [];
  for (const [index, element] of body.entries()) {
    const read = Publication.read(element);
    if (typeof read === "string") return { ok: false, message: `Element ${index}: ${read}`, index };
    publications.push(read);
  }
  return { ok: true, publications };
}
