/**
 * What the calls of Directus Flows publish, and how they are refused.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { BrokerUnavailable } from "../../live/domain/broker.ts";
import type { TopicSource } from "../../live/domain/topic.ts";
import type { Revocation } from "../../live/domain/revocation.ts";
import type { Change } from "../../live/domain/view_source.ts";
import { UUID } from "../support/directus.ts";
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
  const [name, trigger, published, keys] of [
    ["an update", update, [["place:7", "update"]], ["7"]],
    ["a creation", create, [["place:8", "create"]], ["8"]],
    ["a deletion", remove, [["place:7", "delete"], ["place:9", "delete"]], ["7", "9"]],
    [
      "keys that are numbers",
      { ...update, keys: [7, 0] },
      [["place:7", "update"], ["place:0", "update"]],
      ["7", "0"],
    ],
    [
      "a collection with several prefixes",
      { ...create, collection: "events", event: "events.items.create" },
      [["event:8", "create"], ["live:8", "create"]],
      ["8"],
    ],
    [
      "a collection without a prefix",
      { ...create, collection: "cars", event: "cars.items.create" },
      [["cars:8", "create"]],
      ["8"],
    ],
    [
      "a collection whose name is the prefix of another: it has no topics",
      { ...update, collection: "news" },
      [],
      ["7"],
    ],
    [
      "an event without the name of a collection",
      { ...create, event: "items.create" },
      [["place:8", "create"]],
      ["8"],
    ],
    [
      "a trigger without payload",
      { event: "places.items.update", keys: ["7"], collection: "places" },
      [["place:7", "update"]],
      ["7"],
    ],
    [
      "a trigger with further fields",
      { ...create, path: "/items/places", accountability: null },
      [["place:8", "create"]],
      ["8"],
    ],
    [
      "keys that Directus takes for an integer: on the topics of both spellings",
      { ...update, keys: ["01", "+2", "7"] },
      [
        ["place:01", "update"],
        ["place:1", "update"],
        ["place:+2", "update"],
        ["place:2", "update"],
        ["place:7", "update"],
      ],
      ["01", "1", "+2", "2", "7"],
    ],
    [
      "a UUID in capitals: on the topics of both spellings",
      { ...update, keys: [UUID.toUpperCase()] },
      [[`place:${UUID.toUpperCase()}`, "update"], [`place:${UUID}`, "update"]],
      [UUID.toUpperCase(), UUID],
    ],
    [
      "a key twice in different spellings: once on each topic",
      { ...update, keys: ["1", "01"] },
      [["place:1", "update"], ["place:01", "update"]],
      ["1", "01", "1"],
    ],
  ] as const
) {
  Deno.test(`POST /directus publishes ${name}`, async () => {
    await using ops = await Ops.start({ topics });
    const { status, json } = await ops.post("/directus", trigger);
    assertEquals(
      ops.published,
      published.map(([topic, event]) => ({ topic, key: "item", json: `{"event":"${event}"}` })),
    );
    const positions = published.map(([topic], index) => ({ topic, offset: index + 1, epoch: "e" }));
    assertEquals([status, json], [200, { published: positions }]);
    const { collection, event } = trigger;
    const kind = event.split(".").at(-1) as Change["event"];
    assertEquals(ops.changes, [{ collection, event: kind, keys }]);
  });
}

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
      "no values on the topic of another spelling, which may be another item",
      { ...update, keys: ["01"] },
      [
        ["place:01", '{"event":"update","payload":{"title":"Now","tags":[1]}}'],
        ["place:1", '{"event":"update"}'],
      ],
    ],
  ] as const
) {
  Deno.test(`POST /directus with LIVE_FLOW_PAYLOAD=all publishes ${name}`, async () => {
    await using ops = await Ops.start({ topics, flowPayload: "all" });
    assertEquals((await ops.post("/directus", trigger)).status, 200);
    assertEquals(
      ops.published,
      published.map(([topic, json]) => ({ topic, key: "item", json })),
    );
  });
}

const USERS = "directus_users";

for (
  const [name, trigger, suspended] of [
    ["a policy", { event: "policies.update", keys: ["p"], collection: "directus_policies" }, []],
    [
      "a file",
      { event: "files.update", payload: {}, keys: ["x"], collection: "directus_files" },
      [],
    ],
    ["a user", { event: "users.update", payload: {}, keys: ["ada"], collection: USERS }, []],
    [
      "an active user",
      { event: "users.update", payload: { status: "active" }, keys: ["ada"], collection: USERS },
      [],
    ],
    [
      "suspended users",
      {
        event: "users.update",
        payload: { status: "suspended" },
        keys: ["ada", "bob"],
        collection: USERS,
      },
      ["ada", "bob"],
    ],
    [
      "a deleted user",
      { event: "users.delete", payload: ["ada"], keys: ["ada"], collection: USERS },
      ["ada"],
    ],
  ] as const
) {
  Deno.test(`POST /directus reports a change of ${name}; it publishes nothing and revokes ${suspended.length}`, async () => {
    const revoked: Revocation[] = [];
    await using ops = await Ops.start({
      topics,
      revoke: (revocation) => {
        revoked.push(revocation);
        return Promise.resolve({ closed: 1, asked: 0, withdrawn: 0 });
      },
    });
    const { status, json } = await ops.post("/directus", trigger);
    assertEquals([status, json, ops.published], [200, { published: [] }, []]);
    assertEquals(ops.changes.map(({ collection }) => collection), [trigger.collection]);
    assertEquals(revoked, suspended.length === 0 ? [] : [{ user: [...suspended] }]);
  });
}

Deno.test("POST /directus is 503 if users are revoked in part only", async () => {
  const trouble = "Other instances may not have done it: cut off from Redis";
  await using ops = await Ops.start({
    revoke: () => Promise.resolve({ closed: 1, asked: 0, withdrawn: 0, trouble }),
  });
  const trigger = { event: "users.delete", keys: ["ada"], collection: USERS };
  const { status, json } = await ops.post("/directus", trigger);
  assertEquals([status, json], [503, { error: trouble }]);
});

const KEY = "must be the key of one item: a string or a number";
const EVENT = "event: must be items.create, items.update or items.delete";

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
      "a malformed collection name",
      { ...update, collection: "a b" },
      "collection: must be the name of a collection",
    ],
  ] as const
) {
  Deno.test(`POST /directus refuses ${name} with 400, and publishes nothing`, async () => {
    await using ops = await Ops.start({ topics });
    const { status, json } = await ops.post("/directus", trigger);
    assertEquals([status, json, ops.published, ops.changes], [400, { error }, [], []]);
  });
}

for (
  const [name, trigger, error] of [
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
      "more than 1,000 topics",
      { ...update, keys: Array.from({ length: 1_001 }, (_, i) => i) },
      "keys: at most 1000 topics: 1001",
    ],
  ] as const
) {
  Deno.test(`POST /directus refuses ${name} with 400, but reports the change to views`, async () => {
    await using ops = await Ops.start({ topics });
    const { status, json } = await ops.post("/directus", trigger);
    assertEquals([status, json, ops.published], [400, { error }, []]);
    const keys = trigger.keys.length > 1_000 ? undefined : trigger.keys.map(String);
    assertEquals(ops.changes, [{ collection: "places", event: "update", keys }]);
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
