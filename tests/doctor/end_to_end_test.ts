/**
 * `live doctor` with a server that runs: whether pages reach it, and a message from end to end.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { compose } from "../../live/application.ts";
import { configOf } from "../support/command.ts";
import { type ListeningDirectus, startDirectus } from "../support/directus.ts";
import { run } from "./doctor_setup.ts";

const TOKEN = "the-publish-token-of-the-tests";

/** Starts the whole application in front of a Directus. */
async function startApplication(
  { url }: ListeningDirectus,
  env: Readonly<Record<string, string>> = {},
): Promise<AsyncDisposable & { live: string; ops: string }> {
  const application = compose(configOf({
    DIRECTUS_BASE_URL: url,
    LIVE_WS_HOST: "127.0.0.1",
    LIVE_WS_PORT: "0",
    OPS_PORT: "0",
    LIVE_PUBLISH_TOKEN: TOKEN,
    LIVE_TOPICS: "event=events",
    LOG_LEVEL: "ERROR",
    ...env,
  }));
  const { live, ops } = await application.start();
  return {
    live: `ws://127.0.0.1:${live.port}`,
    ops: `http://127.0.0.1:${ops.port}`,
    [Symbol.asyncDispose]: async () => void await application.stop(),
  };
}

Deno.test("doctor --login sends a message from end to end, and leaves no session behind", async () => {
  await using directus = startDirectus();
  await using application = await startApplication(directus);
  const { code, lines, questions } = await run({
    args: [
      "--login=ada@example.com",
      `--live-url=${application.live}`,
      `--ops-url=${application.ops}`,
    ],
    env: {
      DIRECTUS_BASE_URL: directus.url,
      LIVE_TOPICS: "event=events",
      LIVE_PUBLISH_TOKEN: TOKEN,
    },
    secret: "demo",
  });

  assertEquals(questions, ["Password of ada@example.com"]);
  assertEquals(lines.filter((line) => line.includes("end to end")), [
    "ok       end to end: ada@example.com logs in",
    `ok       end to end: ${application.live}/ accepts the session`,
    "ok       end to end: ada@example.com may subscribe to event:1",
    "ok       end to end: the ops listener publishes on event:1",
    "ok       end to end: the message arrives",
  ]);
  assertEquals(code, 0);
  assertEquals(directus.directus.count("POST /auth/logout"), 1);
});

for (
  const [what, args, env, served, line] of [
    [
      "a wrong password",
      [],
      { DIRECTUS_PASSWORD: "wrong" },
      {},
      "cannot log in to Directus: status 401",
    ],
    [
      "a topic that the user may not read",
      ["--topic=event:99"],
      {},
      {},
      "subscribing to event:99 fails: forbidden. Choose an item that the user may read",
    ],
    [
      "a user who reads nothing",
      ["--login=bob@example.com"],
      {},
      {},
      "bob@example.com reads no item of LIVE_TOPICS",
    ],
    [
      "another publish token",
      [],
      { LIVE_PUBLISH_TOKEN: "another-token-of-16" },
      {},
      "Compare LIVE_PUBLISH_TOKEN of the running server with yours",
    ],
    [
      "no publish token",
      [],
      { LIVE_PUBLISH_TOKEN: "" },
      {},
      "nothing can be published. Set LIVE_PUBLISH_TOKEN",
    ],
    [
      "an ops listener elsewhere",
      ["--ops-url=http://127.0.0.1:9"],
      {},
      {},
      "the ops listener at http://127.0.0.1:9 cannot be reached",
    ],
    [
      "a server with another cookie",
      [],
      {},
      { DIRECTUS_SESSION_COOKIE: "other" },
      "refuses the session: 4501",
    ],
    [
      "a server that allows other pages",
      [],
      {},
      { LIVE_ALLOWED_ORIGINS: "https://app.example.com" },
      "Restart it with this configuration",
    ],
    [
      "another cookie of Directus",
      [],
      { DIRECTUS_SESSION_COOKIE: "other" },
      {},
      "Set DIRECTUS_SESSION_COOKIE=directus_session_token",
    ],
  ] as const
) {
  Deno.test(`doctor --login names ${what}`, async () => {
    await using directus = startDirectus();
    await using application = await startApplication(directus, served);
    const { lines } = await run({
      args: [
        "--login=ada@example.com",
        `--live-url=${application.live}`,
        `--ops-url=${application.ops}`,
        ...args,
      ],
      env: {
        DIRECTUS_BASE_URL: directus.url,
        DIRECTUS_PASSWORD: "demo",
        LIVE_TOPICS: "event=events",
        LIVE_PUBLISH_TOKEN: TOKEN,
        ...env,
      },
    });
    assert(lines.some((text) => text.includes(line)), lines.join("\n"));
  });
}

for (
  const [what, respond, part] of [
    ["a proxy that drops the upgrade", () => new Response(null, { status: 404 }), "status 404"],
    ["a proxy without a server", () => new Response(null, { status: 502 }), "status 502"],
  ] as const
) {
  Deno.test(`doctor names ${what}`, async () => {
    await using directus = startDirectus();
    await using proxy = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, respond);
    const { lines } = await run({
      args: [`--live-url=ws://127.0.0.1:${proxy.addr.port}`],
      env: { DIRECTUS_BASE_URL: directus.url },
    });
    const line = lines.find((line) => line.includes("Live: ")) ?? "";
    assertStringIncludes(line, part);
    assertStringIncludes(line, "Let the proxy pass Upgrade");
  });
}
