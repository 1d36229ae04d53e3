/**
 * What the calls of Directus Flows publish and report.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { BrokerUnavailable } from "../../live/domain/broker.ts";
import type { Revocation } from "../../live/domain/revocation.ts";
import type { Change } from "../../live/domain/view_source.ts";
import { UUID } from "../support/directus.ts";
import { create, remove, topics, update } from "./flow_setup.ts";
import { Ops } from "./ops_setup.ts";

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
