/**
 * The `{{$trigger}}` of an event hook, which a Directus Flow sends when items change.
 *
 * @module
 */

import { z } from "zod";
import { USERS_COLLECTION } from "../domain/directus_collections.ts";
import { canonicalKey } from "../domain/item_key.ts";
import type { PublicationInput } from "../domain/publication.ts";
import { isCollectionName, parseTopic, type TopicSource } from "../domain/topic.ts";
import type { Change } from "../domain/view_source.ts";
import { describeFault } from "../domain/zod_fault.ts";
import { renderedText, UNRENDERED, UNRENDERED_HINT } from "./rendered.ts";

/** Collections by topic prefix. A prefix that is not listed is the collection's own name. */
export type Topics = ReadonlyMap<string, TopicSource>;

/** Key of these publications: an item's topic keeps only its latest change as state. */
const KEY = "item";

/** Prefix of the names of Directus's system collections. */
const SYSTEM = "directus_";

/** `events.items.update`, `items.create`, or of a system collection `users.update`. */
const EVENT = /^(?:[\w-]+\.)*(create|update|delete)$/;

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

/** What a trigger reports. */
export interface Trigger {
  /** What happened, for views. */
  readonly change: Change;
  /**
   * The publications for the topics of the items, or why there can be none, for the author of the Flow. A
   * system collection has no topics.
   */
  readonly publications: readonly PublicationInput[] | string;
  /** Users who were suspended or deleted: their sessions are over. */
  readonly suspended: readonly string[];
}

/** How to read a trigger. */
export interface TriggerOptions {
  /** Collections by topic prefix. */
  readonly topics: Topics;
  /** Number of topics that one trigger may publish on. */
  readonly maxTopics: number;
  /**
   * The payload as JSON text, to be published to everyone who may read the item.
   *
   * @default {none: the values that changed are not published}
   */
  readonly payloadJson?: string | undefined;
}

/**
 * Reads the `{{$trigger}}` of an event hook on items, or on a system collection.
 *
 * The published data is `{"event":"update"}`. It has no values, because subscribers of an item may be
 * allowed to read only some of its fields. With the payload it is `{"event":"update","payload":{…}}`,
 * except for `delete`, whose payload lists the keys of all deleted items.
 *
 * @returns What the trigger reports, or what is wrong with it, for the author of the Flow.
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { readTrigger } from "./flow_trigger.ts";
 *
 * const body = {
 *   event: "events.items.update",
 *   payload: { title: "Now" },
 *   keys: ["42"],
 *   collection: "events",
 * };
 * const topics = new Map([["event", { collection: "events", primaryKey: "id" }]]);
 * const trigger = readTrigger(body, { topics, maxTopics: 1_000 });
 * assert(typeof trigger !== "string");
 * assertEquals(trigger.publications, [
 *   { topic: "event:42", key: "item", json: '{"event":"update"}' },
 * ]);
 * assertEquals(trigger.change, { collection: "events", event: "update", keys: ["42"] });
 * ```
 */
export function readTrigger(body: unknown, options: TriggerOptions): Trigger | string {
  if (body === UNRENDERED) return `Body ${UNRENDERED_HINT}`;
  const parsed = trigger.safeParse(body);
  if (!parsed.success) {
    const fault = describeFault(parsed.error);
    return parsed.error.issues[0]?.path.length === 0 ? `${WRAPPED}: ${fault}` : fault;
  }
  const { collection, key, keys, payload } = parsed.data;
  const event = EVENT.exec(parsed.data.event)?.[1] as Change["event"];
  if (event === undefined) return `event: must be items.create, items.update or items.delete`;
  const typed = keys ?? (key === undefined ? [] : [key]);
  if (typed.length === 0) {
    return "keys: missing, and so is key: the Flow must be triggered by an event on items";
  }
  if (!isCollectionName(collection)) return "collection: must be the name of a collection";
  const all = typed.flatMap((key) => [key, ...canonicalForm(key)]);
  const change = { collection, event, keys: all.length > options.maxTopics ? undefined : all };
  if (collection.startsWith(SYSTEM)) {
    const isOver = collection === USERS_COLLECTION && (event === "delete" || isSuspension(payload));
    return { change, publications: [], suspended: isOver ? all : [] };
  }
  const publications = publicationsOf(collection, event, typed, options);
  return { change, publications, suspended: [] };
}

function publicationsOf(
  collection: string,
  event: Change["event"],
  keys: readonly string[],
  { topics, maxTopics, payloadJson }: TriggerOptions,
): PublicationInput[] | string {
  const prefixes = prefixesOf(collection, topics);
  const bare = JSON.stringify({ event });
  const hasPayload = payloadJson !== undefined && event !== "delete";
  const whole = hasPayload ? `{"event":"${event}","payload":${payloadJson}}` : bare;
  const publications = keys.flatMap((key) => [
    ...prefixes.map((prefix) => ({ topic: `${prefix}:${key}`, key: KEY, json: whole })),
    // If the key is a string, its canonical form may be the key of another item. Readers of that item get
    // no values.
    ...canonicalForm(key).flatMap((form) =>
      prefixes.map((prefix) => ({ topic: `${prefix}:${form}`, key: KEY, json: bare }))
    ),
  ]);
  const byTopic = new Map(publications.map((publication) => [publication.topic, publication]));
  if (byTopic.size > maxTopics) return `keys: at most ${maxTopics} topics: ${byTopic.size}`;
  const bad = [...byTopic.keys()].find((name) => parseTopic(name) === undefined);
  if (bad !== undefined) return `keys: ${JSON.stringify(bad)} is not a valid topic name`;
  return [...byTopic.values()];
}

/** Returns the form in which the database stores a key, if it differs from the text. */
function canonicalForm(key: string): string[] {
  const form = canonicalKey(key);
  return form === key ? [] : [form];
}

/** Returns whether a user's changed fields end their sessions. */
function isSuspension(payload: unknown): boolean {
  const status = (payload as { status?: unknown } | null | undefined)?.status;
  return typeof status === "string" && status !== "active";
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
