/**
 * Which keys of Redis are on the same server.
 *
 * @module
 */

/**
 * Number of partitions that topics are spread over. It is part of the key layout: with another number, the
 * topics that are stored already would not be found. It bounds how many masters of a cluster can share the
 * load.
 */
export const PARTITIONS = 64;

/** Hash slots of a Redis Cluster. */
export const SLOTS = 16_384;

/** CRC16 of each byte (XMODEM: polynomial 0x1021, beginning with 0), as the cluster specification has it. */
const TABLE: readonly number[] = Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff;
  return crc;
});

const encoder = new TextEncoder();

function crc16(text: string): number {
  let crc = 0;
  for (const byte of encoder.encode(text)) {
    crc = ((crc << 8) & 0xffff) ^ (TABLE[(crc >> 8) ^ byte] ?? 0);
  }
  return crc;
}

/**
 * Returns the key prefix of a topic's partition. The part in braces is the hash tag: a cluster keeps all
 * keys with the same tag on one node, so that a script can use them together.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { partitionOf } from "./partition.ts";
 *
 * assertEquals(partitionOf("event:42"), "live:{p15}:");
 * ```
 */
export function partitionOf(topic: string): string {
  return `live:{p${crc16(topic) % PARTITIONS}}:`;
}

/** The key prefix of each partition. */
export const partitions: readonly string[] = Array.from(
  { length: PARTITIONS },
  (_, index) => `live:{p${index}}:`,
);

/**
 * Returns the part of a key that determines its slot: the text between the first opening brace and the
 * next closing one, or the whole key if there is no such text.
 */
export function hashTagOf(key: string): string {
  const from = key.indexOf("{");
  const to = from < 0 ? -1 : key.indexOf("}", from);
  return to > from + 1 ? key.slice(from + 1, to) : key;
}

/**
 * Returns the slot of a key in a Redis Cluster.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { slotOf } from "./partition.ts";
 *
 * assertEquals([slotOf("somekey"), slotOf("{somekey}:other")], [11058, 11058]);
 * ```
 */
export function slotOf(key: string): number {
  return crc16(hashTagOf(key)) % SLOTS;
}
