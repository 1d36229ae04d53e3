/**
 * Where Redis is: one server, a master that Sentinel names, or a cluster.
 *
 * @module
 */

/** Where Redis is. */
export type RedisAddress = SingleRedis | SentinelRedis | ClusterRedis;

/** One server, as a URL that the client library understands. */
export interface SingleRedis {
  readonly kind: "single";
  readonly url: string;
}

/** The addresses from which the actual servers are found. */
interface Servers {
  /** Hosts with ports, to ask first. */
  readonly seeds: readonly string[];
  /** Returns the URL of a server, with login and TLS. */
  readonly urlOf: (host: string) => string;
}

/** A master that Sentinel names. */
export interface SentinelRedis extends Servers {
  readonly kind: "sentinel";
  /** Name of the master, as Sentinel's configuration has it. */
  readonly master: string;
  /** Returns the URL of a Sentinel: without login, or with the login of Redis. */
  readonly sentinelUrlOf: (host: string, hasLogin: boolean) => string;
}

/** A Redis Cluster. */
export interface ClusterRedis extends Servers {
  readonly kind: "cluster";
}

/** What a URL of several servers looks like: scheme, login, hosts, path. */
const SEVERAL = /^(rediss?)\+(sentinel|cluster):\/\/(?:([^/]*)@)?([^@/?#]+)(?:\/([^?#]*))?$/i;

/** A host, which may be an IPv6 address in brackets, with or without a port. */
const HOST = /^(?:[\w.-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?$/i;

/** Name of a master and number of a database. */
const MASTER = /^([\w.-]+)(?:\/(\d{0,4}))?$/;

const PORTS = { sentinel: 26_379, cluster: 6_379 };

/**
 * Parses `redis[s]://…`, `redis[s]+sentinel://user:password@host:port,host:port/<master name>/<database>` or
 * `redis[s]+cluster://user:password@host:port,host:port`. User and password are percent-encoded.
 *
 * @returns `undefined` if it is none of them.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseRedisAddress } from "./redis_address.ts";
 *
 * const address = parseRedisAddress("redis+cluster://:secret@a,b:7000");
 * assertEquals(address?.kind === "cluster" && address.seeds, ["a:6379", "b:7000"]);
 * ```
 */
export function parseRedisAddress(text: string): RedisAddress | undefined {
  const parts = SEVERAL.exec(text);
  return parts === null ? parseSingle(text) : parseSeveral(parts);
}

function parseSingle(text: string): SingleRedis | undefined {
  const url = URL.parse(text);
  if (url === null || !/^rediss?:$/.test(url.protocol) || !url.hostname) return undefined;
  if (!isDecodable(url.username) || !isDecodable(url.password)) return undefined;
  if (!/^\/?\d{0,4}$/.test(url.pathname) || /[?#]/.test(text)) return undefined;
  return { kind: "single", url: url.href };
}

function parseSeveral(parts: readonly string[]): RedisAddress | undefined {
  const [, scheme = "", kind = "", login, hosts = "", path = ""] = parts;
  const protocol = scheme.toLowerCase();
  const isCluster = kind.toLowerCase() === "cluster";
  const seeds = parseHosts(hosts, isCluster ? PORTS.cluster : PORTS.sentinel);
  if (seeds === undefined || !isDecodable(login ?? "") || /[@\s]/.test(login ?? "")) {
    return undefined;
  }
  const at = login === undefined ? "" : `${login.includes(":") ? login : `${login}:`}@`;
  if (isCluster) {
    return path === ""
      ? { kind: "cluster", seeds, urlOf: (host) => `${protocol}://${at}${host}` }
      : undefined;
  }
  const [, master, database = ""] = MASTER.exec(path) ?? [];
  if (master === undefined) return undefined;
  return {
    kind: "sentinel",
    seeds,
    master,
    urlOf: (host) => `${protocol}://${at}${host}/${database || 0}`,
    sentinelUrlOf: (host, hasLogin) => `${protocol}://${hasLogin ? at : ""}${host}`,
  };
}

function parseHosts(text: string, defaultPort: number): string[] | undefined {
  const hosts: string[] = [];
  for (const host of text.split(",").map((host) => host.trim())) {
    const found = HOST.exec(host);
    if (found === null) return undefined;
    const [, port] = found;
    if (port !== undefined && !(Number(port) > 0 && Number(port) < 65_536)) return undefined;
    hosts.push(port === undefined ? `${host}:${defaultPort}` : host);
  }
  return hosts;
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
