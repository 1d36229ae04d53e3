/**
 * Variables that `live setup` cannot set itself, as lines for `.env` files.
 *
 * @module
 */

import type { Config } from "../config/config.ts";
import type { Addresses } from "./addresses.ts";
import {
  cookieEnv,
  corsEnv,
  type DirectusEnv,
  envLines,
  FLOW_ENV,
  type Layout,
  LOCAL_CALLS_ENV,
} from "./directus_env.ts";
import { isLoopback } from "./site.ts";

const PUBLISH_TOKEN = "LIVE_PUBLISH_TOKEN";

/** Returns the layout of a configuration: where pages, Directus and Live are. */
export function layoutOf({ directus, live }: Addresses, config: Config): Layout {
  const origins = config.LIVE_ALLOWED_ORIGINS ?? [new URL(config.DIRECTUS_BASE_URL).origin];
  const pages = [...origins].filter((origin) => /^https?:\/\/[^*]+$/.test(origin))
    .map((origin) => new URL(origin));
  return { directus, live, pages };
}

/** Returns the variables of Live that let Directus reach the ops listener at its address. */
function opsEnv({ ops }: Addresses, config: Config): DirectusEnv {
  if (ops === undefined || isLoopback(new URL(ops))) return {};
  const { hostname } = new URL(ops);
  const isAddress = /^[\d.]+$|^\[/.test(hostname);
  const isAllowed = isAddress || hostname === config.OPS_HOST ||
    config.OPS_ALLOWED_HOSTS.has(hostname);
  return {
    ...(isLoopback(new URL(`http://${config.OPS_HOST}`)) ? { OPS_HOST: "0.0.0.0" } : {}),
    ...(isAllowed ? {} : { OPS_ALLOWED_HOSTS: [...config.OPS_ALLOWED_HOSTS, hostname].join(",") }),
  };
}

/**
 * Returns what is left to do by hand.
 *
 * @param newToken The token that setup has just made, which Directus does not show again.
 */
export function advice(addresses: Addresses, config: Config, newToken?: string): string[] {
  const layout = layoutOf(addresses, config);
  const token = config.LIVE_PUBLISH_TOKEN;
  const forLive = [
    ...(newToken === undefined ? [] : [`DIRECTUS_TOKEN=${newToken}`]),
    ...(token === undefined ? [`${PUBLISH_TOKEN}=<at least 16 characters of your own>`] : []),
    ...envLines(opsEnv(addresses, config)),
  ];
  return [
    ...section("Add to the environment of Live:", forLive),
    ...section("The environment of Directus needs these (restart it if you change any):", [
      ...envLines(FLOW_ENV),
      `${PUBLISH_TOKEN}=<the same as in the environment of Live>`,
      ...envLines(corsEnv(layout)),
      ...(layout.live === undefined ? [] : envLines(cookieEnv(layout))),
    ]),
    ...section(
      "If the ops listener is on the machine of Directus, add this as well:",
      envLines(LOCAL_CALLS_ENV),
    ),
    ...(layout.live === undefined
      ? ["", "With --live-url, this list has the variables of the session cookie too."]
      : []),
    "",
    "Then run live doctor.",
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", title, ...lines.map((line) => `  ${line}`)];
}
