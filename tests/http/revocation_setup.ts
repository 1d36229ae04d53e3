/**
 * Two instances whose clients, revocations and answers of Directus overtake each other as random
 * numbers decide. There is no network: requests are handed to the listener's handler, and sockets are
 * fake.
 *
 * @module
 */

import { FakeTime } from "@std/testing/time";
import { CachingAuthority } from "../../live/directus/caching_authority.ts";
import type { Authentication, Authorisation, Authority } from "../../live/domain/authority.ts";
import { silentMetrics } from "../../live/domain/metrics.ts";
import { coversTopic, type Revocation, type RevocationBus } from "../../live/domain/revocation.ts";
import type { Credential } from "../../live/domain/credential.ts";
import { createLive, type Live } from "../../live/live.ts";
import type { Answer, SocketEvents, TransportOptions } from "../../live/transport/transport.ts";
import { cookieOf, userOf } from "../support/authorities.ts";
import { FakeSocket } from "../support/fake_client.ts";
import { turn } from "../support/queue.ts";
import { Random } from "../support/random.ts";

const USERS = ["ada", "bob"];
const TOPICS = ["event:1", "event:2", "news:1"];
const REVOKED_TOPICS = [...TOPICS, "event:*"];
/** Bytes that leave a socket no room. */
const FULL = 100_000;
/** When the hub looks again at sockets without room, in milliseconds. */
const RETRY_MS = 20;

/** Directus: it answers a question as things are when it is asked, and the answer takes a while. */
class HeldDirectus implements Authority {
  /** Users who are suspended, and rights that were taken away, such as `ada event:1`. */
  readonly denied = new Set<string>();
  /** Answers that are on their way. */
  readonly answers: (() => void)[] = [];

  authenticate(credential: Credential): Promise<Authentication> {
    const user = nameOf(credential);
    return this.#later(
      this.denied.has(user)
        ? { kind: "unauthorized" }
        : { kind: "authenticated", user: userOf(user) },
    );
  }

  authorise(credential: Credential, { name }: { readonly name: string }): Promise<Authorisation> {
    const user = nameOf(credential);
    if (this.denied.has(user)) return this.#later({ kind: "unauthorized" });
    return this.#later({ kind: this.denied.has(`${user} ${name}`) ? "forbidden" : "allowed" });
  }

  #later<T>(answer: T): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<T>();
    this.answers.push(() => resolve(answer));
    return promise;
  }
}

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

/** What happened, to see that a run was not an idle one. */
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
  /** What was delivered and should not have been. A socket's `send` must not throw. */
  readonly failures: string[] = [];
  /** Rights that were denied and then revoked, and how much was published by then. */
  readonly #lost = new Map<string, number>();
  /** How often rights had changed when each of them last did. */
  readonly #changedAt = new Map<string, number>();
  readonly #revoking = new Set<Promise<void>>();
  #published = 0;
  #changes = 0;

  /** Creates two instances. */
  constructor(seed: number) {
    this.#random = new Random(seed);
    const listeners: Parameters<RevocationBus["listen"]>[0][] = [];
    for (const [here, there] of [[0, 1], [1, 0]] as const) {
      this.#instances.push(createLive({
        authority: new CachingAuthority(this.#directus, {
          ttlMs: 1e9,
          metrics: silentMetrics,
          now: () => 0,
        }),
        revocationBus: {
          listen: (handler) => void (listeners[here] = handler),
          send: async (revocation) => void await listeners[there]?.(revocation),
        },
        revalidateIntervalMs: 0,
        maxConnectionsPerUser: 1_000_000,
        transport: ({ handle }) => {
          this.#handlers[here] = handle;
          const done = () => Promise.resolve();
          const addr = { transport: "tcp", hostname: "", port: 0 } as const;
          return Promise.resolve({ addr, shutdown: done, abort: done });
        },
      }));
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
    let left = this.#random.below(steps.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, step] of steps) {
      left -= weight;
      if (left >= 0) continue;
      step();
      break;
    }
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
      for (const [, data = ""] of events.matchAll(/^data: (.*)$/gm)) {
        this.#check(client, data, true);
      }
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

  /** Takes away and revokes a right while nobody is connected: only caches know that it was granted. */
  #loseWhileAway(): void {
    for (const { events, socket } of this.#clients) {
      if (events === undefined) continue;
      socket.readyState = 3;
      events.closed(1000, "");
    }
    const topic = this.#random.of(TOPICS);
    const right = `${this.#random.of(USERS)} ${topic}`;
    if (!this.#directus.denied.has(right)) this.#change(right);
    this.#revoke({ topic });
  }

  #changeRights(): void {
    const user = this.#random.of(USERS);
    this.#change(this.#random.of([user, ...TOPICS.map((topic) => `${user} ${topic}`)]));
  }

  #change(right: string): void {
    this.#lost.delete(right);
    this.#changedAt.set(right, ++this.#changes);
    const { denied } = this.#directus;
    if (!denied.delete(right)) denied.add(right);
  }

  #anything(): Revocation {
    return this.#random.below(2) === 0
      ? { user: [this.#random.of(USERS)] }
      : { topic: this.#random.of(REVOKED_TOPICS) };
  }

  #revoke(revocation: Revocation): void {
    const denied = new Set(this.#directus.denied);
    const before = "user" in revocation
      ? this.#clients.filter(({ user }) => revocation.user.includes(user))
      : [];
    const concerns = (right: string) => {
      const [user = "", topic] = right.split(" ");
      if ("user" in revocation) return topic === undefined && revocation.user.includes(user);
      return "topic" in revocation && topic !== undefined && coversTopic(revocation.topic, topic);
    };
    // What changes while it is carried out may or may not be taken into account.
    const changes = this.#changes;
    const isUnchanged = (right: string) => (this.#changedAt.get(right) ?? 0) <= changes;
    const revoking = this.#random.of(this.#instances).revoke(revocation).then(({ trouble }) => {
      if (trouble !== undefined) this.failures.push(trouble);
      const published = this.#published;
      for (const client of before) client.revokedAt = Math.min(client.revokedAt, published);
      for (const right of denied) {
        if (concerns(right) && isUnchanged(right)) this.#lost.set(right, published);
      }
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
        const rights = [user, `${user} ${topic}`].map((right) => this.#lost.get(right) ?? Infinity);
        const lostAt = Math.min(revokedAt, ...rights);
        if (isLate ? data > lostAt : lostAt < Infinity) {
          this.failures.push(`${user} gets ${data} of ${topic}, revoked at ${lostAt}`);
        }
      }
    }
  }
}

function nameOf(credential: Credential): string {
  return credential.requestHeader()[1].replace(/.*=/, "");
}
