/**
 * Whose session it is according to Directus, and what both questions to Directus have in common.
 *
 * @module
 */

import { assertEquals, assertNotMatch } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { BASE } from "../support/directus.ts";
import {
  anyCookie,
  AuthoritySetup,
  cookieOf,
  respondingWith,
  TIMEOUT_MS,
  topicOf,
  UNAVAILABLE,
  withoutCacheBuster,
} from "./setup.ts";
import type { DirectusStandIn } from "./stand_in.ts";

const unknown = { email: null, role: null, first_name: null, last_name: null };

for (
  const [name, id, readable] of [
    ["all fields", "ada-id", { email: "ada@example.com", role: "editor", first_name: "Ada" }],
    ["only an id", "bob-id", {}],
    ["no readable role", "eve-id", { email: "eve@example.com" }],
  ] as const
) {
  Deno.test(`Authority.authenticate() returns a user with ${name}`, async () => {
    const { authority, directus, metrics } = new AuthoritySetup();
    assertEquals(await authority.authenticate(cookieOf(directus.session(id))), {
      kind: "authenticated",
      user: { ...unknown, id, ...readable },
    });
    assertEquals(metrics.authentications, ["ok"]);
  });
}

for (
  const [name, data] of [
    ["a role that is null", { role: null }],
    ["a role that is an object", { role: { id: "r" } }],
    ["fields of unexpected types", { email: 1, first_name: [], last_name: {} }],
    ["fields that were not requested", { password: "**", token: "t" }],
  ] as const
) {
  Deno.test(`Authority.authenticate() ignores ${name}`, async () => {
    const { authority } = respondingWith(JSON.stringify({ data: { id: "u", ...data } }));
    const user = { ...unknown, id: "u" };
    assertEquals(await authority.authenticate(anyCookie), { kind: "authenticated", user });
  });
}

const denied: Record<string, (directus: DirectusStandIn, session: string) => string> = {
  "a share's session": (directus) => directus.shareSession("share-1"),
  "a garbage cookie": () => "directus_session_token=garbage",
  "another cookie": () => "other=1",
  "a forged session (403 INVALID_TOKEN)": (_, session) => session.slice(0, -2),
  "an ended session": (directus, session) => (directus.logOut(session), session),
  "an expired session": (directus, session) => (directus.expire(session), session),
  "a suspended user": (directus, session) => (directus.suspend("ada-id"), session),
};

for (const [name, cookieFor] of Object.entries(denied)) {
  Deno.test(`Authority.authenticate() denies ${name}`, async () => {
    const { authority, directus, metrics } = new AuthoritySetup();
    const cookie = cookieOf(cookieFor(directus, directus.session("ada-id")));
    assertEquals(await authority.authenticate(cookie), { kind: "unauthorized" });
    assertEquals([metrics.authentications, directus.calls.length], [["unauthorized"], 1]);
  });
}

for (
  const [name, body] of [
    ["HTML", "<!doctype html>"],
    ["no body", ""],
    ["null", "null"],
    ["an empty object", "{}"],
    ["null as data", '{"data":null}'],
    ["a list as data", '{"data":[{"id":"u"}]}'],
    ["a list around the data", '[{"data":{"id":"u"}}]'],
    ["no id", '{"data":{"email":"a@b.c"}}'],
    ["an id that is null", '{"data":{"id":null}}'],
    ["an id that is a number", '{"data":{"id":5}}'],
    ["an id that is an object", '{"data":{"id":{"id":"u"}}}'],
    ["an empty id", '{"data":{"id":""}}'],
    ["an id in __proto__", '{"data":{"__proto__":{"id":"u"}}}'],
    ["an id beside the data", '{"data":{},"id":"u"}'],
  ] as const
) {
  Deno.test(`Authority.authenticate() is unavailable if a response has ${name}`, async () => {
    const { authority, metrics } = respondingWith(body);
    const answers = [
      await authority.authenticate(anyCookie),
      await authority.authenticate(anyCookie, { fresh: true }),
    ];
    assertEquals(answers.map(({ kind }) => kind), ["unavailable", "unavailable"]);
    assertEquals(metrics.authentications, ["error", "error"]);
  });
}

const FORBIDDEN = '{"errors":[{"message":"No.","extensions":{"code":"FORBIDDEN"}}]}';

for (
  const [name, body, status, kind] of [
    ["Directus's own 401", FORBIDDEN, 401, "unauthorized"],
    ["Directus's own 403", FORBIDDEN, 403, "unauthorized"],
    ["a share's session", '{"data":{"share":"x"}}', 200, "unauthorized"],
    ["a 401 of a proxy", "{}", 401, "unavailable"],
    ["a 403 of a proxy", "<!doctype html>", 403, "unavailable"],
    ["a maintenance page", "<!doctype html>", 200, "unavailable"],
    ["JSON of another server", '{"status":"maintenance"}', 200, "unavailable"],
    ["Directus's own 404", FORBIDDEN, 404, "unavailable"],
    ["503", "{}", 503, "unavailable"],
    ["a user", '{"data":{"id":"ada"}}', 200, "authenticated"],
  ] as const
) {
  Deno.test(`Authority.authenticate() treats ${name} as ${kind}, at a connection's start and later`, async () => {
    const { authority } = respondingWith(body, { status });
    assertEquals((await authority.authenticate(anyCookie)).kind, kind);
    assertEquals((await authority.authenticate(anyCookie, { fresh: true })).kind, kind);
  });
}

for (
  const [fault, reason, retryAfterMs] of [
    ["limited", "status 429", 1_000],
    ["pressure", "status 503", 2_000],
    ["broken", "status 500", 2_000],
    ["down", "error sending request: Connection refused", 2_000],
    ["hung", "no answer within 5000 ms", 2_000],
  ] as const
) {
  Deno.test(`Authority is unavailable while Directus is ${fault}`, async () => {
    using time = new FakeTime();
    const { authority, directus, metrics, cookie } = new AuthoritySetup();
    directus.fail(fault);
    const answers = Promise.all([
      authority.authenticate(cookie),
      authority.authorise(cookie, topicOf("event:1")),
    ]);
    await time.tickAsync(TIMEOUT_MS);
    const expected = { kind: "unavailable", reason, retryAfterMs } as const;
    assertEquals(await answers, [expected, expected]);
    assertEquals([metrics.authentications, metrics.authorisations], [["error"], ["error"]]);
  });
}

Deno.test("Authority.authenticate() denies a rotated cookie once its grace period is over", async () => {
  let now = 0;
  const { authority, directus } = new AuthoritySetup({ standIn: { now: () => now } });
  const old = directus.session("ada-id");
  const cookies = [old, directus.rotate(old)].map(cookieOf);
  const kinds = async () =>
    (await Promise.all(cookies.map((cookie) => authority.authenticate(cookie))))
      .map(({ kind }) => kind);
  now = 9_999;
  assertEquals(await kinds(), ["authenticated", "authenticated"]);
  now = 10_000;
  assertEquals(await kinds(), ["unauthorized", "authenticated"]);
});

Deno.test("Authority keeps the path of the base URL", async () => {
  const { authority, directus, cookie } = new AuthoritySetup({
    standIn: { basePath: "/cms" },
    baseUrl: `${BASE}/cms`,
  });
  assertEquals((await authority.authenticate(cookie)).kind, "authenticated");
  assertEquals((await authority.authorise(cookie, topicOf("event:1"))).kind, "allowed");
  assertEquals(directus.calls.map(({ url }) => withoutCacheBuster(url.href)), [
    "http://directus/cms/users/me?fields=id,email,role,first_name,last_name",
    "http://directus/cms/items/events/1?fields=id",
  ]);
});

Deno.test("Authority forwards the session cookie and nothing else", async () => {
  const { authority, directus } = new AuthoritySetup();
  await authority.authenticate(anyCookie);
  await authority.authorise(anyCookie, topicOf("event:1"));
  const headers = [["accept", "application/json"], ["cookie", "directus_session_token=s3cr3t"]];
  assertEquals(directus.calls.map(({ headers }) => [...headers]), [headers, headers]);
});

Deno.test("Authority does not reveal the cookie in a reason", async () => {
  const error = new Error("no", { cause: new Error("reset") });
  const { authority } = new AuthoritySetup({ fetch: () => Promise.reject(error) });
  const answer = await authority.authenticate(anyCookie);
  assertEquals(answer, { ...UNAVAILABLE, reason: "reset" });
  assertNotMatch(JSON.stringify(answer), /s3cr3t/);
});
