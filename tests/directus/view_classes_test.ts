/**
 * Which role counts for the access class of a session: that in its token.
 *
 * @module
 */

import { assertEquals, assertNotEquals } from "@std/assert";
import { DirectusViewSource } from "../../live/directus/view_source.ts";
import { BearerToken, type Credential, PUBLIC } from "../../live/domain/credential.ts";
import { silentLogger } from "../../live/domain/logger.ts";
import { silentMetrics } from "../../live/domain/metrics.ts";
import { SessionCookie } from "../../live/domain/session_cookie.ts";
import { userOf } from "../support/authorities.ts";
import { jwtOf } from "../support/jwt.ts";
import { queryOf } from "../views/setup.ts";

const OPTIONS = {
  topics: new Map(),
  isShared: true,
  ttlMs: 0,
  metrics: silentMetrics,
  logger: silentLogger,
};

/** Resolves to the class of a session that may read some rows, or all. */
async function classOf(credential: Credential, access: "partial" | "full"): Promise<string> {
  const json = { data: { events: { read: { access, fields: ["*"] } } } };
  const source = new DirectusViewSource({
    client: {
      get: () =>
        Promise.resolve({ kind: "completed", response: { kind: "json", json }, elapsedMs: 1 }),
      foreignAnswer: () => Promise.resolve(undefined),
    },
    ...OPTIONS,
  });
  const answer = await source.classify({ credential, user: userOf("ada") }, queryOf());
  return answer.kind === "class" ? answer.key : answer.kind;
}

const cookieOf = (role: string | null) => new SessionCookie("session", jwtOf({ id: "ada", role }));
const STATIC = new BearerToken("a-static-token");

Deno.test("The public has one class, which no user has, and which costs no call to Directus", async () => {
  const asked: string[] = [];
  const source = new DirectusViewSource({
    client: {
      get(path) {
        asked.push(path);
        return Promise.resolve({ kind: "unavailable", reason: "down", retryAfterMs: 1 });
      },
      foreignAnswer: () => Promise.resolve(undefined),
    },
    ...OPTIONS,
  });

  const classes = await Promise.all(
    [1, 2].map(() => source.classify({ credential: PUBLIC, user: null }, queryOf())),
  );

  const [key, other] = classes.map((answer) => answer.kind === "class" ? answer.key : answer.kind);
  assertEquals([key, asked], [other, []]);
  assertNotEquals(key, await classOf(STATIC, "partial"));
  assertNotEquals(key, await classOf(STATIC, "full"));
});

for (const status of [401, 403]) {
  Deno.test(`Status ${status} forbids a view to the public, which has no session that could be over`, async () => {
    const reason = "no";
    const response = { kind: "denied", status, code: "INVALID_TOKEN", reason } as const;
    const source = new DirectusViewSource({
      client: {
        get: () => Promise.resolve({ kind: "completed", response, elapsedMs: 1 }),
        foreignAnswer: () => Promise.resolve(undefined),
      },
      ...OPTIONS,
    });

    const answer = await source.read({ credential: PUBLIC, user: null }, queryOf());

    assertEquals(answer, { kind: "refused", code: "forbidden", reason });
  });
}

Deno.test("A session has one class in a cookie and as a bearer token", async () => {
  const [cookie, bearer] = [
    cookieOf("editor"),
    new BearerToken(jwtOf({ id: "ada", role: "editor" })),
  ];

  assertEquals(await classOf(bearer, "partial"), await classOf(cookie, "partial"));
});

Deno.test("A static token, whose role Directus looks up, shares no class with a session of its user", async () => {
  const own = await classOf(STATIC, "partial");

  for (const role of [null, "editor"]) {
    assertNotEquals(await classOf(cookieOf(role), "partial"), own, `${role}`);
  }
  assertEquals(await classOf(new BearerToken("another-static-token"), "partial"), own);
});

Deno.test("A static token in the form of a JSON Web Token with a role is still treated as static", async () => {
  const forged = new BearerToken(
    jwtOf({ id: "eve", role: "admin", iss: undefined }, { alg: "none" }),
  );

  assertEquals(await classOf(forged, "partial"), await classOf(STATIC, "partial"));
});

Deno.test("A static token that may read everything shares views with all sessions that may", async () => {
  assertEquals(await classOf(STATIC, "full"), await classOf(cookieOf("editor"), "full"));
});
