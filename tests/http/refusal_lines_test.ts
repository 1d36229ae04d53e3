/**
 * Tests of refusals in the log: they help an operator to find the mistake, and contain no secret.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { cookieOf, fakeAuthority } from "../support/authorities.ts";
import { testOnEach } from "../support/transports.ts";

const ORIGIN = "connections refused: the origin is not in LIVE_ALLOWED_ORIGINS";
const COOKIE = "connections refused: no session cookie or bearer token";
const NAME = "directus_session_token";
const SECRET = "9f8e7d6c5b4a39281706f5e4d3c2b1a0aabbccddeeff00112233";

for (
  const [what, headers, message, fields] of [
    ["a foreign origin", { origin: "https://evil.example:8443" }, ORIGIN, {
      origins: ["https://evil.example:8443"],
    }],
    ["an origin with credentials", { origin: `https://ada:${SECRET}@evil.example/x` }, ORIGIN, {
      origins: ["https://evil.example"],
    }],
    ["a sandboxed frame", { origin: "null" }, ORIGIN, { origins: ["null"] }],
    ["an origin that is none", { origin: SECRET }, ORIGIN, { origins: ["malformed"] }],
    ["an image of another site", { "sec-fetch-site": "cross-site" }, ORIGIN, {
      origins: ["none, with Sec-Fetch-Site cross-site"],
    }],
    ["no cookie", {}, COOKIE, { cookies: ["none"] }],
    [
      "other cookies",
      { cookie: `directus_refresh_token=${SECRET}; connect.sid=${SECRET}` },
      COOKIE,
      {
        cookies: ["directus_refresh_token", "connect.sid"],
      },
    ],
    ["a value without a name", { cookie: SECRET }, COOKIE, { cookies: ["none"] }],
    ["a value in place of a name", { cookie: `${SECRET}==` }, COOKIE, { cookies: ["another"] }],
    ["an empty session cookie", { cookie: `${NAME}=` }, COOKIE, {
      cookies: [`${NAME} (its value cannot be a token of Directus)`],
    }],
    [
      "an unknown session",
      { cookie: cookieOf("nobody") },
      "connections refused: Directus rejects the session",
      {},
    ],
  ] as const
) {
  testOnEach(`LiveServer logs ${what} at INFO`, async (startLive) => {
    await using live = await startLive({
      authority: fakeAuthority({ authenticate: () => Promise.resolve({ kind: "unauthorized" }) }),
      options: { allowedOrigins: new Set(["https://app.example"]) },
    });

    await live.knock("/", headers);

    const lines = live.logger.of("info").filter((line) => line.message.includes("refused"));
    assertEquals(lines, [{ level: "info", message, fields: { count: 1, ...fields } }]);
  });
}

testOnEach("LiveServer logs forbidden topics at INFO, without their ids", async (startLive) => {
  const authority = fakeAuthority({ authorise: () => Promise.resolve({ kind: "forbidden" }) });
  await using live = await startLive({ authority });
  await using client = await live.connect();

  for (const topic of ["event:4711", "event:4712", "rooms:4713"]) await client.subscribe(topic);
  live.refusals.stop();

  const lines = live.logger.of("info").filter((line) => line.message.includes("refused"));
  const message = "subscriptions refused: Directus forbids the item";
  assertEquals(lines, [
    { level: "info", message, fields: { count: 1, topics: ["event=events"] } },
    { level: "info", message, fields: { count: 2, topics: ["event=events", "rooms=rooms"] } },
  ]);
});
