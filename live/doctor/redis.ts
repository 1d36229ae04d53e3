/**
 * Whether Redis can hold the logs of topics.
 *
 * @module
 */

import { reasonOf, RedisClient } from "../redis/client.ts";
import { type Finding, findingsOf } from "./finding.ts";

const { ok, warning, fault, skipped } = findingsOf("Redis");
const events = findingsOf("Redis of Directus");

/** The oldest version whose commands suffice. */
const OLDEST = [6, 2] as const;

/** What Redis says of itself. */
export interface RedisFacts {
  /** The fields of `INFO`. */
  readonly info: ReadonlyMap<string, string>;
  /** When it writes snapshots: the setting `save`; `undefined` if it does not tell. */
  readonly save: string | undefined;
}

/** Connects, and judges what Redis says of itself. */
export async function checkRedis(url: string | undefined): Promise<Finding[]> {
  if (url === undefined) return [skipped("REDIS_URL is not set: one instance, history in memory")];
  let client: RedisClient;
  try {
    client = await RedisClient.connect(url);
  } catch (error) {
    return [fault(`cannot be used: ${reasonOf(error)}`, "Start Redis, or correct REDIS_URL")];
  }
  try {
    return judgeRedis(await readFacts(client));
  } catch (error) {
    return [warning(
      `does not tell its settings: ${reasonOf(error)}`,
      "Let the user of REDIS_URL run INFO, to have them checked",
    )];
  } finally {
    client.lose("checked");
  }
}

/** Checks that the Redis of Directus can be reached, whose bus reports changes. */
export async function checkEventsRedis(url: string | undefined): Promise<Finding[]> {
  if (url === undefined) return [];
  try {
    (await RedisClient.connect(url)).lose("checked");
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
  const save = await client.run(["CONFIG", "GET", "save"]).catch(() => undefined); // often forbidden
  return { info, save: Array.isArray(save) ? String(save[1] ?? "") : undefined };
}

/** Parses the answer of `INFO`: lines of `name:value`. */
export function parseInfo(text: string): Map<string, string> {
  const lines = text.split("\r\n").filter((line) => !line.startsWith("#") && line.includes(":"));
  return new Map(lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1)];
  }));
}

/** Judges version, mode, memory and persistence. */
export function judgeRedis({ info, save }: RedisFacts): Finding[] {
  const name = info.has("valkey_version") ? "Valkey" : "Redis";
  const version = info.get("valkey_version") ?? info.get("redis_version") ?? "of unknown version";
  const findings = [
    ...judgeVersion(name, version),
    ...judgeMode(info),
    ...judgeMemory(info),
    ...judgePersistence(info, save),
  ];
  return findings.length > 0 ? findings : [ok(`${name} ${version}, persistent, evicts nothing`)];
}

function judgeVersion(name: string, version: string): Finding[] {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return [];
  return [fault(`${name} ${version} is too old`, `Update it to ${OLDEST.join(".")} or newer`)];
}

function judgeMode(info: RedisFacts["info"]): Finding[] {
  if (info.get("redis_mode") === "cluster") {
    return [fault(
      "it is a cluster, and scripts reach keys of several topics",
      "Use one Redis with replicas",
    )];
  }
  if (info.get("role") !== "slave") return [];
  return [fault("it is a replica, which takes no writes", "Set REDIS_URL to its master")];
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
      "it writes no append-only file, and does not tell whether it writes snapshots",
      "Make sure that it is persistent or has replicas",
    )];
  }
  return [fault(
    "it is not persistent: when it restarts, the history and state of all topics are lost",
    "Set appendonly yes",
  )];
}
