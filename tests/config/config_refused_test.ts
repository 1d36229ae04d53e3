/**
 * The values that variables refuse, and variables that need others.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Config } from "../../live/config/config.ts";
import { readConfig } from "../../live/config/read_config.ts";
import { BASE_URL, REQUIRED } from "./config_contract.ts";
import { assertRefused, shorten } from "./values_setup.ts";

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

Deno.test("LIVE_PROCESSES is refused with the name of its successor", () => {
  const fault = "LIVE_PROCESSES must not be set: LIVE_THREADS takes its place";
  for (const count of ["1", "4"]) {
    const result = readConfig({ [REQUIRED]: BASE_URL, LIVE_PROCESSES: count });
    assertEquals(result, { ok: false, faults: [fault] });
  }
});

Deno.test("the fault of LIVE_ALLOWED_ORIGINS names the entry that is not an origin", () => {
  const text = "https://a.example, a.example,https://b.example";
  const result = readConfig({ [REQUIRED]: BASE_URL, LIVE_ALLOWED_ORIGINS: text });
  assert(!result.ok);
  assertStringIncludes(result.faults.join(), '(not "a.example"): current value');
});

Deno.test("the fault of REDIS_URL says that a cluster has no database numbers", () => {
  const result = readConfig({ [REQUIRED]: BASE_URL, REDIS_URL: "redis+cluster://a:7000/3" });
  assert(!result.ok);
  assertStringIncludes(result.faults.join(), "(a cluster has no database numbers)");
});

for (
  const [name, env, isRefused] of [
    ["on the same host", { OPS_HOST: "0.0.0.0" }, true],
    ["with one of them on all hosts", {}, true],
    ["with one of them on all hosts of IPv6", { LIVE_WS_HOST: "::" }, true],
    ["on different hosts", { LIVE_WS_HOST: "10.0.0.1" }, false],
    ["that the system chooses", { LIVE_WS_PORT: "0", OPS_PORT: "0" }, false],
  ] as const
) {
  Deno.test(`both listeners have one port ${name}: ${isRefused ? "refused" : "accepted"}`, () => {
    const ports = { LIVE_WS_PORT: "9090", OPS_PORT: "9090" };
    const result = readConfig({ [REQUIRED]: BASE_URL, ...ports, ...env });
    const faults = ['OPS_PORT must not be LIVE_WS_PORT: current value is "9090"'];
    assertEquals(result.ok ? [] : result.faults, isRefused ? faults : []);
  });
}
