/**
 * The call of a Directus Flow.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import { readTrigger, type Topics } from "../directus/flow_trigger.ts";
import { jsonError } from "../transport/responses.ts";
import { MAX_BATCH, type Publish, respondPublished } from "./publish.ts";

/** Answers a Flow's call: publishes to the topics of each item that changed, all or none. */
export async function handleDirectusFlow(
  body: unknown,
  topics: Topics,
  publish: Publish,
): Promise<Response> {
  const read = readTrigger(body, topics, MAX_BATCH);
  if (typeof read === "string") return jsonError(STATUS_CODE.BadRequest, read);
  return await respondPublished(read, publish);
}
