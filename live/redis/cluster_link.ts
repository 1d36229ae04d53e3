/**
 * An instance's connections to the masters of a Redis Cluster.
 *
 * @module
 */

import { BrokerUnavailable } from "../domain/broker.ts";
import type { ClusterRedis } from "../domain/redis_address.ts";
import { WarningThrottle } from "../domain/warning_throttle.ts";
import { reasonOf } from "./client.ts";
import { ClusterFollowers } from "./cluster_followers.ts";
import { ClusterNodes } from "./cluster_nodes.ts";
import { readRedirection } from "./cluster_replies.ts";
import { ClusterDown, findOwners } from "./cluster_slots.ts";
import type { Link, LinkOptions, RedisAction, RedisSession, SessionListener } from "./link.ts";
import { partitions, slotOf } from "./partition.ts";
import { pause } from "./pause.ts";
import { NOT_YET, type RedisLink, RETRY_AFTER_MS } from "./redis_link.ts";

/** What the link needs. */
export interface ClusterLinkOptions extends LinkOptions {
  /** Where the cluster is. */
  readonly address: ClusterRedis;
}

/**
 * How often the cluster is asked which node holds which slots, in milliseconds: while all of it works, and
 * while it does not.
 */
const CALM_MS = 5_000;
const TROUBLED_MS = 250;

/** How long an action is repeated while the cluster moves its keys, in milliseconds, and how often. */
const MOVING_MS = 2_500;
const MOVING_RETRY_MS = 20;

/**
 * Keeps a session with each master, and finds the one that holds a key. Each master is a
 * {@linkcode RedisLink} of its own, so that one that breaks or hangs affects its own keys only.
 *
 * The library's client for clusters is not used, for three reasons. It does not report that the
 * subscription of a sharded channel was lost and made again, so replicas would not know that they have to
 * read. If it cannot subscribe again, the process ends with an unhandled rejection. And commands to a node
 * that hangs wait without a bound.
 */
export class ClusterLink implements Link {
  readonly isSplit = true;
  readonly #options: ClusterLinkOptions;
  readonly #warnings: WarningThrottle;
  readonly #stop = new AbortController();
  readonly #nodes: ClusterNodes;
  readonly #followers: ClusterFollowers;
  /** Address of the master that holds each slot. */
  #owners: readonly (string | undefined)[] = [];
  #trouble: string | undefined = NOT_YET;
  #running: Promise<void> | undefined;
  #wake = new AbortController();
  #isUp: boolean | undefined;

  /** Creates a link that connects once it is started. */
  constructor(options: ClusterLinkOptions) {
    this.#options = options;
    this.#warnings = new WarningThrottle(options.logger);
    this.#followers = new ClusterFollowers((slot) => this.#nodes.get(this.#owners[slot])?.session);
    this.#nodes = new ClusterNodes({
      ...options,
      onUp: (session) => this.#followers.welcome(session),
      onChanged: (isUp) => this.#noticed(isUp),
      onMoved: (channel) => this.#startOver(slotOf(channel)),
    });
  }

  get trouble(): string | undefined {
    const lacking = this.#lacking;
    return this.#trouble ?? (lacking.length === partitions.length ? lacking[0] : undefined);
  }

  get partialTrouble(): string | undefined {
    const lacking = this.#lacking;
    const [first] = lacking;
    if (first === undefined || lacking.length === partitions.length) return undefined;
    return `${lacking.length} of ${partitions.length} partitions of topics cannot be used: ${first}`;
  }

  /** Why partitions cannot be used: a reason for each one that cannot. */
  get #lacking(): string[] {
    return partitions.map((key) => this.#nodeOf(key)?.trouble ?? this.troubleOf(key))
      .filter((trouble) => trouble !== undefined);
  }

  sessionOf(key: string): RedisSession | undefined {
    return this.#nodeOf(key)?.session;
  }

  troubleOf(key: string): string | undefined {
    if (this.#trouble !== undefined) return this.#trouble;
    const node = this.#nodeOf(key);
    if (node === undefined) return "cut off from Redis: no node holds the slot";
    return node.isNew ? undefined : node.trouble; // the slot has just moved to the new node: actions wait for it
  }

  async locate(key: string): Promise<string> {
    const owner = this.#owners[slotOf(key)];
    if (owner === undefined) throw new Error(this.troubleOf(key));
    return await Promise.resolve(this.#options.address.urlOf(owner));
  }

  onUp(listener: SessionListener): void {
    this.#followers.add(listener, this.#nodes.sessions);
  }

  async attempt(key: string, action: (session: RedisSession) => Promise<void>): Promise<void> {
    const session = this.sessionOf(key);
    if (session === undefined) return;
    try {
      await action(session);
    } catch {
      this.#followers.fallBehind([slotOf(key)]); // the session stays, as the node serves other keys too
    }
  }

  async run<T>(key: string, action: RedisAction<T>): Promise<T> {
    const until = performance.now() + MOVING_MS;
    let asked: string | undefined;
    for (;;) {
      const node = asked === undefined ? this.#nodeOf(key) : this.#nodes.importer(asked);
      const session = node?.session;
      if (session === undefined && asked === undefined && !node?.isNew) {
        throw new BrokerUnavailable(this.troubleOf(key) ?? "cut off from Redis", RETRY_AFTER_MS);
      }
      try {
        if (session !== undefined) return await action(session, asked !== undefined);
      } catch (error) {
        const redirection = readRedirection(error);
        if (redirection === undefined || performance.now() > until) throw error;
        asked = redirection.kind === "ask" ? redirection.address : undefined;
        if (redirection.kind === "moved") this.#moved(slotOf(key), redirection.address);
        if (redirection.kind === "ask") continue;
      }
      if (performance.now() > until) {
        throw new BrokerUnavailable("cut off from Redis: the slot is moving", RETRY_AFTER_MS);
      }
      await pause(MOVING_RETRY_MS, this.#stop.signal);
    }
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake.abort();
    await Promise.all([this.#running, this.#nodes.stop()]);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      await this.#refresh(signal);
      this.#report();
      this.#followers.catchUp();
      await pause(MOVING_RETRY_MS, signal); // so that two nodes that refer to each other cause no busy loop
      const isCalm = this.#isUp && !this.#followers.areBehind;
      await pause(isCalm ? CALM_MS : TROUBLED_MS, this.#wake.signal);
    }
  }

  /** Asks the cluster which node holds which slots, and connects to them. */
  async #refresh(signal: AbortSignal): Promise<void> {
    const { address } = this.#options;
    try {
      const others = new Set([...this.#nodes.addresses, ...address.seeds]);
      const owners = await findOwners(address, this.#nodes.ready, others, signal);
      if (signal.aborted) return;
      this.#take(owners);
      this.#trouble = undefined;
    } catch (error) {
      if (signal.aborted) return;
      this.#warnings.warn("redis cluster not reached", reasonOf(error));
      // Otherwise the known slots stay, and each node reports its own trouble.
      const isDown = error instanceof ClusterDown || this.#owners.length === 0;
      if (isDown) this.#trouble = `cut off from Redis: ${reasonOf(error)}`;
    }
  }

  /** Replaces the table of which node holds which slots. */
  #take(owners: (string | undefined)[]): void {
    const former = this.#owners;
    this.#owners = owners;
    this.#nodes.follow(new Set(owners.filter((owner) => owner !== undefined)));
    if (former.length === 0) return;
    const slots = owners.keys().filter((slot) => owners[slot] !== former[slot]);
    this.#followers.fallBehind(slots);
  }

  /** Follows a slot that has moved, without waiting until the cluster is asked again. */
  #moved(slot: number, address: string): void {
    const owners = [...this.#owners];
    const former = owners[slot] ?? "";
    // A node that does not know its own host leaves the host out: it means the node that answered.
    owners[slot] = address.startsWith(":") ? hostOf(former) + address : address;
    this.#owners = owners;
    this.#nodes.join(owners[slot]);
    this.#startOver(slot);
  }

  /** Makes listeners subscribe to the topics of a slot and read them again. */
  #startOver(slot: number): void {
    this.#followers.fallBehind([slot]);
    this.#wake.abort();
  }

  #nodeOf(key: string): RedisLink | undefined {
    return this.#nodes.get(this.#owners[slotOf(key)]);
  }

  /** Reports whether all of the cluster can be used. If not, asks the cluster for its slots at once. */
  #noticed(isUp: boolean): void {
    this.#report();
    if (!isUp) this.#wake.abort();
  }

  #report(): void {
    const isUp = this.trouble === undefined && this.partialTrouble === undefined;
    if (isUp !== this.#isUp) this.#options.metrics.redisUp(isUp);
    this.#isUp = isUp;
  }
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(":"));
}
