/**
 * The checks of what browsers do: origins, the session cookie, CORS.
 *
 * @module
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkCors } from "../../live/doctor/cors.ts";
import { checkOrigins } from "../../live/doctor/origins.ts";
import { checkSessionCookie } from "../../live/doctor/session_cookie.ts";
import { discoverCookie, parseSetCookie } from "../../live/doctor/set_cookie.ts";
import type { HttpCall } from "../../live/setup/http_call.ts";
import { lineOf, replyOf } from "./doctor_setup.ts";

const CMS = "https://cms.example.com";
const LIVE = "wss://live.example.com";
const APP = "https://app.example.com";
const NAME = "directus_session_token";

function layout(directus: string, live: string | undefined, pages: readonly string[]) {
  return {
    directus: new URL(directus),
    live: live === undefined ? undefined : new URL(live),
    pages: pages.map((page) => new URL(page)),
  };
}

for (
  const [attributes, cms, live, page, level, part] of [
    ["Domain=example.com; Secure", CMS, LIVE, APP, "ok", "live.example.com"],
    ["Domain=.example.com; Secure; SameSite=Strict", CMS, LIVE, APP, "ok", ""],
    ["", "http://localhost:8055", "ws://localhost:8080", "http://localhost:3000", "ok", ""],
    ["Secure", "http://localhost:8055", "ws://localhost:8080", "http://localhost:3000", "ok", ""],
    ["Secure", CMS, undefined, APP, "skipped", "Pass --live-url"],
    ["Secure", CMS, LIVE, APP, "fault", "SESSION_COOKIE_DOMAIN=example.com"],
    ["Domain=example.org; Secure", CMS, LIVE, APP, "fault", "its domain example.org"],
    ["Domain=cms.example.com; Secure", CMS, LIVE, APP, "fault", "it is for cms.example.com"],
    [
      "Secure",
      CMS,
      "wss://live.example.org",
      CMS,
      "fault",
      "no cookie reaches both cms.example.com and live.example.org",
    ],
    [
      "",
      "http://localhost:8055",
      "ws://127.0.0.1:8080",
      "http://localhost:3000",
      "fault",
      "it is for localhost alone",
    ],
    ["Secure", "http://cms.example.com", undefined, "http://cms.example.com", "fault", "Secure"],
    ["Secure", CMS, "ws://cms.example.com:8080", CMS, "fault", "Put a proxy with TLS"],
    ["Secure; SameSite=Lax", CMS, undefined, "https://app.example.org", "fault", "SAME_SITE=none"],
    ["SameSite=None", CMS, undefined, APP, "fault", "SameSite=None needs Secure"],
    [
      "Domain=example.com; Secure; SameSite=None",
      CMS,
      LIVE,
      "https://app.example.org",
      "warning",
      "Safari and Firefox",
    ],
  ] as const
) {
  Deno.test(`checkSessionCookie() finds ${level}: "${attributes}" of ${cms}, ${page} to ${live}`, () => {
    const cookie = parseSetCookie(`${NAME}=x; Path=/; HttpOnly; ${attributes}`);
    const [finding] = checkSessionCookie(NAME, cookie, layout(cms, live, [page]));
    assertEquals(finding?.level, level);
    assertStringIncludes(finding === undefined ? "" : lineOf(finding), part);
  });
}

Deno.test("checkSessionCookie() says which of two pages is on another site", () => {
  const cookie = parseSetCookie(`${NAME}=x; Domain=example.com; Secure; SameSite=Lax`);
  const pages = [APP, "https://app.example.org"];
  const findings = checkSessionCookie(NAME, cookie, layout(CMS, LIVE, pages));
  assertEquals(findings.map(({ message }) => message), [
    `browsers drop the cookie when https://app.example.org logs in: it is another site than ${CMS}, ` +
    "and SameSite is lax",
  ]);
});

Deno.test("checkSessionCookie() names the variable if Directus has another name", () => {
  const [finding] = checkSessionCookie("mine", undefined, layout(CMS, LIVE, [APP]));
  assertEquals(
    finding && lineOf(finding),
    [
      "fault: Directus knows no session cookie mine. ",
      "Set DIRECTUS_SESSION_COOKIE to the SESSION_COOKIE_NAME of Directus",
    ].join(""),
  );
});

Deno.test("discoverCookie() finds the cookie among those that Directus clears", async () => {
  const headers = new Headers([["set-cookie", "a=; Path=/"], ["set-cookie", "b=; Domain=b.com"]]);
  const api = () =>
    Promise.resolve({ status: 401, ok: false, data: undefined, code: "", reason: "", headers });
  assertEquals((await discoverCookie(api, "b"))?.domain, "b.com");
  assertEquals(await discoverCookie(api, "c"), undefined);
});

for (
  const [allowed, cms, live, pages, ...lines] of [
    [new Set([APP]), CMS, LIVE, [APP], `ok: pages of ${APP} may connect`],
    [
      new Set(["https://*.example.com"]),
      CMS,
      LIVE,
      [],
      "ok: pages of https://*.example.com may connect",
    ],
    [undefined, CMS, undefined, [CMS], `ok: pages of ${CMS} may connect`],
    [
      new Set(["*"]),
      CMS,
      LIVE,
      [],
      "warning: every page on the internet may connect as its visitor. " +
      "Set LIVE_ALLOWED_ORIGINS to the origins of your pages",
    ],
    [
      new Set(["https://*.example.com"]),
      CMS,
      LIVE,
      [],
      "ok: pages of https://*.example.com may connect",
    ],
    [
      undefined,
      CMS,
      undefined,
      ["http://directus:8055"],
      "fault: LIVE_ALLOWED_ORIGINS is not set, so only pages of http://directus:8055 may connect, " +
      `an address that browsers do not use. Set LIVE_ALLOWED_ORIGINS=${CMS}, or to the origins of ` +
      "your pages",
    ],
    [
      new Set(["http://app.example.com"]),
      CMS,
      LIVE,
      ["http://app.example.com"],
      "fault: http://app.example.com is not encrypted, but live.example.com is: browsers keep its " +
      "cookie from such a page. Did you mean https://app.example.com?",
    ],
    [
      new Set([APP]),
      CMS,
      "ws://live.example.com",
      [APP],
      `fault: ${APP} may not open ws://live.example.com/: browsers block it, as it is not ` +
      "encrypted. Put a proxy with TLS in front of Live, and pass --live-url wss://…",
    ],
    [
      new Set(["http://localhost:3000"]),
      CMS,
      LIVE,
      ["http://localhost:3000"],
      "ok: pages of http://localhost:3000 may connect",
    ],
  ] as const
) {
  Deno.test(`checkOrigins() of ${pages.join() || "all"} to ${live ?? cms}`, () => {
    const config = { LIVE_ALLOWED_ORIGINS: allowed as ReadonlySet<string> | undefined };
    assertEquals(checkOrigins(config, layout(cms, live, pages)).map(lineOf), [...lines]);
  });
}

const ALLOWS = {
  "access-control-allow-credentials": "true",
  "access-control-allow-methods": "GET,POST",
  "access-control-allow-headers": "Content-Type,Authorization",
};

/** A Directus whose CORS allows some origins. */
function corsOf(origins: readonly string[], headers: Record<string, string> = {}): HttpCall {
  return (_url, init) => {
    const origin = new Headers(init?.headers).get("origin") ?? "";
    const isAllowed = origins.includes(origin);
    return Promise.resolve(replyOf({
      status: 204,
      headers: isAllowed ? { "access-control-allow-origin": origin, ...ALLOWS, ...headers } : {},
    }));
  };
}

const ENV = `CORS_ENABLED=true CORS_ORIGIN=${APP} CORS_CREDENTIALS=true`;

for (
  const [name, call, page, line] of [
    ["the page's origin", corsOf([APP]), APP, `ok: ${APP} may call Directus`],
    [
      "nothing",
      corsOf([]),
      APP,
      `fault: browsers do not let ${APP} call Directus: no Access-Control-Allow-Origin in its ` +
      `answer: CORS is off. In the environment of Directus, set ${ENV}`,
    ],
    [
      "the other scheme",
      corsOf([APP]),
      "http://app.example.com",
      `fault: Directus lets ${APP} call it, but LIVE_ALLOWED_ORIGINS has http://app.example.com. ` +
      `Did you mean ${APP} in LIVE_ALLOWED_ORIGINS?`,
    ],
    [
      "everybody, without cookies",
      corsOf([APP], { "access-control-allow-origin": "*" }),
      APP,
      `fault: browsers do not let ${APP} call Directus: it allows * instead. ` +
      `In the environment of Directus, set ${ENV}`,
    ],
    [
      "no credentials",
      corsOf([APP], { "access-control-allow-credentials": "false" }),
      APP,
      `fault: browsers do not let ${APP} call Directus: no Access-Control-Allow-Credentials: true ` +
      `in its answer, so browsers ignore its cookie. In the environment of Directus, set ${ENV}`,
    ],
    [
      "no POST",
      corsOf([APP], { "access-control-allow-methods": "GET" }),
      APP,
      `fault: browsers do not let ${APP} call Directus: it does not allow POST. ` +
      `In the environment of Directus, set ${ENV}`,
    ],
    [
      "no JSON",
      corsOf([APP], { "access-control-allow-headers": "Authorization" }),
      APP,
      `fault: browsers do not let ${APP} call Directus: it does not allow the header ` +
      `Content-Type. In the environment of Directus, set ${ENV}`,
    ],
    ["patterns only", corsOf([]), undefined, "skipped: LIVE_ALLOWED_ORIGINS names no page exactly"],
    ["itself", corsOf([]), CMS, "ok: not needed: pages are on the origin of Directus"],
  ] as const
) {
  Deno.test(`checkCors() of a Directus that allows ${name}`, async () => {
    assertEquals(
      (await checkCors(layout(CMS, LIVE, page === undefined ? [] : [page]), call)).map(lineOf),
      [line],
    );
  });
}
