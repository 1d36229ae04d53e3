/**
 * Rules that parse the text of an environment variable.
 *
 * @module
 */

import { z } from "zod";
import { parseOrigin } from "../domain/origin.ts";
import { parseRedisAddress } from "../domain/redis_address.ts";
import { isCollectionName, type TopicSource } from "../domain/topic.ts";

/** A schema that parses text. The message of its only issue says what the text must be. */
export type Rule<T> = z.ZodType<T, string>;

/**
 * Creates a rule.
 *
 * @param must What the text must be, to complete the sentence "VARIABLE must be …".
 * @param parse Returns the value, or `undefined` if the text is invalid.
 * @param detail Returns what is wrong with an invalid text, if `must` does not say it.
 */
export function rule<T>(
  must: string,
  parse: (text: string) => T | undefined,
  detail: (text: string) => string | undefined = () => undefined,
): Rule<T> {
  return z.string().transform((text, context) => {
    const value = parse(text);
    if (value !== undefined) return value;
    const more = detail(text);
    context.addIssue({ code: "custom", message: more === undefined ? must : `${must} (${more})` });
    return z.NEVER;
  });
}

/**
 * Returns the entries of a comma-separated list, without white space around them. Empty entries are
 * dropped, so that a comma at the end is allowed.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { entriesOf } from "./rules.ts";
 *
 * assertEquals(entriesOf(" a, b,,c ,"), ["a", "b", "c"]);
 * ```
 */
export function entriesOf(text: string): string[] {
  return text.split(",").map((entry) => entry.trim()).filter((entry) => entry !== "");
}

/** A whole number from `min` to `max`, both included. */
export function wholeNumber(min: number, max: number): Rule<number> {
  return rule(`a whole number from ${min} to ${max}`, (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
    return value >= min && value <= max ? value : undefined;
  });
}

/** One of the given words. */
export function oneOf<T extends string>(...words: T[]): Rule<T> {
  return rule(`one of ${words.join(", ")}`, (text) => words.find((word) => word === text));
}

/** Visible ASCII characters, without white space. */
export function word(must: string, minLength = 1): Rule<string> {
  const pattern = new RegExp(`^[!-~]{${minLength},512}$`);
  return rule(must, (text) => pattern.test(text) ? text : undefined);
}

/** The address of an HTTP server; a slash at the end is removed. */
export function httpUrl(): Rule<string> {
  return rule("an http:// or https:// URL without credentials, query or fragment", (text) => {
    const url = URL.parse(text);
    if (url === null || !/^https?:$/.test(url.protocol)) return undefined;
    if (url.username || url.password || /[?#]/.test(text)) return undefined;
    return url.href.replace(/\/+$/, "");
  });
}

/**
 * The address of Redis: `redis[s]://[[user]:password@]host[:port][/database]`, several Sentinels, or
 * several nodes of a cluster.
 */
export function redisUrl(): Rule<string> {
  const must = "a redis:// or rediss:// URL, its path a database number if it has one, " +
    "redis[s]+sentinel://host:port,…/<master name>/<database>, or redis[s]+cluster://host:port,…, " +
    "with % and @ in user and password written as %25 and %40";
  return rule(
    must,
    (text) => {
      const address = parseRedisAddress(text);
      return address?.kind === "single" ? address.url : address && text;
    },
    (text) => CLUSTER_WITH_PATH.test(text) ? "a cluster has no database numbers" : undefined,
  );
}

/**
 * An address of a cluster with a path. In the address of a single server, the path is the database number.
 */
const CLUSTER_WITH_PATH = /^rediss?\+cluster:\/\/[^/]+\/./i;

/** The address of Directus's own Redis. Directus supports no cluster. */
export function directusRedisUrl(): Rule<string> {
  const must = "a redis:// or rediss:// URL, its path a database number if it has one, " +
    "or redis[s]+sentinel://host:port,…/<master name>/<database>, " +
    "with % and @ in user and password written as %25 and %40";
  return rule(must, (text) => {
    const address = parseRedisAddress(text);
    if (address === undefined || address.kind === "cluster") return undefined;
    return address.kind === "single" ? address.url : text;
  });
}

/** The name of a cookie (RFC 6265, section 4.1.1). */
export function cookieName(): Rule<string> {
  return rule(
    "a cookie's name",
    (text) => /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/.test(text) ? text : undefined,
  );
}

/** Origins of pages and apps, comma-separated; `*` allows all. */
export function origins(): Rule<ReadonlySet<string>> {
  const must = "origins such as https://example.com, https://*.example.com or " +
    "capacitor://localhost, comma-separated, or *";
  return rule(
    must,
    (text) => {
      const entries = entriesOf(text);
      const known = entries.map(parseOrigin).filter((origin) => origin !== undefined);
      return entries.length > 0 && known.length === entries.length ? new Set(known) : undefined;
    },
    (text) => {
      const bad = entriesOf(text).find((entry) => parseOrigin(entry) === undefined);
      return bad === undefined ? undefined : `not ${JSON.stringify(withoutCredentials(bad))}`;
    },
  );
}

/** Names of hosts, without ports, comma-separated; they are put into lower case. */
export function hostNames(): Rule<ReadonlySet<string>> {
  return rule("host names such as live.internal, comma-separated, without ports", (text) => {
    const names = entriesOf(text.toLowerCase());
    return names.every((name) => HOST_NAME.test(name)) ? new Set(names) : undefined;
  });
}

const HOST_NAME = /^[a-z0-9_]([a-z0-9_.-]{0,252}[a-z0-9_])?$/;

const TOPIC_SOURCE = /^([^=.]+)=([^=.]+)(?:\.([^=.]+))?$/;

/**
 * The collections behind topic prefixes: `prefix=collection,…`. A primary key other than `id` follows
 * after a dot: `prefix=collection.field`.
 */
export function topicSources(): Rule<ReadonlyMap<string, TopicSource>> {
  return rule("prefix=collection or prefix=collection.primaryKey, comma-separated", (text) => {
    const sources = new Map<string, TopicSource>();
    for (const entry of entriesOf(text)) {
      const [, prefix, collection, primaryKey = "id"] = TOPIC_SOURCE.exec(entry) ?? [];
      if (prefix === undefined || collection === undefined) return undefined;
      if (![prefix, collection, primaryKey].every(isCollectionName)) return undefined;
      if (sources.has(prefix)) return undefined;
      sources.set(prefix, { collection, primaryKey });
    }
    return sources;
  });
}

/** Hides what may be a secret in a malformed URL: everything before the last `@` and after a `?`. */
export function withoutCredentials(text: string): string {
  return text.replace(/^([a-z+]+:\/\/)?.*@/is, "$1***@").replace(/\?.*$/s, "?***");
}
