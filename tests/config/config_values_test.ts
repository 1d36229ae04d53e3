/**
 * The values that each variable accepts, and the bounds of numbers.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Config } from "../../live/config/config.ts";
import { assertRefused, read, shorten } from "./values_setup.ts";

const numbers: [name: keyof Config, min: number, max: number][] = [
  ["DIRECTUS_AUTH_TIMEOUT_MS", 1, 600_000],
  ["DIRECTUS_MAX_CONCURRENCY", 1, 10_000],
  ["DIRECTUS_CACHE_TTL_MS", 0, 86_400_000],
  ["LIVE_WS_PORT", 0, 65_535],
  ["LIVE_WS_PING_INTERVAL_MS", 100, 86_400_000],
  ["LIVE_WS_DRAIN_TIMEOUT_MS", 0, 86_400_000],
  ["LIVE_WS_BACKPRESSURE_THRESHOLD_BYTES", 1, 1_073_741_824],
  ["LIVE_MAX_CONNECTIONS", 1, 10_000_000],
  ["LIVE_MAX_CONNECTIONS_PER_USER", 1, 10_000_000],
  ["LIVE_MAX_TOPICS_PER_CONNECTION", 1, 1_000_000],
  ["LIVE_MAX_MESSAGE_BYTES", 1, 67_108_864],
  ["LIVE_MAX_MESSAGES_PER_SECOND", 1, 1_000_000],
  ["LIVE_HISTORY_SIZE", 0, 1_000_000],
  ["LIVE_HISTORY_TTL_MS", 1, 2_592_000_000],
  ["LIVE_HISTORY_MAX_BYTES", 0, 1_099_511_627_776],
  ["OPS_PORT", 0, 65_535],
];

for (const [name, min, max] of numbers) {
  for (const value of [min, min + 1, max - 1, max]) {
    Deno.test(`${name} may be ${value}`, () => {
      assertEquals(read(name, String(value)), value);
    });
  }

  for (const value of [min - 1, max + 1]) {
    Deno.test(`${name} must not be ${value}`, () => assertRefused(name, String(value)));
  }

  for (const text of ["many", "1.5"]) {
    Deno.test(`${name} must not be ${text}`, () => assertRefused(name, text));
  }
}

for (
  const text of ["1e3", "0x10", "+1", "-0", " 1", "1 ", "1\n", "1_000", "NaN", "٣", "0".repeat(16)]
) {
  Deno.test(`a number must not be ${JSON.stringify(text)}`, () => assertRefused("OPS_PORT", text));
}

const accepted: [name: keyof Config, text: string, value: unknown][] = [
  ["DIRECTUS_BASE_URL", "http://localhost:8055", "http://localhost:8055"],
  ["DIRECTUS_BASE_URL", "http://localhost:8055/", "http://localhost:8055"],
  ["DIRECTUS_BASE_URL", "https://example.com/cms/v2//", "https://example.com/cms/v2"],
  ["DIRECTUS_BASE_URL", "HTTPS://EXAMPLE.com:443", "https://example.com"],
  ["DIRECTUS_BASE_URL", "http://[::1]:8055", "http://[::1]:8055"],
  ["DIRECTUS_SESSION_COOKIE", "__Host-session.v2", "__Host-session.v2"],
  ["DIRECTUS_SESSION_COOKIE", "c".repeat(128), "c".repeat(128)],
  ["LIVE_WS_HOST", "::1", "::1"],
  ["OPS_HOST", "localhost", "localhost"],
  ["OPS_ALLOWED_HOSTS", "live", new Set(["live"])],
  ["OPS_ALLOWED_HOSTS", " Live.Internal ,live_1,", new Set(["live.internal", "live_1"])],
  ["LIVE_ALLOWED_ORIGINS", "*", new Set(["*"])],
  ["LIVE_ALLOWED_ORIGINS", "https://a.example", new Set(["https://a.example"])],
  [
    "LIVE_ALLOWED_ORIGINS",
    " https://a.example , http://b.example:8080,",
    new Set(["https://a.example", "http://b.example:8080"]),
  ],
  ["LIVE_ALLOWED_ORIGINS", "HTTPS://A.Example:443", new Set(["https://a.example"])],
  ...[
    "https://*.example.com",
    "http://*.example.com:8080",
    "https://*.app.example.com",
    "capacitor://localhost",
    "ionic://localhost",
    "tauri://localhost",
    "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
  ].map((origin): [keyof Config, string, unknown] => [
    "LIVE_ALLOWED_ORIGINS",
    origin,
    new Set([origin]),
  ]),
  ["LIVE_ALLOWED_ORIGINS", "HTTPS://*.Example.com:443", new Set(["https://*.example.com"])],
  ...[
    "redis://localhost",
    "redis://localhost:6380/3",
    "rediss://user:p%40ss@redis.example.com:6379/15",
    "redis://:secret@127.0.0.1",
    "redis://[::1]:6379/",
    "redis+sentinel://10.0.0.1,10.0.0.2:26380/live-master",
    "rediss+sentinel://user:p%40ss@one.example,[::1]:26379/live.master/3",
    "redis+cluster://:secret@10.0.0.1:7000,10.0.0.2",
    "rediss+cluster://node.example",
  ].map((url): [keyof Config, string, unknown] => ["REDIS_URL", url, url]),
  ["LIVE_PUBLISH_TOKEN", "t".repeat(16), "t".repeat(16)],
  ["LIVE_PUBLISH_TOKEN", "t".repeat(512), "t".repeat(512)],
  ["INSTANCE_ID", "i", "i"],
  ["INSTANCE_ID", "i".repeat(512), "i".repeat(512)],
  ["LOG_LEVEL", "DEBUG", "DEBUG"],
  ["LOG_LEVEL", "WARN", "WARN"],
  ["LOG_LEVEL", "ERROR", "ERROR"],
  ["LOG_FORMAT", "pretty", "pretty"],
  ["LIVE_TRANSPORT", "deno", "deno"],
  ["LIVE_TRANSPORT", "ws", "ws"],
  ["LIVE_TOPICS", "event=events", new Map([["event", source("events")]])],
  ["LIVE_TOPICS", "event=events.slug", new Map([["event", source("events", "slug")]])],
  [
    "LIVE_TOPICS",
    " event=events , place-1=my_places.slug ,",
    new Map([["event", source("events")], ["place-1", source("my_places", "slug")]]),
  ],
  ["LIVE_TOPICS", " , ", new Map()],
  ["LIVE_TOPICS", "__proto__=events", new Map([["__proto__", source("events")]])],
];

for (const [name, text, value] of accepted) {
  Deno.test(`${name} may be ${JSON.stringify(shorten(text))}`, () => {
    assertEquals(read(name, text), value);
  });
}

function source(collection: string, primaryKey = "id"): unknown {
  return { collection, primaryKey };
}
