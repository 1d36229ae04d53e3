/**
 * Whether Redis can hold the logs of topics.
 *
 * @module
 */

import { reasonOf, RedisClient } from "../redis/client.ts";
import { parseRedisAddress } from "../domain/redis_address.ts";
import { type Finding, findingsOf } from "./finding.ts";
import { findServers, type RedisServers } from "./redis_servers.ts";

const { ok, warning, fault, skipped } = findingsOf("Redis");
const events = findingsOf("Redis of Directus");

/** The oldest version that has all commands in use, and the oldest whose clusters have sharded channels. */
const OLDEST = [6, 2] as const;
const OLDEST_CLUSTER = [7, 0] as const;

/** Information from a Redis server. */
export interface RedisFacts {
  /** The fields of `INFO`. */
  readonly info: ReadonlyMap<string, string>;
  /** The setting `save`, which says when it writes snapshots; `undefined` if it cannot be read. */
  readonly save: string | undefined;
  /**
   * The setting `cluster-require-full-coverage`; `undefined` if it cannot be read, or the server is not in
   * a cluster.
   */
  readonly fullCoverage?: string | undefined;
}

/** Finds the servers of Redis, and judges the information of each. */
export async function checkRedis(url: string | undefined): Promise<Finding[]> {
  if (url === undefined) return [skipped("REDIS_URL is not set: one instance, history in memory")];
  const address = parseRedisAddress(url);
  if (address === undefined) return [fault("cannot be used: malformed URL", "Correct REDIS_URL")];
  const isCluster = address.kind === "cluster";
  let servers: RedisServers;
  try {
    servers = await findServers(address);
  } catch (error) {
    return [fault(`cannot be used: ${reasonOf(error)}`, "Start Redis, or correct REDIS_URL")];
  }
  const { urls, unheld } = servers;
  const findings = unheld === 0 ? [] : [fault(
    `no node of the cluster holds ${unheld} of its slots`,
    "Assign them to a node: redis-cli --cluster fix",
  )];
  const each = await Promise.all([...urls].map(async ([name, url]) => {
    const found = await checkServer(url, isCluster);
    return name === ""
      ? found
      : found.map((one) => ({ ...one, message: `${name}: ${one.message}` }));
  }));
  findings.push(...each.flat());
  if (!isCluster || findings.some(({ level }) => level !== "ok")) return findings;
  return [ok(`cluster of ${urls.size} masters, all persistent, evicting nothing`)];
}

async function checkServer(url: string, isCluster: boolean): Promise<Finding[]> {
  let client: RedisClient;
  try {
    client = await RedisClient.connect(url);
  } catch (error) {
    return [fault(`cannot be used: ${reasonOf(error)}`, "Start Redis, or correct REDIS_URL")];
  }
  try {
    return judgeRedis(await readFacts(client), isCluster);
  } catch (error) {
    return [warning(
      `its settings cannot be read: ${reasonOf(error)}`,
      "Allow the user of REDIS_URL to run INFO, so that they can be checked",
    )];
  } finally {
    client.lose("checked");
  }
}

/** Checks that the Redis of Directus, whose bus reports changes, can be reached. */
export async function checkEventsRedis(url: string | undefined): Promise<Finding[]> {
  if (url === undefined) return [];
  try {
    const address = parseRedisAddress(url);
    const found = address === undefined ? [] : (await findServers(address)).urls.values();
    for (const server of found) (await RedisClient.connect(server)).lose("checked");
    return [events.ok("can be reached")];
  } catch (error) {
    return [events.fault(
      `cannot be used: ${reasonOf(error)}`,
      "Set DIRECTUS_EVENTS_REDIS_URL to the Redis of Directus",
    )];
  }
}

async function readFacts(client: RedisClient): Promise<RedisFacts> {
  const info = parseInfo(String(await client.run(["INFO"])));
  return {
    info,
    save: await readSetting(client, "save"),
    fullCoverage: await readSetting(client, "cluster-require-full-coverage"),
  };
}

/** Reads a setting; `undefined` if the user may not read it, as is often the case. */
async function readSetting(client: RedisClient, name: string): Promise<string | undefined> {
  const reply = await client.run(["CONFIG", "GET", name]).catch(() => undefined);
  return Array.isArray(reply) ? String(reply[1] ?? "") : undefined;
}

/** Parses the answer of `INFO`: lines of `name:value`. */
export function parseInfo(text: string): Map<string, string> {
  const lines = text.split("\r\n").filter((line) => !line.startsWith("#") && line.includes(":"));
  return new Map(lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1)];
  }));
}

/**
 * Judges version, mode, memory and persistence.
 *
 * @param isCluster Whether `REDIS_URL` names a cluster.
 */
export function judgeRedis(facts: RedisFacts, isCluster = false): Finding[] {
  const { info, save } = facts;
  const name = info.has("valkey_version") ? "Valkey" : "Redis";
  const version = info.get("valkey_version") ?? info.get("redis_version") ?? "of unknown version";
  const findings = [
    ...judgeVersion(name, version, isCluster),
    ...judgeMode(facts, isCluster),
    ...judgeMemory(info),
    ...judgePersistence(info, save),
  ];
  return findings.length > 0 ? findings : [ok(`${name} ${version}, persistent, evicts nothing`)];
}

function judgeVersion(name: string, version: string, isCluster: boolean): Finding[] {
  const oldest = isCluster ? OLDEST_CLUSTER : OLDEST;
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return [];
  const what = isCluster
    ? `${name} ${version} is too old for a cluster`
    : `${name} ${version} is too old`;
  return [fault(what, `Update it to ${oldest.join(".")} or newer`)];
}

function judgeMode({ info, fullCoverage }: RedisFacts, isCluster: boolean): Finding[] {
  const mode = info.get("redis_mode");
  if (mode === "cluster" && !isCluster) {
    return [fault("it is a cluster", "Set REDIS_URL to redis+cluster://host:port,host:port")];
  }
  if (isCluster && mode !== "cluster") {
    return [fault("it is no cluster", "Set REDIS_URL to redis://host:port")];
  }
  if (info.get("role") === "slave") {
    return [fault("it is a replica, which takes no writes", "Set REDIS_URL to its master")];
  }
  if (!isCluster || fullCoverage !== "yes") return [];
  return [warning(
    "when one master is lost, all masters refuse to work (cluster-require-full-coverage yes)",
    "Set cluster-require-full-coverage no, so that only the topics of the lost one are affected",
  )];
}

function judgeMemory(info: RedisFacts["info"]): Finding[] {
  const policy = info.get("maxmemory_policy");
  const isBounded = Number(info.get("maxmemory") ?? 0) > 0;
  if (!isBounded || policy === undefined || policy === "noeviction") return [];
  return [fault(
    `it evicts keys when its memory is full (maxmemory-policy ${policy}), so parts of a topic's log`,
    "Set maxmemory-policy noeviction; LIVE_HISTORY_MAX_BYTES bounds what the server stores",
  )];
}

function judgePersistence(info: RedisFacts["info"], save: string | undefined): Finding[] {
  if (info.get("aof_enabled") === "1" || (save !== undefined && save !== "")) return [];
  if (Number(info.get("connected_slaves") ?? 0) > 0) return [];
  if (save === undefined) {
    return [warning(
      "it writes no append-only file, and its snapshot setting cannot be read",
      "Make sure that it is persistent or has replicas",
    )];
  }
  return [fault(
    "it is not persistent: when it restarts, the history and state of all topics are lost",
    "Set appendonly yes",
  )];
}
