/**
 * Tests of the registry of connections.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Connection } from "../../live/connection/connection.ts";
import { Registry } from "../../live/connection/registry.ts";
import { createClient, createRecordingMetrics, turn } from "../hub/fakes.ts";

function connectionOf(id: string | null): Connection {
  const rest = { email: null, role: null, first_name: null, last_name: null };
  return createClient({ user: id === null ? null : { id, ...rest } }).connection;
}

Deno.test("Registry.countOf() counts each user's connections", () => {
  const registry = new Registry(createRecordingMetrics());
  const first = connectionOf("ada");
  for (const connection of [first, connectionOf("ada"), connectionOf("bob")]) {
    registry.add(connection);
  }
  assertEquals(["ada", "bob", "eve"].map((id) => registry.countOf(id)), [2, 1, 0]);
  registry.remove(first);
  assertEquals(["ada", "bob", "eve"].map((id) => registry.countOf(id)), [1, 1, 0]);
});

Deno.test("Registry.add() takes connections of nobody", () => {
  const registry = new Registry(createRecordingMetrics());
  const connection = connectionOf(null);
  registry.add(connection);
  assertEquals([registry.size, registry.countOf("null")], [1, 0]);
  registry.remove(connection);
  assertEquals(registry.size, 0);
});

Deno.test("Registry.add() counts a connection once, however often it is added", () => {
  const metrics = createRecordingMetrics();
  const registry = new Registry(metrics);
  const connection = connectionOf("ada");
  registry.add(connection);
  registry.add(connection);
  assertEquals([registry.size, registry.countOf("ada"), metrics.gauges.connections], [1, 1, 1]);
  registry.remove(connection);
  assertEquals([registry.size, registry.countOf("ada"), metrics.gauges.connections], [0, 0, 0]);
});

Deno.test("Registry.remove() counts the socket as closing until it is gone", () => {
  const metrics = createRecordingMetrics();
  const registry = new Registry(metrics);
  const connection = connectionOf("ada");
  registry.add(connection);
  registry.remove(connection);
  assertEquals(metrics.gauges, { connections: 0, closingSockets: 1 });
  assertEquals([registry.size, registry.closing], [0, 1]);
  registry.gone(connection);
  assertEquals(metrics.gauges, { connections: 0, closingSockets: 0 });
  assertEquals([registry.size, registry.closing], [0, 0]);
});

type Step = "add" | "remove" | "gone";

for (
  const [name, steps, expected] of [
    ["twice removed", ["add", "remove", "remove"], [0, 0, 1]],
    ["twice gone, as Deno may tell it", ["add", "remove", "gone", "gone"], [0, 0, 0]],
    ["removed again when it is gone", ["add", "remove", "gone", "remove"], [0, 0, 0]],
    ["gone but not removed", ["add", "gone"], [1, 1, 0]],
    ["removed but never added", ["remove"], [0, 0, 0]],
    ["gone but never added", ["gone"], [0, 0, 0]],
  ] satisfies [string, Step[], number[]][]
) {
  Deno.test(`Registry keeps its counts true if a connection is ${name}`, () => {
    const metrics = createRecordingMetrics();
    const registry = new Registry(metrics);
    const connection = connectionOf("ada");
    for (const step of steps) registry[step](connection);
    assertEquals([registry.size, registry.countOf("ada"), registry.closing], expected);
    const { connections = 0, closingSockets = 0 } = metrics.gauges;
    assertEquals([connections, closingSockets], [registry.size, registry.closing]);
  });
}

Deno.test("Registry.remove() leaves a user's other connections alone", () => {
  const registry = new Registry(createRecordingMetrics());
  const [first, second] = [connectionOf("ada"), connectionOf("ada")];
  registry.add(first);
  registry.add(second);
  registry.remove(first);
  registry.remove(first);
  assertEquals([registry.all(), registry.countOf("ada")], [[second], 1]);
});

Deno.test("Registry.all() may be walked over while connections end", () => {
  const registry = new Registry(createRecordingMetrics());
  for (let i = 0; i < 5; i++) registry.add(connectionOf("ada"));
  let seen = 0;
  for (const connection of registry.all()) {
    registry.remove(connection);
    seen++;
  }
  assertEquals([seen, registry.size, registry.closing], [5, 0, 5]);
});

Deno.test("Registry.allGone() resolves at once if nothing is closing", async () => {
  const registry = new Registry(createRecordingMetrics());
  registry.add(connectionOf("ada"));
  await registry.allGone();
  assertEquals(registry.size, 1);
});

Deno.test("Registry.allGone() resolves with the last socket, and not before", async () => {
  const registry = new Registry(createRecordingMetrics());
  const [first, second] = [connectionOf("ada"), connectionOf("bob")];
  for (const connection of [first, second]) {
    registry.add(connection);
    registry.remove(connection);
  }
  let resolved = false;
  const allGone = registry.allGone().then(() => resolved = true);
  registry.gone(first);
  await turn();
  assertEquals(resolved, false);
  registry.gone(second);
  await allGone;
});

Deno.test("Registry.allGone() resolves for all who wait", async () => {
  const registry = new Registry(createRecordingMetrics());
  const connection = connectionOf("ada");
  registry.add(connection);
  registry.remove(connection);
  const both = Promise.all([registry.allGone(), registry.allGone()]);
  registry.gone(connection);
  await both;
});

Deno.test("Registry.allGone() waits for sockets that begin to close meanwhile", async () => {
  const registry = new Registry(createRecordingMetrics());
  const [first, second] = [connectionOf("ada"), connectionOf("bob")];
  registry.add(first);
  registry.add(second);
  registry.remove(first);
  let resolved = false;
  const allGone = registry.allGone().then(() => resolved = true);
  registry.remove(second);
  registry.gone(first);
  await turn();
  assertEquals(resolved, false);
  registry.gone(second);
  await allGone;
});
