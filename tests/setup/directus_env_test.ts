/**
 * The variables of Directus that setup recommends.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { advice, layoutOf } from "../../live/setup/advice.ts";
import { canShareCookie, cookieEnv, corsEnv } from "../../live/setup/directus_env.ts";
import { configOf } from "../support/command.ts";

function layout(directus: string, live: string | undefined, pages: readonly string[]) {
  return {
    directus: new URL(directus),
    live: live === undefined ? undefined : new URL(live),
    pages: pages.map((page) => new URL(page)),
  };
}

const CMS = "https://cms.example.com";
const LIVE = "wss://live.example.com";
const APP = "https://app.example.com";

for (
  const [name, where, env] of [
    [
      "one host and path",
      layout("https://example.com/cms", "wss://example.com/live", ["https://example.com"]),
      {
        SESSION_COOKIE_SECURE: "true",
        SESSION_COOKIE_SAME_SITE: "lax",
      },
    ],
    ["subdomains", layout(CMS, LIVE, [APP]), {
      SESSION_COOKIE_DOMAIN: "example.com",
      SESSION_COOKIE_SECURE: "true",
      SESSION_COOKIE_SAME_SITE: "lax",
    }],
    ["two sites", layout(CMS, LIVE, ["https://app.example.org"]), {
      SESSION_COOKIE_DOMAIN: "example.com",
      SESSION_COOKIE_SECURE: "true",
      SESSION_COOKIE_SAME_SITE: "none",
    }],
    [
      "one machine",
      layout("http://localhost:8055", "ws://localhost:8080", ["http://localhost:3000"]),
      {
        SESSION_COOKIE_SECURE: "false",
        SESSION_COOKIE_SAME_SITE: "lax",
      },
    ],
    ["Live without an address", layout(CMS, undefined, [APP]), {
      SESSION_COOKIE_SECURE: "true",
      SESSION_COOKIE_SAME_SITE: "lax",
    }],
  ] as const
) {
  Deno.test(`cookieEnv() returns the variables with which the cookie reaches Live: ${name}`, () => {
    assertEquals<unknown>(cookieEnv(where), env);
  });
}

Deno.test("corsEnv() lists the origins of pages other than Directus's own", () => {
  assertEquals(corsEnv(layout(CMS, LIVE, [CMS, APP, "http://localhost:3000"])), {
    CORS_ENABLED: "true",
    CORS_ORIGIN: `${APP},http://localhost:3000`,
    CORS_CREDENTIALS: "true",
  });
});

Deno.test("corsEnv() returns no variables if all pages are on Directus's own origin", () => {
  assertEquals(corsEnv(layout(CMS, LIVE, [CMS])), {});
});

for (
  const [directus, live, can] of [
    [CMS, LIVE, true],
    ["http://localhost:8055", "ws://localhost:8080", true],
    ["http://localhost:8055", "ws://127.0.0.1:8080", false],
    [CMS, "wss://live.example.org", false],
  ] as const
) {
  Deno.test(`canShareCookie() is ${can} for ${directus} and ${live}`, () => {
    assertEquals(canShareCookie(new URL(directus), new URL(live)), can);
  });
}

for (
  const [origins, pages] of [
    [undefined, ["http://directus:8055"]],
    [`${APP},${CMS}`, [APP, CMS]],
    ["*", []],
    [`${APP},https://*.example.com,capacitor://localhost`, [APP]],
  ] as const
) {
  Deno.test(`layoutOf() has the pages of LIVE_ALLOWED_ORIGINS=${origins ?? ""}`, () => {
    const config = configOf(origins === undefined ? {} : { LIVE_ALLOWED_ORIGINS: origins });
    const addresses = { directus: new URL(CMS), live: undefined, ops: undefined };
    assertEquals(layoutOf(addresses, config).pages.map(({ origin }) => origin), [...pages]);
  });
}

Deno.test("advice() shows a new token, and the variables that no API sets", () => {
  const config = configOf({ LIVE_ALLOWED_ORIGINS: APP });
  const addresses = { directus: new URL(CMS), live: new URL(LIVE), ops: "http://127.0.0.1:9090" };
  assertEquals(advice(addresses, config, "new-token").filter((line) => line.includes("=")), [
    "  DIRECTUS_TOKEN=new-token",
    "  LIVE_PUBLISH_TOKEN=<at least 16 characters of your own>",
    "  FLOWS_ENV_ALLOW_LIST=LIVE_PUBLISH_TOKEN",
    "  LIVE_PUBLISH_TOKEN=<the same as in the environment of Live>",
    "  CORS_ENABLED=true",
    `  CORS_ORIGIN=${APP}`,
    "  CORS_CREDENTIALS=true",
    "  SESSION_COOKIE_DOMAIN=example.com",
    "  SESSION_COOKIE_SECURE=true",
    "  SESSION_COOKIE_SAME_SITE=lax",
    "  IMPORT_IP_DENY_LIST=169.254.169.254",
  ]);
});

for (
  const [ops, env, ...lines] of [
    ["http://127.0.0.1:9090", {}],
    ["http://live:9090", {}, "  OPS_HOST=0.0.0.0", "  OPS_ALLOWED_HOSTS=live"],
    ["http://10.0.0.7:9090", {}, "  OPS_HOST=0.0.0.0"],
    ["http://live:9090", { OPS_HOST: "live" }],
    [
      "http://live:9090",
      { OPS_HOST: "0.0.0.0", OPS_ALLOWED_HOSTS: "ops" },
      "  OPS_ALLOWED_HOSTS=ops,live",
    ],
    ["http://live:9090", { OPS_HOST: "0.0.0.0", OPS_ALLOWED_HOSTS: "live" }],
  ] as const
) {
  Deno.test(`advice() lets Directus reach ${ops} with ${JSON.stringify(env)}`, () => {
    const addresses = { directus: new URL(CMS), live: undefined, ops };
    const advised = advice(addresses, configOf(env)).filter((line) => line.startsWith("  OPS_"));
    assertEquals(advised, [...lines]);
  });
}
