/**
 * Commands to all instances, by way of Redis.
 *
 * @module
 */

import { z } from "zod";
import { BrokerUnavailable } from "../domain/broker.ts";
import { readRevocation, type Revocation, type RevocationBus } from "../domain/revocation.ts";
import { type Logger, silentLogger } from "../domain/logger.ts";
import { silentMetrics } from "../domain/metrics.ts";
import { reasonOf, type RedisClient } from "./client.ts";
import { RedisLink, type RedisSession } from "./link.ts";

/** What the control needs. */
export interface RedisControlOptions {
  /** Where Redis is. */
  readonly url: string;
  /** Told of commands that make no sense, and when it cannot listen. */
  readonly logger: Logger;
}

/** The stream that holds the commands, and the channel that says that it has grown. */
const NAME = "live:control";

/** How long a command is held for instances that are cut off, in milliseconds, and how many are. */
const HELD_MS = 3_600_000;
const MAX_HELD = 1_000;

/** When to try again if the others were not told, in milliseconds. */
const RETRY_AFTER_MS = 2_000;

/** Adds a command, and says so: in one step, so that none is added in silence. */
const SEND = `
redis.call('XADD', ARGV[1], 'MAXLEN', '~', ARGV[2], '*', 'from', ARGV[3], 'command', ARGV[4])
redis.call('PEXPIRE', ARGV[1], ARGV[5])
redis.call('PUBLISH', ARGV[1], '')
`;

/** Entries as Redis lists them: each an id and its fields, flat, in the order of {@linkcode SEND}. */
const entries = z.array(z.tuple([z.string(), z.array(z.string())]));

/**
 * Tells commands to the other instances. They are held in a stream, so that an instance that was cut
 * off for a while carries them out when it is back. One that starts begins with what is told then.
 */
export class RedisRevocationBus implements RevocationBus {
  readonly #logger: Logger;
  readonly #link: RedisLink;
  /** Tells instances apart even where somebody gave two of them one name. */
  readonly #id = crypto.randomUUID();
  /** Id of the last entry that was read. */
  #last: string | undefined;
  #handler: (command: Revocation) => void = () => {};
  #reading: Promise<void> = Promise.resolve();

  /** Creates a control that reaches for Redis once it is listened to. */
  constructor({ url, logger }: RedisControlOptions) {
    this.#logger = logger;
    this.#link = new RedisLink({
      url,
      onUp: (session) => this.#attach(session),
      logger: silentLogger, // the broker tells of Redis
      metrics: silentMetrics,
    });
  }

  listen(handler: (command: Revocation) => void): void {
    this.#handler = handler;
    this.#link.start();
  }

  async send(command: Revocation): Promise<void> {
    const { session, trouble = "" } = this.#link;
    if (session === undefined) throw new BrokerUnavailable(trouble, RETRY_AFTER_MS);
    const args = [NAME, `${MAX_HELD}`, this.#id, JSON.stringify(command), `${HELD_MS}`];
    try {
      await session.commands.script(SEND, args);
    } catch (error) {
      throw new BrokerUnavailable(`Redis: ${reasonOf(error)}`, RETRY_AFTER_MS);
    }
  }

  async stop(): Promise<void> {
    await this.#link.stop();
    await this.#reading;
  }

  /** Listens first and reads then, so that nothing falls between the two. */
  async #attach({ channels, commands }: RedisSession): Promise<void> {
    const read = () => this.#reading = this.#reading.then(() => this.#read(commands));
    try {
      await channels.subscribe(NAME, read);
    } catch (error) {
      this.#lose(commands, error);
    }
    await read();
  }

  /** Reads what is new, one time after the other. Never rejects. */
  async #read(commands: RedisClient): Promise<void> {
    try {
      this.#last ??= await newest(commands);
      const range = ["XRANGE", NAME, `(${this.#last}`, "+"];
      for (const [id, [, from, , text = ""]] of entries.parse(await commands.run(range))) {
        this.#last = id;
        if (from !== this.#id) this.#take(text);
      }
    } catch (error) {
      this.#lose(commands, error);
    }
  }

  #take(text: string): void {
    const command = parse(text);
    if (typeof command !== "string") return this.#handler(command);
    this.#logger.warn("control: malformed command", { reason: command });
  }

  /** Gives a session up that does not do: with the next all is tried again. */
  #lose(commands: RedisClient, error: unknown): void {
    const reason = reasonOf(error);
    this.#logger.debug("control: redis lost", { reason });
    commands.lose(reason);
  }
}

/** Resolves to the id of the newest entry; that before all others if there is none. */
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
