/**
 * Two instances whose clients, revocations and answers of Directus overtake each other at random.
 * There is no network: requests are handed to the listener's handler, and sockets are fake.
 *
 * @module
 */

import { FakeTime } from "@std/testing/time";
import type { Revocation } from "../../live/domain/revocation.ts";
import type { Live } from "../../live/live.ts";
import type { Answer, SocketEvents, TransportOptions } from "../../live/transport/transport.ts";
import { cookieOf } from "../support/authorities.ts";
import { FakeSocket } from "../support/fake_client.ts";
import { turn } from "../support/queue.ts";
import { Random } from "../support/random.ts";
import { HeldDirectus } from "./held_directus.ts";
import { LostRights } from "./lost_rights.ts";
import { createInstances } from "./two_instances.ts";

const USERS = ["ada", "bob"];
const TOPICS = ["event:1", "event:2", "news:1"];
const REVOKED_TOPICS = [...TOPICS, "event:*"];
/** Bytes that leave a socket no room. */
const FULL = 100_000;
/** When the hub looks again at sockets without room, in milliseconds. */
const RETRY_MS = 20;

/** A client, from its request on. */
interface Client {
  readonly user: string;
  readonly socket: FakeSocket;
  /** The upgrade whose socket has not opened yet. */
  upgrade?: Exclude<Answer, Response>;
  events?: SocketEvents;
  /** How much was published when its user was revoked; infinite if that did not happen. */
  revokedAt: number;
}

/** Counts of events, to check that a run was not idle. */
export class Seen {
  delivered = 0;
  revokedInHandshake = 0;
  revokedUsers = 0;
  revokedTopics = 0;
  streams = 0;
}

/** The instances, their clients, and what must not be delivered any more. */
export class RevocationModel implements AsyncDisposable {
  readonly seen = new Seen();
  readonly #time = new FakeTime(0);
  readonly #random: Random;
  readonly #directus = new HeldDirectus();
  readonly #clients: Client[] = [];
  readonly #instances: Live[] = [];
  readonly #handlers: TransportOptions["handle"][] = [];
  /** Deliveries that should not have happened, collected because a socket's `send` must not throw. */
  readonly failures: string[] = [];
  readonly #rights = new LostRights(this.#directus.denied);
  readonly #revoking = new Set<Promise<void>>();
  #published = 0;

  /** Creates two instances. */
  constructor(seed: number) {
    this.#random = new Random(seed);
    for (const { live, handle } of createInstances(this.#directus)) {
      this.#instances.push(live);
      this.#handlers.push(handle);
    }
  }

  /** Starts both. */
  async start(): Promise<void> {
    for (const instance of this.#instances) await instance.start();
  }

  /** Does something at random. */
  async step(): Promise<void> {
    const steps: [weight: number, () => unknown][] = [
      [4, () => this.#connect()],
      [2, () => this.#openStream()],
      [4, () => this.#open()],
      [10, () => this.#subscribe()],
      [14, () => this.#answer()],
      [8, () => this.#publish()],
      [3, () => this.#fillOrDrain()],
      [1, () => this.#loseWhileAway()],
      [3, () => this.#changeRights()],
      [3, () => this.#revoke(this.#anything())],
      [6, () => this.#time.tick(RETRY_MS)],
    ];
    this.#random.weighted(steps)();
    if (this.#random.below(2) === 0) await turn();
  }

  /** Answers everything, and lets every socket drain. */
  async finish(): Promise<void> {
    while (this.#directus.answers.length > 0 || this.#revoking.size > 0) {
      this.#answer();
      await turn();
    }
    for (const { socket } of this.#clients) socket.bufferedAmount = 0;
    this.#publish();
    this.#time.tick(RETRY_MS);
    await turn();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { upgrade, events } of this.#clients) {
      upgrade?.abandon();
      events?.closed(1000, "");
    }
    this.#time.restore();
    for (const instance of this.#instances) await instance.stop(0);
  }

  #add(user: string): Client {
    const client: Client = { user, socket: new FakeSocket(), revokedAt: Infinity };
    client.socket.onSend = (frame) => this.#check(client, frame);
    this.#clients.push(client);
    return client;
  }

  async #connect(): Promise<void> {
    const client = this.#add(this.#random.of(USERS));
    const answer = await this.#request(client, "/", {
      upgrade: "websocket",
      connection: "upgrade",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    });
    if (!(answer instanceof Response)) client.upgrade = answer;
  }

  async #openStream(): Promise<void> {
    const client = this.#add(this.#random.of(USERS));
    const answer = await this.#request(client, `/sse?topic=${this.#random.of(TOPICS)}`, {});
    if (!(answer instanceof Response) || !answer.ok || answer.body === null) return;
    this.seen.streams++;
    for await (const events of answer.body.pipeThrough(new TextDecoderStream())) {
      const frames = events.matchAll(/^data: (.*)$/gm);
      for (const [, frame = ""] of frames) this.#check(client, frame, true);
    }
  }

  async #request(
    { user }: Client,
    path: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<Answer> {
    const handle = this.#random.of(this.#handlers);
    return await handle({
      request: new Request(`http://localhost${path}`, {
        headers: { cookie: cookieOf(user), ...headers },
      }),
      remoteAddress: "",
      completed: new Promise(() => {}),
    });
  }

  #open(): void {
    const client = this.#random.of(this.#clients.filter(({ upgrade }) => upgrade !== undefined));
    const { upgrade } = client ?? {};
    if (upgrade === undefined) return;
    delete client.upgrade;
    if (client.revokedAt < Infinity) this.seen.revokedInHandshake++;
    client.events = upgrade.open(client.socket);
  }

  #subscribe(): void {
    const isOpen = ({ events, socket }: Client) => events !== undefined && socket.readyState === 1;
    const client = this.#random.of(this.#clients.filter(isOpen));
    const topic = this.#random.of(TOPICS);
    client?.events?.message?.(JSON.stringify({ type: "subscribe", topic }));
  }

  #answer(): void {
    const { answers } = this.#directus;
    answers.splice(this.#random.below(answers.length), 1)[0]?.();
  }

  #publish(): void {
    const publication = { topic: this.#random.of(TOPICS), key: "k", data: ++this.#published };
    for (const instance of this.#instances) instance.publish([publication]);
  }

  #fillOrDrain(): void {
    const client = this.#random.of(this.#clients);
    if (client !== undefined) client.socket.bufferedAmount = this.#random.of([0, FULL]);
  }

  /** Withdraws and revokes a right while no client is connected, so that only caches know of it. */
  #loseWhileAway(): void {
    for (const { events, socket } of this.#clients) {
      if (events === undefined) continue;
      socket.readyState = 3;
      events.closed(1000, "");
    }
    const topic = this.#random.of(TOPICS);
    const right = `${this.#random.of(USERS)} ${topic}`;
    if (!this.#directus.denied.has(right)) this.#rights.change(right);
    this.#revoke({ topic });
  }

  #changeRights(): void {
    const user = this.#random.of(USERS);
    this.#rights.change(this.#random.of([user, ...TOPICS.map((topic) => `${user} ${topic}`)]));
  }

  #anything(): Revocation {
    return this.#random.below(2) === 0
      ? { user: [this.#random.of(USERS)] }
      : { topic: this.#random.of(REVOKED_TOPICS) };
  }

  #revoke(revocation: Revocation): void {
    const before = "user" in revocation
      ? this.#clients.filter(({ user }) => revocation.user.includes(user))
      : [];
    const lose = this.#rights.losing(revocation);
    const revoking = this.#random.of(this.#instances).revoke(revocation).then(({ trouble }) => {
      if (trouble !== undefined) this.failures.push(trouble);
      const published = this.#published;
      for (const client of before) client.revokedAt = Math.min(client.revokedAt, published);
      lose(published);
      this.seen["user" in revocation ? "revokedUsers" : "revokedTopics"]++;
      this.#revoking.delete(revoking);
    });
    this.#revoking.add(revoking);
  }

  /**
   * Notes a failure if a frame carries what was revoked.
   *
   * @param isLate Whether it may have been sent before the revocation, if it was published before.
   */
  #check({ user, revokedAt }: Client, frame: string, isLate = false): void {
    for (const message of [JSON.parse(frame)].flat()) {
      for (const { topic, data } of [message, ...message.messages ?? []]) {
        if (data === undefined) continue;
        this.seen.delivered++;
        const lostAt = Math.min(revokedAt, this.#rights.lostAt(user, topic));
        if (isLate ? data > lostAt : lostAt < Infinity) {
          this.failures.push(`${user} gets ${data} of ${topic}, revoked at ${lostAt}`);
        }
      }
    }
  }
}
