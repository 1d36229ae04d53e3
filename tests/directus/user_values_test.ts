/**
 * Which values of users' own fields are proven.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { UserValuesReader } from "../../live/directus/user_values.ts";
import type { CompletedCall, DirectusClient } from "../../live/directus/directus_client.ts";
import { BearerToken } from "../../live/domain/credential.ts";

const token = new BearerToken("the-token-of-the-access-reader");

/** Answers of Directus. */
interface Answers {
  readonly access?: string;
  readonly granted?: readonly string[];
  readonly record?: Readonly<Record<string, unknown>>;
  readonly isUncached?: boolean;
}

/** A reader on a clock that stands still, and the paths that it asked for. */
function setUp(
  { access = "full", granted = ["*"], record = { team: 1 }, isUncached = true }: Answers,
) {
  const asked: string[] = [];
  const clock = { now: 0 };
  const completed = (json: unknown): CompletedCall => ({
    kind: "completed",
    response: { kind: "json", json, ...(isUncached ? { isUncached } : {}) },
    elapsedMs: 1,
  });
  const client: DirectusClient = {
    get(path) {
      asked.push(path);
      return Promise.resolve(completed({
        data: path === "/permissions/me"
          ? { directus_users: { read: { access, fields: granted } } }
          : record,
      }));
    },
    foreignAnswer: () => Promise.resolve(undefined),
  };
  const reader = new UserValuesReader({ client, token, ttlMs: 1_000, now: () => clock.now });
  return { reader, asked, clock };
}

async function valuesWith(answers: Answers): Promise<unknown> {
  const answer = await setUp(answers).reader.of("ada", ["team"]);
  return answer.kind === "values" ? Object.fromEntries(answer.values) : answer;
}

for (
  const [name, answers, expected] of [
    ["a number", {}, { team: 1 }],
    ["null", { record: { team: null } }, { team: null }],
    ["a field that is granted by name", { granted: ["id", "team"] }, { team: 1 }],
    ["a field that is not granted", { granted: ["id"] }, {}],
    ["a right to some users only", { access: "partial" }, {}],
    ["a field that is absent", { record: {} }, {}],
    ["a list", { record: { team: [1] } }, {}],
    ["an object", { record: { team: { id: 1 } } }, {}],
    ["a masked secret", { record: { team: "**********" } }, {}],
    ["a cache that may be stale", { isUncached: false }, {}],
  ] as const
) {
  const proves = Object.keys(expected).length > 0 ? "proves" : "does not prove";
  Deno.test(`UserValuesReader.of() ${proves} a value with ${name}`, async () => {
    assertEquals(await valuesWith(answers), expected);
  });
}

Deno.test("UserValuesReader.of() asks once while a value is fresh enough, and again after a change", async () => {
  const { reader, asked, clock } = setUp({});
  await Promise.all([reader.of("ada", ["team"]), reader.of("ada", ["team"], { fresh: true })]);
  clock.now = 500;
  await reader.of("ada", ["team"]);
  assertEquals(asked.length, 2);
  await reader.of("ada", ["team"], { fresh: true });
  assertEquals(asked.length, 4);
  reader.forget();
  await reader.of("ada", ["team"]);
  assertEquals(asked.length, 6);
  assertEquals(asked.at(-1), "/users/ada?fields=team");
});

Deno.test("UserValuesReader.of() asks nothing without fields", async () => {
  const { reader, asked } = setUp({});
  const answer = await reader.of("ada", []);
  assertEquals([answer.kind, asked], ["values", []]);
});
