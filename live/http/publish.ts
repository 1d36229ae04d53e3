/**
 * The publish call.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import { z } from "zod";
import type { Position, Publication } from "../domain/broker.ts";
import { parseTopic } from "../domain/topic.ts";
import { jsonError } from "./responses.ts";
import { readJsonBody } from "./json_body.ts";

/** What a body may hold, in bytes. */
export const MAX_BODY_BYTES = 1_048_576;

/** How many publications a body may hold. */
export const MAX_BATCH = 1_000;

/** The longest key, in UTF-16 code units. */
export const MAX_KEY_LENGTH = 256;

const publication = z.object({
  topic: z.string().refine(
    (name) => parseTopic(name) !== undefined,
    "must be <prefix>:<id>, its id the key of one item",
  ),
  key: z.string().max(MAX_KEY_LENGTH).optional(),
  data: z.unknown(),
});

type Publications =
  | { readonly ok: true; readonly publications: Publication[] }
  | { readonly ok: false; readonly message: string; readonly index?: number };

/**
 * Answers a publish call: one publication or an array of them, all or none.
 *
 * @param request The call, whose bearer has been checked.
 * @param publish Appends publications and resolves to their positions.
 */
export async function handlePublish(
  request: Request,
  publish: (publications: readonly Publication[]) => Promise<Position[]>,
): Promise<Response> {
  const body = await readJsonBody(request, MAX_BODY_BYTES);
  if (!body.ok) return jsonError(body.status, body.message);
  const read = readPublications(body.value);
  if (!read.ok) {
    const { message, index } = read;
    return jsonError(STATUS_CODE.BadRequest, message, index === undefined ? {} : { index });
  }
  return Response.json({ published: await publish(read.publications) });
}

function readPublications(body: unknown): Publications {
  if (!Array.isArray(body)) {
    const read = readPublication(body);
    return typeof read === "string"
      ? { ok: false, message: read }
      : { ok: true, publications: [read] };
  }
  if (body.length > MAX_BATCH) {
    return { ok: false, message: `Array must hold at most ${MAX_BATCH} elements: ${body.length}` };
  }
  const publications: Publication[] = [];
  for (const [index, element] of body.entries()) {
    const read = readPublication(element);
    if (typeof read === "string") return { ok: false, message: `Element ${index}: ${read}`, index };
    publications.push(read);
  }
  return { ok: true, publications };
}

/** Returns the publication, or what is wrong with it. */
function readPublication(value: unknown): Publication | string {
  const parsed = publication.safeParse(value);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0] ?? { path: [], message: "invalid" };
    return path.length === 0 ? message : `${path.join(".")}: ${message}`;
  }
  const { topic, key, data } = parsed.data;
  return { topic, data: JSON.stringify(data), ...(key === undefined ? {} : { key }) };
}
