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
import { scriptOf } from "./script.ts";
import type { Link, RedisSession } from "./link.ts";
import { Receipts } from "./receipts.ts";

/** What the bus needs. */
export interface RedisRevocationBusOptions {
  /** Where Redis is. The bus neither starts nor stops it. */
  readonly link: Link;
  /** Logs entries that are no revocations. */
  readonly logger: Logger;
}

/** Prefix of all keys of the bus. Its hash tag keeps them on one server. */
const PREFIX = "live:{control}:";

/** The stream that holds the revocations. */
const STREAM = `${PREFIX}stream`;

/** How long instances may take to carry out a revocation, in milliseconds. */
const RECEIPT_TIMEOUT_MS = 10_000;

/** How long revocations are held for instances that are cut off, in milliseconds, and how many of them. */
const HELD_MS = 3_600_000;
const MAX_HELD = 1_000;

/** When the caller should try again if the other instances were not reached, in milliseconds. */
const RETRY_AFTER_MS = 2_000;

/** Adds a revocation and announces it, in one step. Returns how many instances are subscribed. */
const SEND = scriptOf(`
local stream = KEYS[1]
redis.call('XADD', stream, 'MAXLEN', '~', ARGV[1], '*', 'from', ARGV[2], 'command', ARGV[3], 'receipt', ARGV[4])
redis.call('PEXPIRE', stream, ARGV[5])
return redis.call(ARGV[6], ARGV[7], '')
`);

/** Entries as Redis lists them: each an id and its fields, flat, in the order of {@linkcode SEND}. */
const entries = z.array(z.tuple([z.string(), z.array(z.string())]));

/**
 * Sends revocations to the other instances. A stream holds them, so that an instance that was cut off
 * for a while carries them out when it is back. An instance that starts ignores older ones.
 *
 * A message on the channel says that the stream has grown. Once an instance has carried the revocation
 * out, it sends a receipt to the same channel, with the name that the entry gives.
 */
export class RedisRevocationBus implements RevocationBus {
  readonly #link: Link;
  readonly #logger: Logger;
  /** Tells instances apart even if two of them were given the same name. */
  readonly #id = crypto.randomUUID();
  /** Id of the last entry that was read. */
  #last: string | undefined;
  /** The read in flight, which the next read waits for. */
  #reading: Promise<void> = Promise.resolve();
  /** Receipts of revocations that this instance sent and that still wait, by name. */
  readonly #receipts = new Map<string, Receipts>();
  #handler: Parameters<RevocationBus["listen"]>[0] = () => Promise.resolve(undefined);

  /** Creates a bus that receives nothing before {@linkcode listen}. */
  constructor({ link, logger }: RedisRevocationBusOptions) {
    this.#link = link;
    this.#logger = logger;
  }

  listen(handler: Parameters<RevocationBus["listen"]>[0]): void {
    this.#handler = handler;
    this.#link.onUp(async (session, holds) => {
      if (holds(PREFIX)) await this.#attach(session);
    });
  }

  async send(revocation: Revocation): Promise<void> {
    const session = this.#link.sessionOf(PREFIX);
    if (session === undefined) {
      throw new BrokerUnavailable(this.#link.troubleOf(PREFIX) ?? "", RETRY_AFTER_MS);
    }
    const name = crypto.randomUUID();
    const receipts = new Receipts();
    this.#receipts.set(name, receipts);
    try {
      const due = await this.#add(revocation, name);
      const missing = await receipts.missing(due, RECEIPT_TIMEOUT_MS, session.channels.lost);
      const problem = missing > 0 ? `${missing} of ${due} have not confirmed it` : receipts.trouble;
      if (problem !== undefined) throw new BrokerUnavailable(problem, RETRY_AFTER_MS);
    } finally {
      this.#receipts.delete(name);
    }
  }

  /** Adds a revocation to the stream; resolves to the number of instances that learn of it. */
  async #add(revocation: Revocation, receipt: string): Promise<number> {
    const texts = [`${MAX_HELD}`, this.#id, JSON.stringify(revocation), receipt, `${HELD_MS}`];
    try {
      return await this.#link.run(PREFIX, async ({ commands }, isAsking) => {
        const args = [...texts, commands.publishCommand, channelOf(commands)];
        return Number(await commands.script(SEND, [STREAM], args, isAsking));
      });
    } catch (error) {
      if (error instanceof BrokerUnavailable) throw error;
      throw new BrokerUnavailable(`Redis: ${reasonOf(error)}`, RETRY_AFTER_MS);
    }
  }

  /**
   * Notes where the stream ends, then subscribes, then reads. In this order no revocation is missed
   * between two steps.
   */
  async #attach(session: RedisSession): Promise<void> {
    this.#last ??= await newest(session.commands);
    await session.channels.subscribe(channelOf(session.channels), this.#onMessage);
    await this.#catchUp(session);
  }

  readonly #onMessage = (message: string): void => {
    if (message !== "") this.#takeReceipt(message);
    else this.#link.attempt(PREFIX, (session) => this.#catchUp(session));
  };

  /** Reads new entries, after the read that is in flight, so that each entry is read once. */
  #catchUp({ commands }: RedisSession): Promise<void> {
    const next = this.#reading.then(() => this.#read(commands));
    this.#reading = next.catch(() => {}); // the caller handles the error
    return next;
  }

  async #read(commands: RedisClient): Promise<void> {
    const range = ["XRANGE", STREAM, `(${this.#last ?? "0-0"}`, "+"];
    for (const [id, [, from, , text = "", , receipt]] of entries.parse(await commands.run(range))) {
      this.#last = id;
      // Entries are handled concurrently, because a revocation may cause many calls to Directus.
      const handled = from === this.#id ? Promise.resolve(undefined) : this.#handle(text);
      if (receipt !== undefined) this.#confirm(receipt, handled);
    }
  }

  async #handle(text: string): Promise<string | undefined> {
    const revocation = parse(text);
    if (typeof revocation !== "string") return await this.#handler(revocation);
    this.#logger.warn("revocation bus: malformed entry", { reason: revocation });
    return undefined;
  }

  /** Sends a receipt once a revocation was handled. */
  async #confirm(receipt: string, handled: Promise<string | undefined>): Promise<void> {
    const trouble = await handled;
    const text = trouble === undefined ? receipt : `${receipt} ${trouble}`;
    await this.#link.attempt(PREFIX, async ({ commands }) => {
      await commands.run([commands.publishCommand, channelOf(commands), text]);
    });
  }

  #takeReceipt(text: string): void {
    const [name = "", ...trouble] = text.split(" ");
    this.#receipts.get(name)?.take(trouble.join(" "));
  }
}

/** The channel of the revocations of one database: channels are shared by all databases. */
function channelOf({ database }: RedisClient): string {
  return `${PREFIX}${database}`;
}

/** Resolves to the id of the newest entry, or to an id before all others if there are no entries. */
async function newest(commands: RedisClient): Promise<string> {
  const [entry] = entries.parse(await commands.run(["XREVRANGE", STREAM, "+", "-", "COUNT", "1"]));
  return entry?.[0] ?? "0-0";
}

function parse(text: string): Revocation | string {
  try {
    return readRevocation(JSON.parse(text));
  } catch {
    return "not JSON";
  }
}
