/**
 * `live doctor` with a real Directus: it names what is wrong, and its cure makes it pass.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Finding } from "../../live/doctor/finding.ts";
import { takeFreePort } from "../../live/transport/listener.ts";
import { hasRedis, RedisServer } from "../support/redis_server.ts";
import { type Env, type Operator, PAGE, troubles, variablesIn } from "./operator_setup.ts";
import { createUser } from "./world_setup.ts";

/** A mistake, and how the operator corrects it. */
interface Mistake {
  /** What is wrong. */
  readonly name: string;
  /** Makes it; resolves to the variables of the doctor that are wrong. */
  make(stack: AsyncDisposableStack): Promise<Env> | Env;
  /** The check that finds it. */
  readonly check: string;
  /** What the finding says. */
  readonly says: RegExp;
  /**
   * Applies the cure; resolves to the variables of the doctor that replace the wrong ones.
   *
   * @default {the variables that the cure names}
   */
  cure?(finding: Finding, env: Env): Promise<Env> | Env;
}

/** Registers the tests, for a Directus that is set up and a doctor that finds nothing wrong. */
export function doctorTests(operator: Operator, token: string): void {
  const { directus, env } = operator;
  const good = { DIRECTUS_TOKEN: token };

  const mistakes: readonly Mistake[] = [
    {
      name: "a wrong URL",
      make: () => ({ DIRECTUS_BASE_URL: `http://127.0.0.1:${takeFreePort()}` }),
      check: "Directus",
      says: /cannot be reached: .*Start Directus, or correct DIRECTUS_BASE_URL/,
      cure: () => ({}),
    },
    {
      name: "the address of Directus's app",
      make: () => ({ DIRECTUS_BASE_URL: `${directus.url}/admin` }),
      check: "Directus",
      says: /is not Directus: status 200, text\/html/,
    },
    {
      name: "another web server",
      make(stack) {
        const server = Deno.serve(
          { port: 0, hostname: "127.0.0.1", onListen() {} },
          () =>
            new Response("<title>Welcome</title>", { headers: { "content-type": "text/html" } }),
        );
        stack.use(server);
        return { DIRECTUS_BASE_URL: `http://127.0.0.1:${server.addr.port}` };
      },
      check: "Directus",
      says: /is not Directus: status 200, text\/html, title "Welcome"\..*the address of Directus/,
      cure: () => ({}),
    },
    {
      name: "a wrong name of the cookie",
      make: () => ({ DIRECTUS_SESSION_COOKIE: "session" }),
      check: "end to end",
      says: /logs in with the cookie directus_session_token, not session/,
    },
    {
      name: "an origin with a wrong scheme",
      make: () => ({ LIVE_ALLOWED_ORIGINS: PAGE.replace("http:", "https:") }),
      check: "CORS",
      says: /Did you mean/,
      cure: ({ cure = "" }) => ({ LIVE_ALLOWED_ORIGINS: /http\S+/.exec(cure)?.[0] ?? "" }),
    },
    {
      name: "a topic of a collection that does not exist",
      make: () => ({ LIVE_TOPICS: "event=event" }),
      check: "topics",
      says: /no collection event\. Did you mean event=events\?/,
      cure: ({ cure = "" }) => ({ LIVE_TOPICS: /event=\w+/.exec(cure)?.[0] ?? "" }),
    },
    {
      name: "a primary key that is not id",
      async make(stack) {
        await directus.admin("POST", "/collections", {
          collection: "orders",
          meta: {},
          schema: {},
          fields: [{
            field: "number",
            type: "string",
            meta: {},
            schema: { is_primary_key: true, length: 20 },
          }],
        });
        stack.defer(() => directus.admin("DELETE", "/collections/orders"));
        return { LIVE_TOPICS: "event=events,order=orders" };
      },
      check: "topics",
      says: /the primary key of orders is number, not id/,
      async cure({ cure = "" }) {
        const [entry = ""] = /order=\S+/.exec(cure) ?? [];
        await operator.setup(["--collections=events,many,orders"], good);
        return { LIVE_TOPICS: `event=events,${entry}` };
      },
    },
    {
      name: "a token without rights",
      async make() {
        const token = crypto.randomUUID();
        await createUser(directus, token, { token });
        return { DIRECTUS_TOKEN: token };
      },
      check: "DIRECTUS_TOKEN",
      says: /it may not read directus_permissions, .*Run live setup/,
      cure: async () => (await operator.setup([], good), good),
    },
    {
      name: "a Flow with a wrong token",
      async make() {
        const [{ id, options }] = await directus.admin("GET", "/operations?filter[type]=request");
        const headers = [{ header: "Authorization", value: "Bearer wrong" }];
        await directus.admin("PATCH", `/operations/${id}`, { options: { ...options, headers } });
        return {};
      },
      check: "Flows",
      says: /Live rejects the token of the calls to .*Bearer \{\{\$env\.LIVE_PUBLISH_TOKEN\}\}/,
      cure: async () => (await operator.setup([], good), {}),
    },
    {
      name: "a misspelt variable",
      make: () => ({ LIVE_ALLOWED_ORIGINS: "", LIVE_ALOWED_ORIGINS: PAGE }),
      check: "variables",
      says: /Did you mean LIVE_ALLOWED_ORIGINS\?/,
      cure: ({ cure = "" }) => ({ [/LIVE_[A-Z_]+/.exec(cure)?.[0] ?? ""]: PAGE }),
    },
    {
      name: "a limit of open files that is too low",
      make: () => ({ LIVE_MAX_CONNECTIONS: "50000" }),
      check: "open files",
      says: /up to 20000, but LIVE_MAX_CONNECTIONS=50000 needs 50128/,
    },
  ];

  Deno.test("live doctor finds nothing wrong after live setup, and sends a message from end to end", async () => {
    const findings = await operator.doctor(good);
    assertEquals(troubles(findings), hasRedis ? [] : troublesWithoutRedis(findings));
    assertEquals(findings.at(-1)?.message, "the message arrives");
  });

  for (const { name, make, check, says, cure = curedBy } of mistakes) {
    Deno.test(`live doctor names ${name}, and its cure makes it pass`, async () => {
      await using stack = new AsyncDisposableStack();
      const wrong = await make(stack);
      const findings = await operator.doctor({ ...good, ...wrong });
      const finding = findings.find((finding) =>
        finding.level === "fault" && finding.check === check &&
        says.test(troubles([finding])[0] ?? "")
      );
      assert(finding !== undefined, troubles(findings).join("\n"));

      const cured = await cure(finding, env);

      const left = (await operator.doctor({ ...good, ...cured }))
        .filter(({ level }) => level === "fault" || level === "warning");
      assertEquals(troubles(left), []);
    });
  }

  Deno.test({
    name: "live doctor names a Redis without persistence, and its cure makes it pass",
    ignore: !hasRedis,
    async fn() {
      await using redis = await RedisServer.start();
      const wrong = { ...good, REDIS_URL: redis.url };
      const [trouble = ""] = troubles(await operator.doctor(wrong));
      assert(trouble.startsWith("fault Redis: it is not persistent"), trouble);
      const [, name = "", value = ""] = /Set (appendonly) (yes)/.exec(trouble) ?? [];

      await redis.command("CONFIG", "SET", name, value);

      assertEquals(troubles(await operator.doctor(wrong)), []);
    },
  });
}

/** The cure names variables of the server. */
function curedBy({ cure = "" }: Finding): Env {
  return variablesIn(cure);
}

/** Without Redis on the machine, its check is skipped. */
function troublesWithoutRedis(findings: readonly Finding[]): string[] {
  return troubles(findings.filter(({ check }) => check === "Redis"));
}
