/**
 * The values that each variable accepts and refuses.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Config } from "../../live/config/config.ts";
import { readConfig } from "../../live/config/read_config.ts";
import { BASE_URL, REQUIRED } from "./config_contract.ts";

function read(name: keyof Config, text: string): unknown {
  const result = readConfig({ [REQUIRED]: BASE_URL, [name]: text });
  assert(result.ok, result.ok ? "" : result.faults.join("\n"));
  return result.config[name];
}

function assertRefused(name: keyof Config, text: string): void {
  const result = readConfig({ [REQUIRED]: BASE_URL, [name]: text });
  assert(!result.ok, `accepted ${name}=${text}`);
  assertEquals(result.faults.length, 1);
  assertStringIncludes(result.faults[0] ?? "", `${name} must be `);
}

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

const refused: Partial<Record<keyof Config, readonly string[]>> = {
  DIRECTUS_BASE_URL: [
    "directus",
    "//host",
    "localhost:8055",
    "ftp://host",
    "http://",
    "http://host:99999",
    "http://user@host",
    "http://:pass@host",
    "http://host/?a=b",
    "http://host?",
    "http://host#",
  ],
  DIRECTUS_SESSION_COOKIE: ["a b", "a=b", "a;b", "a,b", '"a"', "naïve", "a\n", "c".repeat(129)],
  LIVE_WS_HOST: ["a b", " ", "host\n", "h".repeat(513)],
  OPS_HOST: ["a b", "\t", "hôte"],
  OPS_ALLOWED_HOSTS: ["live:9090", "http://live", "*", "*.internal", "a b", ".", "-a", "a/b"],
  LIVE_ALLOWED_ORIGINS: [
    "example.com",
    "null",
    "https://",
    "https://a.example/",
    "https://a.example/app",
    "https://a.example?",
    "https://u@a.example",
    "https://*.a.example/",
    "https://*",
    "https://*.com",
    "https://*.localhost",
    "https://*.127.0.0.1",
    "https://*.[::1]",
    "https://**.a.example",
    "https://*.*.a.example",
    "https://x*.a.example",
    "https://a.*.example",
    "https://*a.example",
    "*://a.example",
    "*.a.example",
    "https://*.a.example:*",
    "https://*.a.example/app",
    "ionic://",
    "ionic://*",
    "ionic://*.a.example",
    "capacitor://localhost/",
    "capacitor:localhost",
    "file:///",
    "ftp://a.example",
    "ws://a.example",
    "unknown://localhost",
    "https://a.example b",
    "https://a.example;https://b.example",
    "https://a.example,b.example",
    ",",
  ],
  LIVE_PUBLISH_TOKEN: ["t".repeat(15), "t".repeat(513), `${"t".repeat(16)} `, "ü".repeat(16)],
  REDIS_URL: [
    "localhost:6379",
    "http://localhost:6379",
    "redis://",
    "redis://localhost/live",
    "redis://localhost/1/2",
    "redis://localhost/0?x=1",
    "redis://localhost/0#x",
    "redis://:100%pure@localhost",
    "redis://100%@localhost",
    "redis://:%e0%a4%a@localhost",
    "redis+cluster://",
    "redis+cluster://a:0",
    "redis+cluster://a,,b",
    "redis+cluster://a:7000/0",
    "redis+cluster://a?x=1",
    "redis+cluster://:p@ss@a",
    "redis+cluster://:100%@a",
    "redis+sentinel://a:26379",
    "redis+sentinel://a:26379/",
    "redis+sentinel://a:26379/name/live",
    "redis+sentinel://a:99999/name",
    "redis+other://a",
  ],
  DIRECTUS_EVENTS_REDIS_URL: ["localhost:6379", "redis+cluster://localhost"],
  INSTANCE_ID: ["a b", " ", "i".repeat(513), "é"],
  LOG_LEVEL: ["info", "NOTSET", "CRITICAL", " INFO", "toString"],
  LOG_FORMAT: ["JSON", "text", "json,pretty"],
  LIVE_TRANSPORT: ["Deno", "node", "ws,deno"],
  LIVE_TOPICS: [
    "event",
    "event=",
    "=events",
    "event:events",
    "event.events",
    "event.events.slug",
    "event=events=slug",
    "event=events.",
    "event=.slug",
    "event=events.a.b",
    "event = events",
    "event=my events",
    "event=events/1",
    "1event=events",
    "event=..",
    "event=events,event=other",
    "event=events;place=places",
    "event=événements",
    `${"e".repeat(257)}=events`,
  ],
};

for (const [name, texts] of Object.entries(refused)) {
  for (const text of texts) {
    Deno.test(`${name} must not be ${JSON.stringify(shorten(text))}`, () => {
      assertRefused(name as keyof Config, text);
    });
  }
}

function source(collection: string, primaryKey = "id"): unknown {
  return { collection, primaryKey };
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 16)}… (${text.length})` : text;
}

Deno.test("an invalid REDIS_URL is not shown, because it may hold a password", () => {
  const result = readConfig({ [REQUIRED]: BASE_URL, REDIS_URL: "http://:hidden@redis" });
  assert(!result.ok && !result.faults.join().includes("hidden"));
});

Deno.test("REDIS_INGEST_STREAM needs REDIS_URL", () => {
  const env = { [REQUIRED]: BASE_URL, REDIS_INGEST_STREAM: "positions" };
  const fault = "REDIS_URL must be set: REDIS_INGEST_STREAM is a stream of it";
  assertEquals(readConfig(env), { ok: false, faults: [fault] });
  assert(readConfig({ ...env, REDIS_URL: "redis://localhost" }).ok);
});

Deno.test("LIVE_PROCESSES is a fault that names its successor", () => {
  const fault = "LIVE_PROCESSES must not be set: LIVE_THREADS takes its place";
  for (const count of ["1", "4"]) {
    const result = readConfig({ [REQUIRED]: BASE_URL, LIVE_PROCESSES: count });
    assertEquals(result, { ok: false, faults: [fault] });
  }
});
