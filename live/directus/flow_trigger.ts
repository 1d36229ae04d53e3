/**
 * What a Directus Flow sends when items change: `{{$trigger}}` of an event hook.
 *
 * @module
 */

import { z } from "zod";
import { Publication } from "../domain/publication.ts";
import { parseTopic, type TopicSource } from "../domain/topic.ts";
import { describeFault } from "../domain/zod_fault.ts";
import { renderedText, UNRENDERED, UNRENDERED_HINT } from "./rendered.ts";

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

/**
 * Reads what a Flow sends: `{{$trigger}}` of an event hook on items.
 *
 * The data is `{"event":"update","payload":{…}}`, with `create` and `update`; of `delete` the event
 * alone, as its payload is the keys of all items that went, which is not everybody's business.
 *
 * @param maxTopics How many topics one trigger may publish on.
 * @returns The publications, or what is wrong, as a sentence for whoever made the Flow.
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { readTrigger } from "./flow_trigger.ts";
 *
 * const trigger = {
 *   event: "events.items.update",
 *   payload: { title: "Now" },
 *   keys: ["42"],
 *   collection: "events",
 * };
 * const topics = new Map([["event", { collection: "events", primaryKey: "id" }]]);
 * const publications = readTrigger(trigger, topics, 1_000);
 * assert(Array.isArray(publications));
 * assertEquals(publications[0]?.topic, "event:42");
 * assertEquals(publications[0]?.json, '{"event":"update","payload":{"title":"Now"}}');
 * ```
 */
export function readTrigger(
  body: unknown,
  topics: Topics,
  maxTopics: number,
): Publication[] | string {
  if (body === UNRENDERED) return `Body ${UNRENDERED_HINT}`;
  const parsed = trigger.safeParse(body);
  if (!parsed.success) {
    const fault = describeFault(parsed.error);
    return parsed.error.issues[0]?.path.length === 0 ? `${WRAPPED}: ${fault}` : fault;
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
  if (names.length > maxTopics) return `keys: at most ${maxTopics} topics: ${names.length}`;
  const bad = names.find((name) => parseTopic(name) === undefined);
  if (bad !== undefined) return `keys: ${JSON.stringify(bad)} is no name of a topic`;
  const data = kind === "delete" ? { event: kind } : { event: kind, payload };
  return names.map((topic) => Publication.from({ topic, key: KEY, data }));
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
