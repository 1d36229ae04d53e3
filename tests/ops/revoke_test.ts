/**
 * The revoke call and its answers.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Revocation } from "../../live/domain/revocation.ts";
import type { Revoked } from "../../live/session/revoke.ts";
import { type OpsAnswer, OpsBench } from "./ops_setup.ts";

/** Makes one call, and returns what was to be done and the answer. */
async function call(body: unknown, trouble?: string): Promise<[Revocation[], OpsAnswer]> {
  const commands: Revocation[] = [];
  const revoked: Revoked = { closed: 2, asked: 3, withdrawn: 1 };
  await using ops = await OpsBench.start({
    readiness: () => "draining", // which is no reason to let anybody be
    revoke(command) {
      commands.push(command);
      return Promise.resolve(trouble === undefined ? revoked : { ...revoked, trouble });
    },
  });
  return [commands, await ops.post("/revoke", body)];
}

for (
  const [body, command] of [
    [{ user: "ada" }, { user: ["ada"] }],
    [{ user: ["ada", "bob"] }, { user: ["ada", "bob"] }],
    [{ topic: "event:42" }, { topic: "event:42" }],
    [{ connection: "1-2" }, { connection: "1-2" }],
  ]
) {
  Deno.test(`POST /revoke does ${JSON.stringify(body)}, and tells what came of it`, async () => {
    const [commands, { status, json }] = await call(body);
    assertEquals([status, json], [200, { closed: 2, asked: 3, withdrawn: 1 }]);
    assertEquals(commands, [command as Revocation]);
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
      'user.0: is the word "undefined": the template in the Flow names nothing, take {{$trigger}} ' +
      "or a part of it",
    ],
  ] as const
) {
  Deno.test(`POST /revoke refuses ${JSON.stringify(body)} with 400`, async () => {
    const [commands, { status, json }] = await call(body);
    assertEquals([status, json, commands], [400, { error }, []]);
  });
}

Deno.test("POST /revoke is 503 if it is not done everywhere, with what was done here", async () => {
  const [, { status, json, headers }] = await call({ user: "ada" }, "Others were not told");
  assertEquals(status, 503);
  assertEquals(json, { error: "Others were not told", closed: 2, asked: 3, withdrawn: 1 });
  assertEquals(headers.get("retry-after"), "2");
});

Deno.test("POST /revoke is 404 on a listener that cannot revoke", async () => {
  await using ops = await OpsBench.start();
  const { status, json } = await ops.post("/revoke", { user: "ada" });
  assertEquals([status, json], [404, { error: "No such route" }]);
});
