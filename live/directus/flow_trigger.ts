/**
 * What a Directus Flow sends when items change: the `{{$trigger}}` of an event hook.
 *
 * @module
 */

import { z } from "zod";
import { Publication } from "../domain/publication.ts";
import { parseTopic, type TopicSource } from "../domain/topic.ts";
import { describeFault } from "../domain/zod_fault.ts";
import { renderedText, UNRENDERED, UNRENDERED_HINT } from "./rendered.ts";

/** Collections by topic prefix. A prefix that is not listed is the collection's own name. */
export type Topics = ReadonlyMap<string, TopicSource>;

/** Key of these publications: an item's topic keeps only its latest change as state. */
const KEY = "item";

/** Prefix of the names of Directus's system collections. */
const SYSTEM = "directus_";

const EVENT = /^(?:.+\.)?items\.(create|update|delete)$/;

const WRAPPED = "Body must be the Flow's {{$trigger}}, not wrapped in anything";

/** Keys are strings or numbers, whatever type the primary key has. */
const itemKey = z.union([renderedText, z.number().transform(String)], {
  error: ({ input }) =>
    input === UNRENDERED ? UNRENDERED_HINT : "must be the key of one item: a string or a number",
});

/** `{{$trigger}}` of an event hook. A creation has one `key`, the other events have `keys`. */
const trigger = z.object({
  event: renderedText,
  collection: renderedText,
  key: itemKey.optional(),
  keys: z.array(itemKey).optional(),
  payload: z.unknown().refine((payload) => payload !== UNRENDERED, UNRENDERED_HINT).optional(),
});

/**
 * Reads the `{{$trigger}}` of an event hook on items.
 *
 * The published data is `{"event":"update","payload":{…}}`, or the same with `create`. For `delete`
 * it is the event alone: the payload lists the keys of all deleted items, and subscribers of one
 * item may not be allowed to read the others.
 *
 * @param maxTopics Number of topics that one trigger may publish on.
 * @returns The publications, or what is wrong with the trigger, for the author of the Flow.
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
  if (kind === undefined) return `event: must be items.create, items.update or items.delete`;
  const items = keys ?? (key === undefined ? [] : [key]);
  if (items.length === 0) {
    return "keys: missing, and so is key: the Flow must be triggered by an event on items";
  }
  const prefixes = prefixesOf(collection, topics);
  if (prefixes.length === 0) {
    return `collection: ${collection} has no topics: LIVE_TOPICS gives its name to another collection`;
  }
  const names = items.flatMap((item) => prefixes.map((prefix) => `${prefix}:${item}`));
  if (names.length > maxTopics) return `keys: at most ${maxTopics} topics: ${names.length}`;
  const bad = names.find((name) => parseTopic(name) === undefined);
  if (bad !== undefined) return `keys: ${JSON.stringify(bad)} is not a valid topic name`;
  const data = kind === "delete" ? { event: kind } : { event: kind, payload };
  return names.map((topic) => Publication.from({ topic, key: KEY, data }));
}

/**
 * Returns the topic prefixes of a collection. Its own name is one, unless it is listed as the prefix
 * of another collection: subscribers of that prefix are allowed to read the other collection's items.
 */
function prefixesOf(collection: string, topics: Topics): string[] {
  const prefixes = [...topics].filter(([, source]) => source.collection === collection)
    .map(([prefix]) => prefix);
  if (prefixes.length > 0) return prefixes;
  return topics.has(collection) ? [] : [collection];
}
