/**
 * The revoke call.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Revocation } from "../../live/domain/revocation.ts";
import type { Revoked } from "../../live/session/revoke.ts";
import { Ops, type OpsAnswer } from "./ops_setup.ts";

/** Makes one call; resolves to the revocations that it caused, and its answer. */
async function call(body: unknown, trouble?: string): Promise<[Revocation[], OpsAnswer]> {
  const revocations: Revocation[] = [];
  const revoked: Revoked = { closed: 2, asked: 3, withdrawn: 1 };
  await using ops = await Ops.start({
    readiness: "draining", // an operator can still revoke
    revoke(revocation) {
      revocations.push(revocation);
      return Promise.resolve(trouble === undefined ? revoked : { ...revoked, trouble });
    },
  });
  return [revocations, await ops.post("/revoke", body)];
}

for (
  const [body, revocation] of [
    [{ user: "ada" }, { user: ["ada"] }],
    [{ user: ["ada", "bob"] }, { user: ["ada", "bob"] }],
    [{ topic: "event:42" }, { topic: "event:42" }],
    [{ connection: "1-2" }, { connection: "1-2" }],
  ]
) {
  Deno.test(`POST /revoke carries out ${JSON.stringify(body)} and answers the counts`, async () => {
    const [revocations, { status, json }] = await call(body);
    assertEquals([status, json], [200, { closed: 2, asked: 3, withdrawn: 1 }]);
    assertEquals(revocations, [revocation as Revocation]);
  });
}

for (
  const [body, error] of [
    [{}, "Body must have exactly one of user, topic, connection: it has none"],
    [
      { user: "ada", topic: "event:42" },
      "Body must have exactly one of user, topic, connection: it has user, topic",
    ],
    [
      { user: "undefined" },
      'user: is the word "undefined": the template in the Flow refers to nothing, use {{$trigger}} ' +
      "or a part of it",
    ],
  ] as const
) {
  Deno.test(`POST /revoke refuses ${JSON.stringify(body)} with 400`, async () => {
    const [revocations, { status, json }] = await call(body);
    assertEquals([status, json, revocations], [400, { error }, []]);
  });
}

Deno.test("POST /revoke is 503 with this instance's counts if other instances were not reached", async () => {
  const [, { status, json, headers }] = await call(
    { user: "ada" },
    "Other instances were not reached",
  );
  assertEquals(status, 503);
  assertEquals(json, {
    error: "Other instances were not reached",
    closed: 2,
    asked: 3,
    withdrawn: 1,
  });
  assertEquals(headers.get("retry-after"), "2");
});

Deno.test("POST /revoke is 404 on a server that cannot revoke", async () => {
  await using ops = await Ops.start();
  const { status, json } = await ops.post("/revoke", { user: "ada" });
  assertEquals([status, json], [404, { error: "No such route" }]);
});
