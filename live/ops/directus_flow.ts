/**
 * The call of a Directus Flow.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import { readTrigger, type Topics } from "../directus/flow_trigger.ts";
import type { Position } from "../domain/broker.ts";
import { member } from "../domain/json_text.ts";
import type { PublicationInput } from "../domain/publication.ts";
import type { Change } from "../domain/view_source.ts";
import type { Revoke } from "../session/revoke.ts";
import { jsonError } from "../transport/responses.ts";
import type { JsonText } from "./json_body.ts";
import { MAX_BATCH, respondPublished } from "./publish.ts";

/** What the handler of a Flow's call needs. */
export interface FlowHandlerOptions {
  /** Collections behind topics' prefixes. */
  readonly topics: Topics;
  /** What is published on item topics: only the event, or the payload with its values too. */
  readonly payload: "none" | "all";
  /** Tells all instances of a change, together with publications about it. */
  readonly changed: (
    change: Change,
    publications: readonly PublicationInput[],
  ) => Promise<Position[]>;
  /** Ends the sessions of users. @default {nothing} */
  readonly revoke?: Revoke | undefined;
}

/**
 * Answers a Flow's call: publishes on the topics of each item that changed, all or none, and reports the
 * change to the views, even if it cannot be published. Users who were suspended or deleted are revoked.
 */
export async function handleDirectusFlow(
  { value, text }: JsonText,
  { topics, payload, changed, revoke }: FlowHandlerOptions,
): Promise<Response> {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  const payloadJson = payload === "all" && isObject ? member(text, "payload") : undefined;
  const trigger = readTrigger(value, { topics, maxTopics: MAX_BATCH, payloadJson });
  if (typeof trigger === "string") return jsonError(STATUS_CODE.BadRequest, trigger);
  const { change, publications, suspended } = trigger;
  const isFault = typeof publications === "string";
  const response = await respondPublished(() => changed(change, isFault ? [] : publications));
  if (!response.ok) return response;
  if (isFault) return jsonError(STATUS_CODE.BadRequest, publications);
  if (suspended.length === 0 || revoke === undefined) return response;
  const { trouble } = await revoke({ user: suspended });
  return trouble === undefined ? response : jsonError(STATUS_CODE.ServiceUnavailable, trouble);
}
