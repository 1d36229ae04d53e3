/**
 * What all calls of the operator refuse, and how.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Revocation } from "../../live/domain/revocation.ts";
import type { Revoke } from "../../live/session/revoke.ts";
import { OpsBench } from "./ops_setup.ts";

const MIB = 1_048_576;

const calls = [
  ["/publish", "Publishing", { topic: "event:42", data: 1 }],
  ["/directus", "Publishing", { event: "events.items.create", collection: "events", key: "1" }],
  ["/revoke", "Revoking", { user: "ada" }],
] as const;

/** Starts a listener that counts what is asked of it. */
async function start(token?: { readonly publishToken: undefined }) {
  const commands: Revocation[] = [];
  const revoke: Revoke = (command) => {
    commands.push(command);
    return Promise.resolve({ closed: 0, asked: 0, withdrawn: 0 });
  };
  const ops = await OpsBench.start({ revoke, ...token });
  return {
    ops,
    get done() {
      return commands.length + ops.published.length;
    },
    [Symbol.asyncDispose]: () => ops[Symbol.asyncDispose](),
  };
}

for (const [path, name, body] of calls) {
  Deno.test(`POST ${path} takes a call of the operator`, async () => {
    await using bench = await start();
    const { status } = await bench.ops.post(path, body);
    assertEquals([status, bench.done], [200, 1]);
  });

  for (
    const [what, headers, text, status, error] of [
      [
        "no token",
        { authorization: null },
        undefined,
        401,
        "Authorization must carry the publish token as bearer",
      ],
      [
        "another token",
        { authorization: "Bearer another-token-of-tests" },
        undefined,
        401,
        "Authorization must carry the publish token as bearer",
      ],
      [
        "another content type",
        { "content-type": "text/plain" },
        undefined,
        415,
        "Content-Type must be application/json",
      ],
      ["more than 1 MiB", {}, " ".repeat(MIB + 1), 413, "Body must be at most 1048576 bytes"],
      ["what is no JSON", {}, "{", 400, "Body must be JSON in UTF-8"],
      [
        "what a template rendered that names nothing",
        {},
        " undefined\n",
        400,
        'Body is the word "undefined": the template in the Flow names nothing, take {{$trigger}} ' +
        "or a part of it",
      ],
    ] as const
  ) {
    Deno.test(`POST ${path} refuses ${what} with ${status}, and does nothing`, async () => {
      await using bench = await start();
      const answer = await bench.ops.post(path, text ?? body, headers);
      assertEquals([answer.status, answer.json, bench.done], [status, { error }, 0]);
    });
  }

  Deno.test(`POST ${path} is off without a token, and says so`, async () => {
    await using bench = await start({ publishToken: undefined });
    const { status, json, headers } = await bench.ops.post(path, body);
    assertEquals([status, json], [401, {
      error: `${name} is off: LIVE_PUBLISH_TOKEN is not set`,
    }]);
    assertEquals([headers.get("www-authenticate"), bench.done], ["Bearer", 0]);
  });
}
