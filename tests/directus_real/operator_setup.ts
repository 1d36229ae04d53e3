/**
 * A Directus that `live setup` has set up, a server in front of it, and the operator's commands.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { doctor } from "../../live/doctor/doctor.ts";
import type { Finding } from "../../live/doctor/finding.ts";
import { setup } from "../../live/setup/setup.ts";
import { takeFreePort } from "../../live/transport/listener.ts";
import { PASSWORD } from "../directus/contract_setup.ts";
import { createContext, type Transcript } from "../support/command.ts";
import { hasRedis, RedisServer } from "../support/redis_server.ts";
import type { DirectusVersion } from "./install.ts";
import { ADMIN_TOKEN, RealDirectus } from "./real_directus.ts";
import { serve, type Served, TOKEN } from "./server_setup.ts";
import { createUser, createWorld, type World } from "./world_setup.ts";

/** Environment variables by name. */
export type Env = Readonly<Record<string, string>>;

/** The page that is allowed to connect. Nothing listens there: only browsers would look. */
export const PAGE = `http://127.0.0.1:${takeFreePort()}`;

/** Variables with which Directus works together with the server. */
export const CURED: Env = {
  CORS_ENABLED: "true",
  CORS_ORIGIN: PAGE,
  FLOWS_ENV_ALLOW_LIST: "LIVE_PUBLISH_TOKEN",
  LIVE_PUBLISH_TOKEN: TOKEN,
};

/** Everything that an operator has. */
export interface Operator extends AsyncDisposable {
  /** Directus. */
  readonly directus: RealDirectus;
  /** What is in it. */
  readonly world: World;
  /** The server that runs. */
  readonly served: Served;
  /** The configuration of the server, and the administrator's token. */
  readonly env: Env;
  /** Runs `live setup`; resolves to what it printed. */
  setup(args?: readonly string[], env?: Env): Promise<Transcript>;
  /** Runs `live doctor` with all its options; resolves to what it found. */
  doctor(env?: Env, args?: readonly string[]): Promise<Finding[]>;
}

/** Starts a Directus with these settings and a server in front of it, without setup. */
export async function startOperator(
  name: string,
  settings: Env,
  version: DirectusVersion = "11.17.4",
): Promise<Operator> {
  const stack = new AsyncDisposableStack();
  try {
    const directus = stack.use(await RealDirectus.start(name, settings, version));
    // Without a licence, Directus 12 refuses rules in permissions.
    const world = await createWorld(directus, ...version === "12.4.1" ? [{}] : []);
    await createUser(directus, "ada", { role: world.editor });
    const redis = hasRedis ? stack.use(await RedisServer.start({ durable: true })) : undefined;
    const env = {
      DIRECTUS_BASE_URL: directus.url,
      DIRECTUS_AUTH_TIMEOUT_MS: "60000", // the tests' machine may be busy
      DIRECTUS_ADMIN_TOKEN: ADMIN_TOKEN,
      DIRECTUS_PASSWORD: PASSWORD,
      LIVE_ALLOWED_ORIGINS: PAGE,
      LIVE_MAX_CONNECTIONS: "1000",
      LIVE_PUBLISH_TOKEN: TOKEN,
      LIVE_REVALIDATE_INTERVAL_MS: "0", // so that only the Flows report changed rights
      LIVE_TOPICS: "event=events,many=many",
      ...(redis === undefined ? {} : { REDIS_URL: redis.url }),
    };
    const served = stack.use(await serve(directus, env));
    return {
      directus,
      world,
      served,
      env,
      async setup(args = [], more = {}) {
        const [context, transcript] = createContext({
          args: [`--ops-url=${served.ops}`, `--live-url=${served.url}`, ...args],
          env: { ...env, ...more },
          fetch,
        });
        assertEquals(await setup(context), 0, transcript.errors.join("\n"));
        return transcript;
      },
      async doctor(more = {}, args = []) {
        const [context, { lines }] = createContext({
          args: [
            "--json",
            "--login=ada@example.com",
            "--open-files=20000",
            `--live-url=${served.url}`,
            `--ops-url=${served.ops}`,
            ...args,
          ],
          env: { ...env, ...more },
          fetch,
          openSocket: (url, headers) => new WebSocket(url, { headers: { ...headers } }),
          now: Date.now,
        });
        const code = await doctor(context);
        const { ok, findings } = JSON.parse(lines.join("\n"));
        assertEquals(code, ok ? 0 : 1);
        return findings;
      },
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** Returns the variables that a text tells the operator to set. */
export function variablesIn(text: string): Env {
  return Object.fromEntries(
    [...text.matchAll(/\b([A-Z][A-Z_]+)=([^\s<]\S*)/g)].map(([, name = "", value = ""]) => [
      name,
      value.replace(/[,.]$/, ""),
    ]),
  );
}

/** Returns the findings that are not ok, as lines. */
export function troubles(findings: readonly Finding[]): string[] {
  return findings.filter(({ level }) => level !== "ok")
    .map(({ check, level, message, cure }) => `${level} ${check}: ${message}. ${cure}`);
}
