/**
 * Revocations for all instances, by way of Redis.
 *
 * @module
 */

import { z } from "zod";
import { BrokerUnavailable } from "../domain/broker.ts";
import type { Logger } from "../domain/logger.ts";
import { readRevocation, type Revocation, type RevocationBus } from "../domain/revocation.ts";
import { reasonOf, type RedisClient } from "./client.ts";
import type { RedisLink, RedisSession } from "./link.ts";

/** What the bus needs. */
export interface RedisRevocationBusOptions {
  /** Where Redis is. The bus neither starts nor stops it. */
  readonly link: RedisLink;
  /** Logs entries that are no revocations. */
  readonly logger: Logger;
}

/** The stream that holds the revocations, and the channel that says that it has grown. */
const NAME = "live:control";

/** How long a revocation is held for instances that are cut off, in milliseconds, and how many are. */
const HELD_MS = 3_600_000;
const MAX_HELD = 1_000;

/** When to try again if the other instances were not reached, in milliseconds. */
const RETRY_AFTER_MS = 2_000;

/** Adds a revocation and announces it, in one step. */
const SEND = `
redis.call('XADD', ARGV[1], 'MAXLEN', '~', ARGV[2], '*', 'from', ARGV[3], 'command', ARGV[4])
redis.call('PEXPIRE', ARGV[1], ARGV[5])
redis.call('PUBLISH', ARGV[1], '')
`;

/** Entries as Redis lists them: each an id and its fields, flat, in the order of {@linkcode SEND}. */
const entries = z.array(z.tuple([z.string(), z.array(z.string())]));

/**
 * Sends revocations to the other instances. A stream holds them, so that an instance that was cut off
 * for a while carries them out when it is back. An instance that starts ignores older ones.
 */
export class RedisRevocationBus implements RevocationBus {
  readonly #link: RedisLink;
  readonly #logger: Logger;
  /** Tells instances apart even if two of them were given the same name. */
  readonly #id = crypto.randomUUID();
  /** Id of the last entry that was read. */
  #last: string | undefined;
  /** The last read, which the next one waits for. */
  #reading: Promise<void> = Promise.resolve();
  #handler: (revocation: Revocation) => void = () => {};

  /** Creates a bus that receives nothing before {@linkcode listen}. */
  constructor({ link, logger }: RedisRevocationBusOptions) {
    this.#link = link;
    this.#logger = logger;
  }

  listen(handler: (revocation: Revocation) => void): void {
    this.#handler = handler;
    this.#link.onUp((session) => this.#attach(session));
  }

  async send(revocation: Revocation): Promise<void> {
    const { session, trouble = "" } = this.#link;
    if (session === undefined) throw new BrokerUnavailable(trouble, RETRY_AFTER_MS);
    const args = [NAME, `${MAX_HELD}`, this.#id, JSON.stringify(revocation), `${HELD_MS}`];
    try {
      await session.commands.script(SEND, args);
    } catch (error) {
      throw new BrokerUnavailable(`Redis: ${reasonOf(error)}`, RETRY_AFTER_MS);
    }
  }

  /** Subscribes first and reads then, so that nothing falls between the two. */
  async #attach(session: RedisSession): Promise<void> {
    const onGrown = () => this.#link.attempt((session) => this.#catchUp(session));
    await session.channels.subscribe(NAME, onGrown);
    await this.#catchUp(session);
  }

  /** Reads what is new, after the read that is in flight: so each entry is read once. */
  #catchUp({ commands }: RedisSession): Promise<void> {
    const next = this.#reading.then(() => this.#read(commands));
    this.#reading = next.catch(() => {}); // the caller handles the error
    return next;
  }

  async #read(commands: RedisClient): Promise<void> {
    this.#last ??= await newest(commands);
    const range = ["XRANGE", NAME, `(${this.#last}`, "+"];
    for (const [id, [, from, , text = ""]] of entries.parse(await commands.run(range))) {
      this.#last = id;
      if (from !== this.#id) this.#handle(text);
    }
  }

  #handle(text: string): void {
    const revocation = parse(text);
    if (typeof revocation !== "string") return this.#handler(revocation);
    this.#logger.warn("revocation bus: malformed entry", { reason: revocation });
  }
}

/** Resolves to the id of the newest entry, or to the one before all others if there is none. */
async function newest(commands: RedisClient): Promise<string> {
  const [entry] = entries.parse(await commands.run(["XREVRANGE", NAME, "+", "-", "COUNT", "1"]));
  return entry?.[0] ?? "0-0";
}

function parse(text: string): Revocation | string {
  try {
    return readRevocation(JSON.parse(text));
  } catch {
    return "not JSON";
  }
}
