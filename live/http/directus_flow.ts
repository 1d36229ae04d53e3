/**
 * Publishing by way of a Directus Flow.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import { z } from "zod";
import type { Publication } from "../domain/broker.ts";
import { renderedText, UNRENDERED, UNRENDERED_HINT } from "../domain/rendered.ts";
import { parseTopic, type TopicSource } from "../domain/topic.ts";
import { MAX_BATCH, type Publish, respondPublished } from "./publish.ts";
import { jsonError } from "./responses.ts";

/** Collections behind prefixes; a prefix that is missing is the collection's own name. */
export type Topics = ReadonlyMap<string, TopicSource>;

/** The key of all these publications: of each item only the last change counts as state. */
const KEY = "item";

/** How the names of Directus's own collections begin. */
const SYSTEM = "directus_";

const EVENT = /^(?:.+\.)?items\.(create|update|delete)$/;

const WRAPPED = "Body must be the Flow's {{$trigger}} and nothing around it";

/** Keys are text or numbers, whatever type the primary key has. */
const itemKey = z.union([renderedText, z.number().transform(String)], {
  error: ({ input }) =>
    input === UNRENDERED ? UNRENDERED_HINT : "must be the key of one item, a text or a number",
});

/** `{{$trigger}}` of an event hook. Creating has one `key`, the others have `keys`. */
const trigger = z.object({
  event: renderedText,
  collection: renderedText,
  key: itemKey.optional(),
  keys: z.array(itemKey).optional(),
  payload: z.unknown().refine((payload) => payload !== UNRENDERED, UNRENDERED_HINT).optional(),
});

/** Answers a Flow's call: a publication on the topics of each item that changed, all or none. */
export async function handleDirectusFlow(
  body: unknown,
  topics: Topics,
  publish: Publish,
): Promise<Response> {
  const read = readTrigger(body, topics);
  if (typeof read === "string") return jsonError(STATUS_CODE.BadRequest, read);
  return await respondPublished(read, publish);
}

/**
 * Reads what a Flow sends: `{{$trigger}}` of an event hook on items.
 *
 * The data is `{"event":"update","payload":{…}}`, with `create` and `update`; of `delete` the event
 * alone, as its payload is the keys of all items that went, which is not everybody's business.
 *
 * @returns The publications, or what is wrong, as a sentence for whoever made the Flow.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readTrigger } from "./directus_flow.ts";
 *
 * const trigger = {
 *   event: "events.items.update",
 *   payload: { title: "Now" },
 *   keys: ["42"],
 *   collection: "events",
 * };
 * const topics = new Map([["event", { collection: "events", primaryKey: "id" }]]);
 * assertEquals(readTrigger(trigger, topics), [{
 *   topic: "event:42",
 *   key: "item",
 *   data: '{"event":"update","payload":{"title":"Now"}}',
 * }]);
 * ```
 */
export function readTrigger(body: unknown, topics: Topics): Publication[] | string {
  if (body === UNRENDERED) return `Body ${UNRENDERED_HINT}`;
  const parsed = trigger.safeParse(body);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0] ?? { path: [], message: "invalid" };
    return path.length === 0 ? `${WRAPPED}: ${message}` : `${path.join(".")}: ${message}`;
  }
  const { event, collection, key, keys, payload } = parsed.data;
  if (collection.startsWith(SYSTEM)) {
    return `collection: ${collection} has no topics; to end a user's connections call /revoke`;
  }
  const [, kind] = EVENT.exec(event) ?? [];
  if (kind === undefined) return `event: must be of items.create, items.update or items.delete`;
  const items = keys ?? (key === undefined ? [] : [key]);
  if (items.length === 0) return "keys: missing, as is key: the Flow must be triggered by items";
  const prefixes = prefixesOf(collection, topics);
  if (prefixes.length === 0) {
    return `collection: ${collection} has no topics: LIVE_TOPICS gives its name to another`;
  }
  const names = items.flatMap((item) => prefixes.map((prefix) => `${prefix}:${item}`));
  if (names.length > MAX_BATCH) return `keys: at most ${MAX_BATCH} topics: ${names.length}`;
  const bad = names.find((name) => parseTopic(name) === undefined);
  if (bad !== undefined) return `keys: ${JSON.stringify(bad)} is no name of a topic`;
  const data = JSON.stringify(kind === "delete" ? { event: kind } : { event: kind, payload });
  return names.map((topic) => ({ topic, key: KEY, data }));
}

/**
 * Returns the prefixes under which a collection's items are listened to. Its own name is one only
 * if no other collection has it: whoever listens there may read an item of that one.
 */
function prefixesOf(collection: string, topics: Topics): string[] {
  const prefixes = [...topics].filter(([, source]) => source.collection === collection)
    .map(([prefix]) => prefix);
  if (prefixes.length > 0) return prefixes;
  return topics.has(collection) ? [] : [collection];
}
