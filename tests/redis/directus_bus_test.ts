import { assertEquals, assertThrows } from "@std/assert";
import { gzipSync } from "node:zlib";
import type { Change } from "../../live/domain/view_source.ts";
import { silentLogger } from "../../live/domain/logger.ts";
import { DirectusBus, readChange } from "../../live/redis/directus_bus.ts";
import { Queue } from "../support/queue.ts";
import { RedisServer, redisTest } from "../support/redis_server.ts";

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

for (
  const [what, message, expected] of [
    [
      "a creation",
      { collection: "events", action: "create", key: 7, payload: { title: "x" } },
      { collection: "events", event: "create", keys: ["7"] },
    ],
    [
      "an update of several items",
      { collection: "events", action: "update", keys: ["7", "8"], payload: {} },
      { collection: "events", event: "update", keys: ["7", "8"] },
    ],
    [
      "a deletion by UUID",
      { collection: "docs", action: "delete", keys: ["0b6b1f2e-8c9d-4e1f-a2b3-c4d5e6f70819"] },
      { collection: "docs", event: "delete", keys: ["0b6b1f2e-8c9d-4e1f-a2b3-c4d5e6f70819"] },
    ],
    [
      "an update whose key is not in the form of the database",
      { collection: "events", action: "update", keys: ["7", "08"] },
      { collection: "events", event: "update", keys: undefined },
    ],
    [
      "an update of a singleton",
      { collection: "site", action: "update", keys: [null] },
      undefined,
    ],
  ] as const
) {
  Deno.test(`readChange() reads ${what}, compressed or not`, () => {
    for (const packed of [bytes(message), new Uint8Array(gzipSync(bytes(message)))]) {
      if (expected === undefined) assertThrows(() => readChange(packed));
      else assertEquals(readChange(packed), expected);
    }
  });
}

redisTest(
  "DirectusBus reports each change; after a message that it cannot read, it reports that changes may be missing",
  async () => {
    await using redis = await RedisServer.start();
    const changes = new Queue<Change | undefined>();
    const onChange = (change?: Change) => changes.push(change);
    const bus = new DirectusBus({ url: redis.url, onChange, logger: silentLogger });
    bus.start();
    try {
      assertEquals(await changes.next(), undefined); // it has subscribed
      const channel = "directus:bus:websocket.event";
      const message = { collection: "events", action: "create", key: 7 };
      await redis.command("PUBLISH", channel, JSON.stringify(message));
      assertEquals(await changes.next(), { collection: "events", event: "create", keys: ["7"] });
      await redis.command("PUBLISH", channel, "{");
      assertEquals(await changes.next(), undefined);
      await redis.restart();
      assertEquals(await changes.next(), undefined); // it has subscribed again
    } finally {
      await bus.stop();
    }
  },
);
