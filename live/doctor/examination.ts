/**
 * All checks, in the order in which they depend on each other.
 *
 * @module
 */

import type { Config } from "../config/config.ts";
import { adminOf } from "../setup/admin.ts";
import { type Addresses, readAddresses } from "../setup/addresses.ts";
import { layoutOf } from "../setup/advice.ts";
import { createDirectusApi } from "../setup/directus_api.ts";
import { createHttpCall, type HttpCall } from "../setup/http_call.ts";
import { type CommandContext, CommandVariable } from "../terminal/command.ts";
import { checkCors } from "./cors.ts";
import { checkServer } from "./directus_server.ts";
import type { DoctorOptions } from "./doctor_options.ts";
import { checkEndToEnd } from "./end_to_end.ts";
import { type Finding, findingsOf } from "./finding.ts";
import { checkFlows } from "./flows.ts";
import { checkLimits } from "./directus_limits.ts";
import { checkListener } from "./live_listener.ts";
import { checkOrigins } from "./origins.ts";
import { checkEventsRedis, checkRedis } from "./redis.ts";
import { checkSessionCookie } from "./session_cookie.ts";
import { discoverCookie } from "./set_cookie.ts";
import { checkToken } from "./token_rights.ts";
import { checkTopics } from "./topics.ts";

const { AdminToken: ADMIN_TOKEN, Password: PASSWORD } = CommandVariable;

const { fault, skipped } = findingsOf("administrator");

/** Context that the checks share. */
interface World {
  readonly context: CommandContext;
  readonly config: Config;
  readonly options: DoctorOptions;
  readonly addresses: Addresses;
  readonly call: HttpCall;
}

/** Runs the checks, and yields each finding as soon as it is known. */
export async function* examine(
  context: CommandContext,
  config: Config,
  options: DoctorOptions,
): AsyncGenerator<Finding, void, undefined> {
  const addresses = readAddresses(options, config);
  const world = { context, config, options, addresses, call: createHttpCall(context.fetch) };
  const server = await checkServer(config.DIRECTUS_BASE_URL, world.call, context.now);
  yield* server.findings;
  if (server.isDirectus) {
    yield* examineBrowsers(world);
    yield* examineDirectus(world);
  }
  yield* await checkRedis(config.REDIS_URL);
  yield* await checkEventsRedis(config.DIRECTUS_EVENTS_REDIS_URL);
  yield* examineLive(world, server.isDirectus);
}

/** What browsers need: origins, the session cookie, CORS. */
async function* examineBrowsers(
  { config, addresses, call }: World,
): AsyncGenerator<Finding, void, undefined> {
  const layout = layoutOf(addresses, config);
  const name = config.DIRECTUS_SESSION_COOKIE;
  const api = createDirectusApi({
    baseUrl: publicUrl(addresses),
    call,
    headers: { cookie: `${name}=live-doctor` },
  });
  yield* checkOrigins(config, layout);
  yield* checkSessionCookie(name, await discoverCookie(api, name), layout);
  yield* await checkCors(layout, call);
}

/** Checks of the server's own token, and checks that need an administrator. */
async function* examineDirectus(
  { context, config, options, call }: World,
): AsyncGenerator<Finding, void, undefined> {
  const baseUrl = config.DIRECTUS_BASE_URL;
  yield await checkToken(config.DIRECTUS_TOKEN, baseUrl, call);
  const token = context.env[ADMIN_TOKEN];
  if (!token) {
    yield skipped(
      "version, licence, topics and Flows cannot be seen without an administrator's token",
      `Set ${ADMIN_TOKEN}`,
    );
    return;
  }
  const admin = await adminOf(token, baseUrl, call);
  if (!admin.ok) {
    yield fault(admin.reason, `Set ${ADMIN_TOKEN} to the static token of an administrator`);
    return;
  }
  yield* await checkLimits(admin.api);
  yield* await checkTopics(config.LIVE_TOPICS, admin.api);
  yield* await checkFlows(config, admin.api, { readOnly: options["read-only"] ?? false });
}

/** Whether pages reach the running server, and messages reach pages. */
async function* examineLive(
  { context, config, options, addresses, call }: World,
  isDirectus: boolean,
): AsyncGenerator<Finding, void, undefined> {
  const { openSocket, env, terminal } = context;
  const pages = layoutOf(addresses, config).pages.map(({ origin }) => origin);
  const origins = pages.length > 0 ? pages : [addresses.directus.origin];
  if (addresses.live !== undefined) {
    yield* await checkListener(addresses.live, origins, openSocket, call);
  }
  const { login: email } = options;
  if (email === undefined || !isDirectus) return;
  const password = env[PASSWORD] || await terminal.askSecret(`Password of ${email}`);
  yield* await checkEndToEnd({
    config,
    email,
    password: password ?? "",
    topic: options.topic,
    directusUrl: publicUrl(addresses),
    liveUrl: addresses.live ?? new URL(`ws://localhost:${config.LIVE_WS_PORT}`),
    opsUrl: addresses.ops ?? `http://localhost:${config.OPS_PORT}`,
    origin: origins[0] ?? "",
    call,
    openSocket,
  });
}

function publicUrl({ directus }: Addresses): string {
  return directus.href.replace(/\/+$/, "");
}
