/**
 * A thousand subscribers of one collection, and the time at which each learns of a change.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import { COLLECTION, ROWS } from "./world.ts";

/** How long a subscriber may take, in milliseconds. */
const PATIENCE_MS = 60_000;

/** How often a subscriber tries, and the time between, in milliseconds. */
const MAX_TRIES = 60;
const RETRY_MS = 1_000;

/** How many connect at a time. */
const CONCURRENCY = 20;

/** What subscribers ask for: all fields that they may read. */
export const QUERY = { fields: ["*"], sort: ["id"], limit: ROWS } as const;

/** How a client subscribes to changes on a kind of server. */
export interface Dialect {
  /** Path of the URL. */
  readonly path: string;
  /** The message that subscribes. */
  readonly subscribe: unknown;
  /** Text that the answer to it contains. */
  readonly subscribed: string;
}

/** The dialect of Directus's own WebSockets. */
export const DIRECTUS: Dialect = {
  path: "/websocket",
  subscribe: { type: "subscribe", collection: COLLECTION, query: QUERY, uid: "1" },
  subscribed: '"event":"init"',
};

/** The dialect of views. */
export const LIVE: Dialect = {
  path: "/",
  subscribe: { type: "subscribe", view: { collection: COLLECTION, query: QUERY }, id: "1" },
  subscribed: '"type":"subscribed"',
};

/** The subscribers of one server. */
export class Crowd implements Disposable {
  readonly #sockets: WebSocket[] = [];
  /** The largest `n` that each subscriber has seen, and when it saw each. */
  readonly #seen: number[] = [];
  readonly #times: Map<number, number>[] = [];
  readonly #faults: string[] = [];
  #isOver = false;
  /** The largest `n` of the latest texts: all members of a class get the same. */
  readonly #largest = new Map<string, number>();

  /** Connects subscribers with these sessions in turn; resolves once all are subscribed. */
  static async connect(
    { url, dialect }: { readonly url: string; readonly dialect: Dialect },
    cookies: readonly string[],
    count: number,
  ): Promise<Crowd> {
    const crowd = new Crowd();
    for (let first = 0; first < count; first += CONCURRENCY) {
      await Promise.all(Array.from({ length: Math.min(CONCURRENCY, count - first) }, (_, index) => {
        return crowd.#add(url, dialect, cookies[(first + index) % cookies.length] ?? "");
      }));
    }
    return crowd;
  }

  /** Resolves to when each subscriber had seen `n`, or something later. */
  async whenSeen(n: number): Promise<number[]> {
    const deadline = performance.now() + PATIENCE_MS;
    while (this.#seen.some((seen) => seen < n)) {
      if (performance.now() > deadline) {
        const late = this.#seen.filter((seen) => seen < n).length;
        throw new Error(`${late} subscribers have not seen ${n}; ${this.#faults.length} are gone`);
      }
      await sleep(5);
    }
    return this.#times.map((times) => {
      const later = times.entries().filter(([seen]) => seen >= n).map(([, time]) => time);
      return Math.min(...later);
    });
  }

  /** Disconnects all. */
  [Symbol.dispose](): void {
    this.#isOver = true;
    for (const socket of this.#sockets) socket.close();
  }

  /** Adds a subscriber. It tries again as long as a server that has just started refuses it. */
  async #add(url: string, dialect: Dialect, cookie: string): Promise<void> {
    const index = this.#seen.push(-1) - 1;
    this.#times.push(new Map());
    for (let tries = 1; !await this.#subscribe(index, url, dialect, cookie); tries++) {
      if (tries === MAX_TRIES) throw new Error("A subscriber is refused");
      await sleep(RETRY_MS);
    }
  }

  /** Connects and subscribes; resolves to whether the server has accepted both. */
  #subscribe(
    index: number,
    url: string,
    { path, subscribe, subscribed }: Dialect,
    cookie: string,
  ): Promise<boolean> {
    const socket = new WebSocket(url + path, { headers: { cookie } });
    const { promise, resolve } = Promise.withResolvers<boolean>();
    let isSubscribed = false;
    socket.onopen = () => socket.send(JSON.stringify(subscribe));
    socket.onerror = () => {}; // the close event follows
    socket.onclose = ({ code }) => {
      if (isSubscribed && !this.#isOver) this.#faults.push(`disconnected with ${code}`);
      resolve(false);
    };
    socket.onmessage = ({ data }) => {
      this.#see(index, data);
      if (data.includes('"type":"error"')) socket.close();
      if (isSubscribed || !data.includes(subscribed)) return;
      isSubscribed = true;
      this.#sockets.push(socket);
      resolve(true);
    };
    return promise;
  }

  #see(index: number, text: string): void {
    const n = this.#largestIn(text);
    if (n <= (this.#seen[index] ?? -1)) return;
    this.#seen[index] = n;
    this.#times[index]?.set(n, performance.now());
  }

  #largestIn(text: string): number {
    let n = this.#largest.get(text);
    if (n === undefined) {
      n = Math.max(-1, ...[...text.matchAll(/"n":(\d+)/g)].map(([, n]) => Number(n)));
      if (this.#largest.size > 50) this.#largest.clear();
      this.#largest.set(text, n);
    }
    return n;
  }
}
