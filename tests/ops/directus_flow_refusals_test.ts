/**
 * Calls of Directus Flows that are refused, and why.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { create, topics, update } from "./flow_setup.ts";
import { Ops } from "./ops_setup.ts";

const HINT =
  'is the word "undefined": the template in the Flow refers to nothing, use {{$trigger}} or a part of it';

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
