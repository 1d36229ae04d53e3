/**
 * The defaults of the configuration, and how mistakes are reported.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Config } from "../../live/config/config.ts";
import { readConfig } from "../../live/config/read_config.ts";
import { variables } from "../../live/config/variables.ts";
import { BASE_URL, REQUIRED, variableRows } from "./config_contract.ts";

function config(env: Record<string, string | undefined> = {}): Config {
  const result = readConfig({ [REQUIRED]: BASE_URL, ...env });
  assert(result.ok, result.ok ? "" : result.faults.join("\n"));
  return result.config;
}

function faults(env: Record<string, string | undefined>): readonly string[] {
  const result = readConfig({ [REQUIRED]: BASE_URL, ...env });
  return result.ok ? [] : result.faults;
}

Deno.test("readConfig() reads these variables and no others", () => {
  assertEquals(Object.keys(variables), variableRows.map(({ name }) => name));
});

for (const { name, value } of variableRows) {
  Deno.test(`readConfig() uses the default of ${name} while it is unset`, () => {
    assertEquals(config()[name as keyof Config], value);
  });

  if (name === REQUIRED) continue;
  Deno.test(`readConfig() treats an empty ${name} as unset`, () => {
    assertEquals(config({ [name]: "" })[name as keyof Config], value);
  });
}

for (const text of [undefined, ""]) {
  Deno.test(`readConfig() requires ${REQUIRED}: ${JSON.stringify(text)}`, () => {
    assertEquals(faults({ [REQUIRED]: text }), [
      "DIRECTUS_BASE_URL must be set: where Directus is, a path prefix allowed",
    ]);
  });
}

Deno.test("readConfig() does not change the environment", () => {
  const env = Object.freeze({ [REQUIRED]: BASE_URL, OPS_PORT: "1" });
  assert(readConfig(env).ok);
});

Deno.test("readConfig() ignores other variables", () => {
  assertEquals(config({ PATH: "/bin", live_ws_port: "1" }), config());
});

Deno.test("readConfig() reports every mistake, one line each", () => {
  const lines = faults({
    [REQUIRED]: "directus",
    OPS_PORT: "70000",
    LOG_FORMAT: "xml",
    LIVE_PUBLISH_TOKEN: "short",
  });
  assertEquals(lines, [
    "DIRECTUS_BASE_URL must be an http:// or https:// URL without credentials, query or " +
    'fragment: current value is "directus"',
    "LIVE_PUBLISH_TOKEN must be at least 16 visible ASCII characters: current value is not shown",
    'OPS_PORT must be a whole number from 0 to 65535: current value is "70000"',
    'LOG_FORMAT must be one of json, pretty: current value is "xml"',
  ]);
});

Deno.test("readConfig() reports mistakes in all variables at once", () => {
  const bad = Object.fromEntries(
    variableRows.map(({ name }) => [name, name === "LIVE_TOPICS" ? "x" : "\u0000"]),
  );
  assertEquals(
    faults(bad).map((line) => line.split(" ", 1)[0]),
    variableRows.map(({ name }) => name),
  );
});

Deno.test("readConfig() reports a value with line breaks on one line", () => {
  for (const line of faults({ LOG_LEVEL: "INFO\nFORGED: \u001b[31mline\r" })) {
    // deno-lint-ignore no-control-regex
    assertEquals(line.match(/[\u0000-\u001f]/g), null);
  }
});

for (const token of ["tooshort", "sixteen letters!", "a-token-with-an-ö", "x".repeat(513)]) {
  Deno.test(`readConfig() never shows a publish token: ${token.slice(0, 20)}`, () => {
    const [line = ""] = faults({ LIVE_PUBLISH_TOKEN: token });
    assertStringIncludes(line, "LIVE_PUBLISH_TOKEN must be");
    assertEquals(line.includes(token), false);
  });
}

for (
  const [name, url] of [
    ["name and password", "http://user:pass@host"],
    ["a password alone", "https://:pass@host/cms"],
    ["an @ in the password", "http://user:p@pass@host"],
    ["a slash in the password", "http://user:pa/pass@host"],
    ["a slash and a question mark in the password", "http://user:/?pass@host"],
    ["a comma in the password", "http://user:p,pass@host"],
    ["no slashes", "http:user:pass@host"],
    ["one slash", "http:/user:pass@host"],
    ["backslashes", "http:\\\\user:pass@host"],
    ["no scheme", "user:pass@host"],
    ["another scheme", "redis://user:pass@host"],
    ["a line break", "http://user:\npass@host"],
  ] as const
) {
  Deno.test(`readConfig() never shows the credentials of a URL: ${name}`, () => {
    const lines = faults({ DIRECTUS_BASE_URL: url, LIVE_ALLOWED_ORIGINS: `https://a.b,${url}` });
    assertEquals(lines.length, 2);
    for (const line of lines) {
      assertEquals(line.includes("pass"), false, line);
      assertStringIncludes(line, "***@host");
    }
  });
}

Deno.test("readConfig() never shows the credentials of any URL in a list", () => {
  const [line = ""] = faults({ LIVE_ALLOWED_ORIGINS: "https://u:pass@a.b,https://u:pass@c.d" });
  assertEquals(line.includes("pass"), false, line);
});

Deno.test("readConfig() never shows the query of a URL", () => {
  const [line = ""] = faults({ DIRECTUS_BASE_URL: "http://host/?access_token=secret" });
  assertStringIncludes(line, 'current value is "http://host/?***"');
});

Deno.test("readConfig() shows the value of a URL without credentials", () => {
  const [line = ""] = faults({ DIRECTUS_BASE_URL: "ftp://host/path" });
  assertStringIncludes(line, 'current value is "ftp://host/path"');
});
