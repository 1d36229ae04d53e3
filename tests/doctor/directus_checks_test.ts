/**
 * The checks of what is in Directus: topics, the token, limits.
 *
 * @module
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkLimits, judgeVersion } from "../../live/doctor/directus_limits.ts";
import { checkToken } from "../../live/doctor/token_rights.ts";
import { checkTopics } from "../../live/doctor/topics.ts";
import { configOf, DIRECTUS } from "../support/command.ts";
import { type Answer, apiOf, callOf, lineOf } from "./doctor_setup.ts";

const COLLECTIONS = {
  "GET /collections": [{ collection: "events" }, { collection: "orders" }, { collection: "all" }],
  "GET /fields/events": [
    { field: "title", schema: { is_primary_key: false } },
    { field: "id", schema: { is_primary_key: true } },
  ],
  "GET /fields/orders": [
    { field: "number", schema: { is_primary_key: true } },
    { field: "alias", schema: null },
  ],
  "GET /fields/all": [],
};

for (
  const [topics, ...lines] of [
    ["", "ok: LIVE_TOPICS is not set: a topic's prefix is the name of its collection"],
    [
      "event=events,order=orders.number",
      "ok: event:… is events, by its primary key id",
      "ok: order:… is orders, by its primary key number",
    ],
    [
      "order=orders",
      "fault: the primary key of orders is number, not id. " +
      "In LIVE_TOPICS, write order=orders.number",
    ],
    [
      "event=events.number",
      "fault: the primary key of events is id, not number. In LIVE_TOPICS, write event=events",
    ],
    [
      "event=evnets",
      "fault: LIVE_TOPICS has event=evnets, and Directus has no collection evnets. " +
      "Did you mean event=events?",
    ],
    [
      "car=vehicles",
      "fault: LIVE_TOPICS has car=vehicles, and Directus has no collection vehicles. " +
      "Correct LIVE_TOPICS, or create the collection",
    ],
    [
      "all=all",
      "fault: all is a folder of collections, without items. Correct LIVE_TOPICS",
    ],
  ] as const
) {
  Deno.test(`checkTopics() of LIVE_TOPICS=${topics}`, async () => {
    const { LIVE_TOPICS } = configOf({ LIVE_TOPICS: topics });
    assertEquals((await checkTopics(LIVE_TOPICS, apiOf(COLLECTIONS))).map(lineOf), [...lines]);
  });
}

/** A Directus in which a token may read these routes. */
function tokenReads(routes: readonly string[], globals: unknown) {
  const queries: Record<string, string> = {
    "/permissions": "?limit=1",
    "/policies": "?limit=1&fields=id,ip_access,admin_access",
    "/access": "?limit=1&fields=user,role,policy",
    "/roles": "?limit=1&fields=id,parent",
    "/users": "?limit=1&fields=id,role,policies.policy",
    "/users/me": "?fields=id",
  };
  const readable = Object.fromEntries(
    routes.map((route): [string, Answer] => [
      `${DIRECTUS}${route}${queries[route] ?? ""}`,
      { body: { data: [] } },
    ]),
  );
  return callOf({ ...readable, [`${DIRECTUS}/policies/me/globals`]: { body: { data: globals } } });
}

const ROUTES = ["/users/me", "/permissions", "/policies", "/access", "/roles", "/relations"];
/** A Directus that refuses a token with its own reason. */
const refusedCall = callOf({
  [`${DIRECTUS}/users/me?fields=id`]: {
    status: 401,
    body: { errors: [{ message: "Invalid token." }] },
  },
});
const NARROW = { app_access: false, admin_access: false };

for (
  const [name, token, call, level, part] of [
    ["none", undefined, callOf({}), "skipped", "share no views"],
    ["unknown", "t", callOf({}), "fault", "Directus does not accept it: connection refused"],
    ["refused with a full stop", "t", refusedCall, "fault", "not accept it: Invalid token. Run"],
    ["with too few rights", "t", tokenReads(ROUTES, NARROW), "fault", "not read directus_users."],
    [
      "as setup makes it",
      "t",
      tokenReads([...ROUTES, "/users"], NARROW),
      "ok",
      "it may read what decides",
    ],
    [
      "of an administrator",
      "t",
      tokenReads([...ROUTES, "/users"], { app_access: true, admin_access: true }),
      "warning",
      "an administrator",
    ],
    [
      "of a user of the app",
      "t",
      tokenReads([...ROUTES, "/users"], { app_access: true, admin_access: false }),
      "warning",
      "a user of Directus's app",
    ],
  ] as const
) {
  Deno.test(`checkToken() of a token ${name}`, async () => {
    const finding = await checkToken(token, DIRECTUS, call);
    assertEquals(finding.level, level);
    assertStringIncludes(lineOf(finding), part);
  });
}

function licence(change: { flows?: number; rules?: boolean; status?: string } = {}) {
  const { flows = 2, rules = true, status = "active" } = change;
  return {
    status,
    usage: { flows, seats: 1, collections: 9 },
    entitlements: {
      flows: { limit: 3, overage: 1, addon: 1 },
      seats: { limit: 3 },
      collections: { limit: -1 },
      custom_permission_rules_enabled: { default: rules },
    },
  };
}

const RULES =
  "warning: Directus ignores permissions with item rules or lists of fields. Give users whole " +
  "collections, or get a licence with custom permission rules";

for (
  const [name, data, ...lines] of [
    [
      "Directus 11",
      { "GET /server/info": { version: "11.17.4", rateLimit: false } },
      "ok: Directus 11.17.4",
      "ok: this version of Directus has no limits",
    ],
    [
      "Directus 12 with a licence",
      { "GET /server/info": { version: "12.4.1" }, "GET /license": licence() },
      "ok: Directus 12.4.1",
      "ok: active, 2 of 5 Flows active",
    ],
    ["a licence without permission rules", { "GET /license": licence({ rules: false }) }, RULES],
    [
      "a licence that is used up",
      { "GET /license": licence({ flows: 5 }) },
      "warning: 5 of 5 active Flows are in use. No more can be added without a licence",
    ],
    [
      "a locked Directus",
      { "GET /license": licence({ status: "locked" }) },
      "warning: Directus is locked. Resolve it on the page of the licence in Directus",
    ],
    [
      "a rate limiter",
      { "GET /server/info": { rateLimit: { points: 50, duration: "1" } } },
      "warning: Directus answers 50 calls in 1 s for all users of Live together. " +
      "Raise RATE_LIMITER_POINTS of Directus, so that many users can connect at once",
      "ok: this version of Directus has no limits",
    ],
  ] as const
) {
  Deno.test(`checkLimits() of ${name}`, async () => {
    assertEquals((await checkLimits(apiOf(data))).map(lineOf), [...lines]);
  });
}

for (
  const [version, level] of [
    ["9.26.0", "fault"],
    ["10.9.3", "fault"],
    ["10.10.0", "ok"],
    ["12.4.1", "ok"],
  ] as const
) {
  Deno.test(`judgeVersion() finds ${level} of Directus ${version}`, () => {
    assertEquals(judgeVersion(version).level, level);
  });
}
