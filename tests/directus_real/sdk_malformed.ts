/**
 * Malformed messages, sent to Directus and to the live server.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Client } from "../support/client.ts";
import { Random } from "../support/random.ts";
import { type SdkWorld, socketUrl } from "./sdk_world_setup.ts";

/** How many messages there are. */
const COUNT = 500;

/** Values of every kind that JSON has. */
const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1.5,
  "",
  "x",
  [],
  [1, [2]],
  {},
  { a: { b: null } },
  "\u0000",
  "😀".repeat(50),
];

const NAMES = ["type", "uid", "collection", "event", "item", "query", "access_token", "more"];

/** Returns a message that breaks the protocol in one way or another. */
function malformed(random: Random): string | Uint8Array<ArrayBuffer> {
  const kind = random.below(7);
  if (kind === 0) return random.bytes(random.below(60));
  if (kind === 1) return random.text(random.below(60));
  if (kind === 2) return JSON.stringify(random.of(VALUES));
  const type = kind === 3 ? random.of(["hello", "sub", "", "init", "subscription"]) : "subscribe";
  const entries: [string, unknown][] = NAMES.slice(1).filter(() => random.next() < 0.5)
    .map((name) => [name, random.of(VALUES)]);
  // A collection that is no text makes every one of these malformed.
  entries.push(["collection", random.of(VALUES.filter((value) => typeof value !== "string"))]);
  const message = JSON.stringify({ ...Object.fromEntries(entries), type });
  if (kind === 4) return message.slice(0, random.below(message.length));
  if (kind === 5) return JSON.stringify({ ...JSON.parse(message), type: random.of(VALUES) });
  return message;
}

/** Sends all messages on one connection; resolves to what each was answered with. */
async function answers(url: string): Promise<string[][]> {
  const random = new Random(20_26);
  await using client = await Client.connect(url);
  const all: string[][] = [];
  for (let number = 0; number < COUNT; number++) {
    client.send(malformed(random));
    client.send({ type: "ping", uid: number });
    const got: string[] = [];
    for (;;) {
      const { type, uid, error } = await client.next();
      if (type === "pong" && uid === number) break;
      got.push(`${type} ${error?.code}`);
    }
    all.push(got);
  }
  return all;
}

/** First messages that are no handshake. */
const FIRST: readonly unknown[] = [
  "",
  "x",
  "null",
  "[]",
  { type: "ping" },
  { type: "auth" },
  { type: "auth", access_token: 5 },
  { type: "auth", access_token: "" },
  { type: "auth", access_token: "bad\u0000" },
  { type: "auth", uid: [], access_token: "bad" },
  { type: "auth", email: "x", password: "y" },
];

/** Resolves to the answer to a first message, and whether the connection was closed. */
async function handshake(url: string, message: unknown): Promise<unknown> {
  await using client = await Client.connect(url);
  client.send(message);
  const { type, error } = await client.next();
  await client.closed;
  return [type, error.code];
}

/** Compares the answers of both servers. */
export async function compareMalformed(world: SdkWorld): Promise<void> {
  const urls = [world.directus.url, world.live].map(socketUrl);
  const [directus, live] = await Promise.all(urls.map(answers));
  assertEquals(live, directus);
  for (const message of FIRST) {
    const [theirs, ours] = await Promise.all(
      urls.map((url) => handshake(url.replace(/\?.*/, ""), message)),
    );
    assertEquals(ours, theirs, JSON.stringify(message));
  }
}
