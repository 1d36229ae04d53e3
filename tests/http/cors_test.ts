/**
 * Tests of preflights, with which browsers ask before they send special headers.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { cookieOf, fakeAuthority } from "../support/authorities.ts";
import { knock } from "../support/sse_client.ts";
import { testOnEach } from "../support/transports.ts";

const APP = "https://app.example";
const EVIL = "https://evil.example";
const ASKS = {
  "access-control-request-method": "GET",
  "access-control-request-headers": "cache-control,last-event-id,x-requested-with",
};
const GRANTED = {
  "access-control-allow-credentials": "true",
  "access-control-allow-headers": "Authorization, Cache-Control, Last-Event-ID, X-Requested-With",
  "access-control-allow-methods": "GET",
  "access-control-allow-origin": APP,
  "access-control-max-age": "7200",
  "vary": "Origin",
};

function pick(headers: Headers): Record<string, string> {
  const all = [...headers].filter(([name]) =>
    name === "vary" || name.startsWith("access-control-")
  );
  return Object.fromEntries(all);
}

for (const path of ["/sse?topic=event:1", "/sse", "/live/client.js"]) {
  for (
    const [name, list, headers, status, answer] of [
      ["an allowed origin", [APP], { origin: APP, ...ASKS }, 204, GRANTED],
      ["any origin with *", ["*"], { origin: APP, ...ASKS }, 204, GRANTED],
      ["a foreign origin", [APP], { origin: EVIL, ...ASKS }, 403, { vary: "Origin" }],
      ["a sandboxed frame", [APP], { origin: "null", ...ASKS }, 403, { vary: "Origin" }],
    ] as const
  ) {
    testOnEach(`OPTIONS ${path} answers ${status} to a preflight of ${name}`, async (startLive) => {
      const authority = fakeAuthority();
      await using live = await startLive({ authority, options: { allowedOrigins: new Set(list) } });

      const head = await knock(live, path, headers, "OPTIONS");

      assertEquals([head.status, pick(head.headers)], [status, answer]);
      assertEquals([authority.asked, live.metrics.upgrades], [[], []]);
    });
  }
}

testOnEach("OPTIONS of any other path is 404, although it is a preflight", async (startLive) => {
  await using live = await startLive({ options: { allowedOrigins: new Set([APP]) } });

  const head = await knock(live, "/", { origin: APP, ...ASKS }, "OPTIONS");

  assertEquals(head.status, 404);
});

for (
  const [name, origin, allowed, credentials] of [
    ["an allowed origin", APP, APP, "true"],
    ["a foreign origin", EVIL, "*", null],
  ] as const
) {
  testOnEach(`GET /live/client.js can be read by a page of ${name}`, async (startLive) => {
    await using live = await startLive({ options: { allowedOrigins: new Set([APP]) } });

    const { headers } = await knock(live, "/live/client.js", { origin, cookie: cookieOf("ada") });

    assertEquals(
      ["access-control-allow-origin", "access-control-allow-credentials"]
        .map((name) => headers.get(name)),
      [allowed, credentials],
    );
  });
}
