/**
 * Whether the collections of LIVE_TOPICS exist, with the primary keys that it names.
 *
 * @module
 */

import { z } from "zod";
import type { TopicSource } from "../domain/topic.ts";
import type { DirectusApi } from "../setup/directus_api.ts";
import { nearest } from "../terminal/nearest.ts";
import { type Finding, findingsOf } from "./finding.ts";

const { ok, fault, skipped } = findingsOf("topics");

const collections = z.array(z.object({ collection: z.string() }));

const fields = z.array(z.object({
  field: z.string(),
  schema: z.object({ is_primary_key: z.boolean() }).nullish(),
}));

/** Checks each prefix of LIVE_TOPICS, on behalf of an administrator. */
export async function checkTopics(
  topics: ReadonlyMap<string, TopicSource>,
  api: DirectusApi,
): Promise<Finding[]> {
  if (topics.size === 0) {
    return [ok("LIVE_TOPICS is not set: a topic's prefix is the name of its collection")];
  }
  const list = collections.safeParse((await api("GET", "/collections")).data);
  if (!list.success) return [skipped("Directus does not list its collections")];
  const names = list.data.map(({ collection }) => collection);
  const findings: Finding[] = [];
  for (const [prefix, source] of topics) {
    findings.push(await checkTopic(prefix, source, names, api));
  }
  return findings;
}

async function checkTopic(
  prefix: string,
  { collection, primaryKey }: TopicSource,
  names: readonly string[],
  api: DirectusApi,
): Promise<Finding> {
  const entry = `${prefix}=${collection}`;
  if (!names.includes(collection)) {
    const meant = nearest(collection, names);
    return fault(
      `LIVE_TOPICS has ${entry}, and Directus has no collection ${collection}`,
      meant === undefined
        ? "Correct LIVE_TOPICS, or create the collection"
        : `Did you mean ${prefix}=${meant}?`,
    );
  }
  const { data } = await api("GET", `/fields/${encodeURIComponent(collection)}`);
  const key = fields.safeParse(data).data?.find(({ schema }) => schema?.is_primary_key)?.field;
  if (key === undefined) {
    return fault(`${collection} is a folder of collections, without items`, "Correct LIVE_TOPICS");
  }
  if (key === primaryKey) return ok(`${prefix}:… is ${collection}, by its primary key ${key}`);
  return fault(
    `the primary key of ${collection} is ${key}, not ${primaryKey}`,
    `In LIVE_TOPICS, write ${key === "id" ? entry : `${entry}.${key}`}`,
  );
}
