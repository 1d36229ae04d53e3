/**
 * Tests of the registry of connections.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Connection } from "../../live/connection/connection.ts";
import { Registry } from "../../live/connection/registry.ts";
import { createClient } from "../support/fake_client.ts";
import { turn } from "../support/queue.ts";
import { RecordingMetrics } from "../support/recording_metrics.ts";

interface Setup {
  readonly registry: Registry;
  readonly metrics: RecordingMetrics;
  /** Creates connections of these users and adds them. */
  add(...users: (string | null)[]): Connection[];
}

function setUp(): Setup {
  const metrics = new RecordingMetrics();
  const registry = new Registry(metrics);
  const rest = { email: null, role: null, first_name: null, last_name: null };
  return {
    registry,
    metrics,
    add: (...users) =>
      users.map((id) => {
        const { connection } = createClient({ user: id === null ? null : { id, ...rest } });
        registry.add(connection);
        return connection;
      }),
  };
}

Deno.test("Registry.socketsOf() counts each user's sockets until they are gone", () => {
  const { registry, add } = setUp();
  const connections = add("ada", "ada", "bob", null);
  const counts = () => ["ada", "bob", "eve", "null"].map((id) => registry.socketsOf(id));
  assertEquals([registry.sockets, ...counts()], [4, 2, 1, 0, 0]);
  for (const connection of connections.slice(1)) registry.remove(connection);
  assertEquals([registry.size, registry.sockets, ...counts()], [1, 4, 2, 1, 0, 0]);
  for (const connection of connections.slice(1)) registry.gone(connection);
  assertEquals([registry.size, registry.sockets, ...counts()], [1, 1, 1, 0, 0, 0]);
  assertEquals(registry.all(), connections.slice(0, 1));
});

type Step = "add" | "remove" | "gone";

for (
  const [name, steps, expected] of [
    ["added once", ["add"], [1, 1, 0]],
    ["added twice", ["add", "add"], [1, 1, 0]],
    ["removed", ["add", "remove"], [0, 1, 1]],
    ["removed twice", ["add", "remove", "remove"], [0, 1, 1]],
    ["gone", ["add", "remove", "gone"], [0, 0, 0]],
    ["gone twice, as Deno may report it", ["add", "remove", "gone", "gone"], [0, 0, 0]],
    ["removed again when it is gone", ["add", "remove", "gone", "remove"], [0, 0, 0]],
    ["gone but not removed", ["add", "gone"], [1, 1, 0]],
    ["removed but never added", ["remove"], [0, 0, 0]],
    ["gone but never added", ["gone"], [0, 0, 0]],
  ] satisfies [string, Step[], number[]][]
) {
  Deno.test(`Registry has the right counts if a connection is ${name}`, () => {
    const { registry, metrics: { gauges } } = setUp();
    const user = { id: "ada", email: null, role: null, first_name: null, last_name: null };
    const { connection } = createClient({ user });
    for (const step of steps) registry[step](connection);
    assertEquals([registry.size, registry.socketsOf("ada"), registry.closing], expected);
    assertEquals([gauges.connections, gauges.closingSockets], [registry.size, registry.closing]);
  });
}

Deno.test("Registry.all() may be iterated while connections end", () => {
  const { registry, add } = setUp();
  add("ada", "ada", "ada");
  let seen = 0;
  for (const connection of registry.all()) {
    registry.remove(connection);
    seen++;
  }
  assertEquals([seen, registry.size, registry.closing], [3, 0, 3]);
});

Deno.test("Registry.allGone() resolves at once if no socket is closing", async () => {
  const { registry, add } = setUp();
  add("ada");
  await registry.allGone();
  assertEquals(registry.size, 1);
});

Deno.test("Registry.allGone() resolves with the last socket that closes, for all callers", async () => {
  const { registry, add } = setUp();
  const [first, second, third] = add("ada", "bob", "eve") as [Connection, Connection, Connection];
  registry.remove(first);
  registry.remove(second);
  let resolved = 0;
  const calls = [registry.allGone(), registry.allGone()].map((gone) => gone.then(() => resolved++));
  registry.remove(third); // closes meanwhile
  registry.gone(first);
  registry.gone(second);
  await turn();
  assertEquals(resolved, 0);
  registry.gone(third);
  await Promise.all(calls);
});
