/**
 * What the calls of Directus Flows publish, and how they are refused.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { BrokerUnavailable } from "../../live/domain/broker.ts";
import type { TopicSource } from "../../live/domain/topic.ts";
import { Ops } from "./ops_setup.ts";

const HINT =
  'is the word "undefined": the template in the Flow refers to nothing, use {{$trigger}} or a part of it';

const source = (collection: string): TopicSource => ({ collection, primaryKey: "id" });

const topics = new Map([
  ["event", source("events")],
  ["live", source("events")],
  ["place", source("places")],
  ["news", source("articles")],
]);

const update = {
  event: "places.items.update",
  payload: { title: "Now", tags: [1] },
  keys: ["7"],
  collection: "places",
};
const create = {
  event: "places.items.create",
  payload: { title: "New" },
  key: 8,
  collection: "places",
};
const remove = {
  event: "places.items.delete",
  payload: ["7", "9"],
  keys: ["7", "9"],
  collection: "places",
};

for (
  const [name, trigger, published] of [
    ["an update", update, [["place:7", '{"event":"update","payload":{"title":"Now","tags":[1]}}']]],
    ["a creation", create, [["place:8", '{"event":"create","payload":{"title":"New"}}']]],
    [
      "a deletion, without the keys of other items",
      remove,
      [["place:7", '{"event":"delete"}'], ["place:9", '{"event":"delete"}']],
    ],
    [
      "keys that are numbers",
      { ...update, keys: [7, 0] },
      [
        ["place:7", '{"event":"update","payload":{"title":"Now","tags":[1]}}'],
        ["place:0", '{"event":"update","payload":{"title":"Now","tags":[1]}}'],
      ],
    ],
    [
      "a collection with several prefixes",
      { ...create, collection: "events", event: "events.items.create" },
      [
        ["event:8", '{"event":"create","payload":{"title":"New"}}'],
        ["live:8", '{"event":"create","payload":{"title":"New"}}'],
      ],
    ],
    [
      "a collection without a prefix",
      { ...create, collection: "cars", event: "cars.items.create" },
      [["cars:8", '{"event":"create","payload":{"title":"New"}}']],
    ],
    [
      "an event without the name of a collection",
      { ...create, event: "items.create" },
      [["place:8", '{"event":"create","payload":{"title":"New"}}']],
    ],
    [
      "a trigger without payload",
      { event: "places.items.update", keys: ["7"], collection: "places" },
      [["place:7", '{"event":"update"}']],
    ],
    [
      "a trigger with further fields",
      { ...create, path: "/items/places", accountability: null },
      [["place:8", '{"event":"create","payload":{"title":"New"}}']],
    ],
  ] as const
) {
  Deno.test(`POST /directus publishes ${name}`, async () => {
    await using ops = await Ops.start({ topics });
    const { status, json } = await ops.post("/directus", trigger);
    assertEquals(
      ops.published,
      published.map(([topic, json]) => ({ topic, key: "item", json })),
    );
    const positions = published.map(([topic], index) => ({ topic, offset: index + 1, epoch: "e" }));
    assertEquals([status, json], [200, { published: positions }]);
  });
}

const KEY = "must be the key of one item: a string or a number";
const EVENT = "event: must be items.create, items.update or items.delete";
const SYSTEM = "has no topics; to end a user's connections call /revoke";

for (
  const [name, trigger, error] of [
    ["the word undefined", '"undefined"', `Body ${HINT}`],
    [
      "an array",
      [update],
      "Body must be the Flow's {{$trigger}}, not wrapped in anything: Invalid input: expected object, " +
      "received array",
    ],
    [
      "a trigger inside another object",
      { body: update },
      "event: Invalid input: expected string, received undefined",
    ],
    ["an event undefined", { ...update, event: "undefined" }, `event: ${HINT}`],
    ["a collection undefined", { ...update, collection: "undefined" }, `collection: ${HINT}`],
    [
      "keys undefined",
      { ...update, keys: "undefined" },
      "keys: Invalid input: expected array, received string",
    ],
    ["a key undefined among others", { ...update, keys: ["7", "undefined"] }, `keys.1: ${HINT}`],
    ["a single key undefined", { ...create, key: "undefined" }, `key: ${HINT}`],
    ["a payload undefined", { ...update, payload: "undefined" }, `payload: ${HINT}`],
    ["an object as key", { ...create, key: { id: 1 } }, `key: ${KEY}`],
    ["null as key", { ...update, keys: [null] }, `keys.0: ${KEY}`],
    [
      "no key",
      { ...update, keys: undefined },
      "keys: missing, and so is key: the Flow must be triggered by an event on items",
    ],
    [
      "no keys",
      { ...update, keys: [] },
      "keys: missing, and so is key: the Flow must be triggered by an event on items",
    ],
    ["the event of a login", { ...update, event: "auth.login" }, EVENT],
    ["the event of a sort", { ...update, event: "places.items.sort" }, EVENT],
    [
      "a change of a user",
      { event: "users.update", payload: {}, keys: ["ada"], collection: "directus_users" },
      `collection: directus_users ${SYSTEM}`,
    ],
    [
      "a change of a file",
      { event: "files.update", payload: {}, keys: ["x"], collection: "directus_files" },
      `collection: directus_files ${SYSTEM}`,
    ],
    [
      "a key with a slash",
      { ...update, keys: ["7", "a/b"] },
      'keys: "place:a/b" is not a valid topic name',
    ],
    [
      "a key of two dots",
      { ...update, keys: [".."] },
      'keys: "place:.." is not a valid topic name',
    ],
    [
      "a collection whose name is the prefix of another",
      { ...update, collection: "news" },
      "collection: news has no topics: LIVE_TOPICS gives its name to another collection",
    ],
    [
      "a malformed collection name",
      { ...update, collection: "a b" },
      'keys: "a b:7" is not a valid topic name',
    ],
    [
      "more than 1,000 topics",
      { ...update, keys: Array.from({ length: 1_001 }, (_, i) => i) },
      "keys: at most 1000 topics: 1001",
    ],
  ] as const
) {
  Deno.test(`POST /directus refuses ${name} with 400, and publishes nothing`, async () => {
    await using ops = await Ops.start({ topics });
    const { status, json } = await ops.post("/directus", trigger);
    assertEquals([status, json, ops.published], [400, { error }, []]);
  });
}

Deno.test("POST /directus is 503 while the server is not ready", async () => {
  await using ops = await Ops.start({ topics, readiness: "draining" });
  const { status, json } = await ops.post("/directus", update);
  assertEquals([status, json, ops.published], [503, { error: "server is draining" }, []]);
});

Deno.test("POST /directus is 503 while the broker is unavailable", async () => {
  await using ops = await Ops.start({
    topics,
    publish: () => Promise.reject(new BrokerUnavailable("cut off from Redis", 3_000)),
  });
  const { status, json, headers } = await ops.post("/directus", update);
  assertEquals([status, json], [503, { error: "cut off from Redis" }]);
  assertEquals(headers.get("retry-after"), "3");
});
