/**
 * Finding the master that Sentinel names.
 *
 * @module
 */

import { createClient } from "@redis/client";
import { z } from "zod";
import { Deadline } from "../domain/deadline.ts";
import type { SentinelRedis } from "../domain/redis_address.ts";
import { reasonOf } from "./client.ts";
import { pause } from "./pause.ts";
import type { Locator } from "./redis_link.ts";

/** How long a Sentinel may take to answer, connecting included, in milliseconds. */
const ANSWER_MS = 1_000;

/** How often a Sentinel is asked whether the master is still the same, in milliseconds. */
const POLL_MS = 1_000;

/** Errors of a Sentinel that requires a login: its default user is off, or may not ask for the master. */
const WANTS_LOGIN = /NOAUTH|NOPERM|[Aa]uthentication required/;

/** What a Sentinel answers: host and port, or nothing if it does not know the master. */
const masterAddress = z.tuple([z.string(), z.string()]).nullable();

/**
 * Asks Sentinels where the master is. A Sentinel that does not answer moves to the end of the list.
 *
 * The library's own client for Sentinel is not used. It repeats a command that was in flight when the
 * connection broke, so a publication could be appended twice.
 */
export class Sentinels implements Locator {
  readonly #address: SentinelRedis;
  /** In the order in which to ask them. */
  readonly #hosts: string[];
  /** Whether the Sentinels require a login. */
  #wantsLogin = false;

  /** Creates a locator that is not connected. */
  constructor(address: SentinelRedis) {
    this.#address = address;
    this.#hosts = [...address.seeds];
  }

  async locate(signal?: AbortSignal): Promise<string> {
    const reasons: string[] = [];
    for (const host of [...this.#hosts]) {
      signal?.throwIfAborted();
      try {
        return this.#address.urlOf(await this.#ask(host));
      } catch (error) {
        reasons.push(`${host}: ${reasonOf(error)}`);
        this.#hosts.push(...this.#hosts.splice(this.#hosts.indexOf(host), 1));
      }
    }
    throw new Error(`no Sentinel names the master: ${reasons.join("; ")}`);
  }

  async changed(url: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(POLL_MS, signal);
      if (signal.aborted) return;
      const now = await this.locate(signal).catch(() => url); // if no Sentinel answers, keep the master
      if (now !== url) return;
    }
  }

  /** Resolves to host and port of the master. */
  async #ask(host: string): Promise<string> {
    try {
      return await this.#askOnce(host);
    } catch (error) {
      if (this.#wantsLogin || !WANTS_LOGIN.test(reasonOf(error))) {
        throw error;
      }
      this.#wantsLogin = true;
      return await this.#askOnce(host);
    }
  }

  async #askOnce(host: string): Promise<string> {
    const client = createClient({
      url: this.#address.sentinelUrlOf(host, this.#wantsLogin),
      RESP: 2,
      disableOfflineQueue: true,
      commandOptions: { timeout: 0 },
      socket: { connectTimeout: ANSWER_MS, reconnectStrategy: false },
    });
    client.on("error", () => {}); // the calls below reject as well
    using deadline = new Deadline(ANSWER_MS);
    try {
      const { master } = this.#address;
      const asking = client.connect().then(() =>
        client.sendCommand(["SENTINEL", "GET-MASTER-ADDR-BY-NAME", master])
      );
      asking.catch(() => {}); // rejects late if the deadline comes first
      if (!await deadline.wait(asking)) throw new Error(`no answer within ${ANSWER_MS} ms`);
      const found = masterAddress.parse(await asking);
      if (found === null) throw new Error(`it knows no master ${JSON.stringify(master)}`);
      const [address, port] = found;
      return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
    } finally {
      client.destroy();
    }
  }
}
