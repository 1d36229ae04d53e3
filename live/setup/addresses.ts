/**
 * Addresses that browsers and Directus use. The configuration does not contain them.
 *
 * @module
 */

import type { Config } from "../config/config.ts";
import { isUnspecified } from "../domain/host.ts";
import { UsageError } from "../terminal/command.ts";
import type { Options, OptionTable } from "../terminal/options.ts";

/** Options for the addresses. */
export const ADDRESS_OPTIONS = {
  "live-url": {
    value: "URL",
    meaning: "where browsers reach Live, such as wss://live.example.com",
  },
  "public-url": {
    value: "URL",
    meaning: "where browsers reach Directus, if that is not DIRECTUS_BASE_URL",
  },
  "ops-url": {
    value: "URL",
    meaning: "where Directus reaches the ops listener, if that is not http://OPS_HOST:OPS_PORT",
  },
} as const satisfies OptionTable;

/** Addresses of Live, Directus and the ops listener. */
export interface Addresses {
  /** Where browsers reach Live, if the command line says so. */
  readonly live: URL | undefined;
  /** Where browsers reach Directus. */
  readonly directus: URL;
  /** Where Directus reaches the ops listener, without a slash at the end, if that is known. */
  readonly ops: string | undefined;
}

/**
 * Reads the addresses.
 *
 * @throws {UsageError} If one is not a URL of its kind.
 */
export function readAddresses(
  options: Options<typeof ADDRESS_OPTIONS>,
  config: Config,
): Addresses {
  const { OPS_HOST: host, OPS_PORT: port } = config;
  const ops = readUrl("ops-url", options["ops-url"], /^https?:$/);
  return {
    live: readUrl("live-url", options["live-url"], /^wss?:$/),
    directus: readUrl("public-url", options["public-url"], /^https?:$/) ??
      new URL(config.DIRECTUS_BASE_URL),
    ops: ops !== undefined
      ? ops.href.replace(/\/+$/, "")
      : isUnspecified(host)
      ? undefined
      : `http://${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${port}`,
  };
}

function readUrl(option: string, text: string | undefined, schemes: RegExp): URL | undefined {
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  if (url !== null && schemes.test(url.protocol)) return url;
  const example = schemes.test("wss:") ? "wss://live.example.com" : "https://example.com";
  throw new UsageError(`--${option} must be a URL such as ${example}: current value is ${text}`);
}
