/**
 * The configuration in one line of the log.
 *
 * @module
 */

import type { Config } from "./config.ts";

/** Returns the name of an instance: the configured one, or a random one. */
export function instanceIdOf(config: Config): string {
  return config.INSTANCE_ID ?? crypto.randomUUID().slice(0, 8);
}

/** Returns the origins whose pages may connect. */
export function originsOf(config: Config): ReadonlySet<string> {
  return config.LIVE_ALLOWED_ORIGINS ?? new Set([new URL(config.DIRECTUS_BASE_URL).origin]);
}

/** Returns the settings that an operator checks first when something does not work. It contains no secret. */
export function summaryOf(config: Config): Readonly<Record<string, unknown>> {
  const { LIVE_TOPICS: topics, REDIS_URL: redis } = config;
  return {
    directus: config.DIRECTUS_BASE_URL, // cannot have credentials
    origins: [...originsOf(config)],
    topics: Array.from(topics, ([prefix, { collection }]) => `${prefix}=${collection}`),
    transport: config.LIVE_TRANSPORT,
    threads: config.LIVE_THREADS,
    redis: redis === undefined ? "none" : withoutCredentials(redis),
    publishing: config.LIVE_PUBLISH_TOKEN === undefined ? "off" : "on",
  };
}

/** Removes the user and the password from a URL, which may have several hosts. */
function withoutCredentials(url: string): string {
  return url.replace(/^([a-z+]+:\/\/)[^/]*@/i, "$1");
}
