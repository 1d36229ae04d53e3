/**
 * Triggers of Directus Flows.
 *
 * @module
 */

import type { TopicSource } from "../../live/domain/topic.ts";

const source = (collection: string): TopicSource => ({ collection, primaryKey: "id" });

/** Prefixes of topics, with their collections. */
export const topics: ReadonlyMap<string, TopicSource> = new Map([
  ["event", source("events")],
  ["live", source("events")],
  ["place", source("places")],
  ["news", source("articles")],
]);

/** The trigger of an update. */
export const update = {
  event: "places.items.update",
  payload: { title: "Now", tags: [1] },
  keys: ["7"],
  collection: "places",
};

/** The trigger of a creation. */
export const create = {
  event: "places.items.create",
  payload: { title: "New" },
  key: 8,
  collection: "places",
};

/** The trigger of a deletion. */
export const remove = {
  event: "places.items.delete",
  payload: ["7", "9"],
  keys: ["7", "9"],
  collection: "places",
};
