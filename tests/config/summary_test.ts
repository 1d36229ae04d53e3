/**
 * Tests of the configuration's line in the log.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { readConfig } from "../../live/config/read_config.ts";
import { summaryOf } from "../../live/config/summary.ts";

const DIRECTUS = { DIRECTUS_BASE_URL: "https://directus.example/base/" };

function summarise(env: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> {
  const result = readConfig({ ...DIRECTUS, ...env });
  assert(result.ok, JSON.stringify(result));
  return summaryOf(result.config);
}

Deno.test("summaryOf() returns the settings that an operator checks first", () => {
  assertEquals(
    summarise({
      LIVE_ALLOWED_ORIGINS: "https://app.example,https://*.example.com",
      LIVE_TOPICS: "event=events,page=pages.slug",
      LIVE_TRANSPORT: "ws",
      LIVE_PUBLISH_TOKEN: "secret-publish-token",
      REDIS_URL: "rediss://user:secret%40word@redis.example:6380/2",
    }),
    {
      directus: "https://directus.example/base",
      origins: ["https://app.example", "https://*.example.com"],
      topics: ["event=events", "page=pages"],
      transport: "ws",
      threads: 1,
      redis: "rediss://redis.example:6380/2",
      publishing: "on",
    },
  );
});

for (
  const [url, shown] of [
    [
      "redis+sentinel://ada:pass@one.example:26379,two.example/main/2",
      "redis+sentinel://one.example:26379,two.example/main/2",
    ],
    [
      "redis+cluster://ada:pass@one.example:6379,two.example",
      "redis+cluster://one.example:6379,two.example",
    ],
  ] as const
) {
  Deno.test(`summaryOf() shows no credentials of ${shown}`, () => {
    const { redis } = summarise({ REDIS_URL: url });
    assertEquals(`${redis}`.includes("pass"), false);
    assertEquals(`${redis}`.replaceAll(/\/$/g, ""), shown);
  });
}

Deno.test("summaryOf() returns the defaults of unset variables", () => {
  assertEquals(summarise({}), {
    directus: "https://directus.example/base",
    origins: ["https://directus.example"],
    topics: [],
    transport: "deno",
    threads: 1,
    redis: "none",
    publishing: "off",
  });
});
