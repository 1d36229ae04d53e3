/**
 * A live server over a stand-in for Directus, and clients that speak Directus's realtime protocol.
 *
 * @module
 */

import { createDirectusAuthority } from "../../live/directus/authority.ts";
import { CachingAuthority } from "../../live/directus/caching_authority.ts";
import { createDirectusClient } from "../../live/directus/directus_client.ts";
import { DirectusViewSource } from "../../live/directus/view_source.ts";
import type { Change } from "../../live/domain/view_source.ts";
import { createLive, type Live, type LiveOptions } from "../../live/live.ts";
import { createDirectusStandIn, type DirectusStandIn } from "../directus/stand_in.ts";
import { Database } from "../directus/stand_in/database.ts";
import type { Filter } from "../directus/stand_in/rights.ts";
import { Client, type Message } from "../support/client.ts";
import { BASE } from "../support/directus.ts";
import { RecordingLogger } from "../support/recording_logger.ts";
import { RecordingMetrics } from "../support/recording_metrics.ts";

/** Ada reads all tasks, Bob the open ones, and Eve none. */
const RULES = { ada: {}, bob: { status: { _eq: "open" } } } as const;

/** A row of the collection `tasks`. */
export interface Task {
  readonly title?: string;
  readonly status?: string;
}

/** The server, the stand-in, and what the server counted and logged. */
export class Setup implements AsyncDisposable {
  readonly database = new Database();
  readonly directus: DirectusStandIn;
  readonly metrics = new RecordingMetrics();
  readonly logger = new RecordingLogger();
  /** Directus answers once this has resolved. */
  answering: Promise<void> = Promise.resolve();
  readonly #options: LiveOptions;
  #live: Live;
  #port = 0;
  #lastId = 0;

  private constructor(options: LiveOptions) {
    const { database, metrics, logger } = this;
    database.create("tasks", ["id", "title", "status"]);
    database.create("secrets", ["id"]);
    const { permissions, policies, roles, access } = database.rights;
    for (const [index, [name, rule]] of Object.entries(RULES).entries()) {
      policies.push({ id: name });
      const permission = { collection: "tasks", permissions: rule, fields: ["*"] };
      permissions.push({ id: index + 1, policy: name, ...permission });
      roles.push({ id: name, parent: null });
      access.push({ policy: name, role: name, user: null });
    }
    policies.push({ id: "public" });
    access.push({ policy: "public", role: null, user: null });
    this.directus = createDirectusStandIn({
      database,
      users: ["ada", "bob", "eve"].map((id) => ({
        id,
        email: `${id}@example.com`,
        password: "demo",
        role: id,
      })),
    });
    const common = {
      baseUrl: BASE,
      timeoutMs: 5_000,
      maxConcurrency: 16,
      topics: new Map(),
      metrics,
      logger,
      fetch: async (...request: Parameters<typeof fetch>) => {
        await this.answering;
        return await this.directus.fetch(...request);
      },
      now: () => performance.now(),
      random: Math.random,
    };
    const client = createDirectusClient(common);
    const authority = createDirectusAuthority(common, client);
    this.#options = {
      authority: new CachingAuthority(authority, { ttlMs: 0, metrics }),
      viewSource: new DirectusViewSource({ ...common, client, isShared: true, ttlMs: 0 }),
      viewRefreshMs: 0,
      revalidateIntervalMs: 0,
      host: "127.0.0.1",
      port: 0,
      metrics,
      logger,
      ...options,
    };
    this.#live = createLive(this.#options);
  }

  /** Starts a server. */
  static async start(options: LiveOptions = {}): Promise<Setup> {
    const setup = new Setup(options);
    setup.#port = (await setup.live.start()).port;
    return setup;
  }

  /** The server. */
  get live(): Live {
    return this.#live;
  }

  /** Stops the server, waits, and starts another one on its port. */
  async restart(wait: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    await this.#live.stop();
    await wait();
    this.#live = createLive({ ...this.#options, port: this.#port });
    await this.#live.start();
  }

  /** URL of the protocol. */
  get url(): string {
    return `ws://127.0.0.1:${this.#port}/websocket`;
  }

  /** Returns the token of a user's new session. */
  token(user = "ada"): string {
    return this.directus.session(user).split("=")[1] ?? "";
  }

  /** Connects a user, who authenticates at the upgrade. */
  async connect(user = "ada"): Promise<Client> {
    return await Client.connect(`${this.url}?access_token=${this.token(user)}`);
  }

  /** Connects a client that has not authenticated. */
  async connectGuest(): Promise<Client> {
    return await Client.connect(this.url);
  }

  /** Creates a row, and reports it as a Flow does; resolves to its key. */
  async create(task: Task): Promise<number> {
    const id = this.add(task);
    await this.report({ event: "create", keys: [String(id)] });
    return id;
  }

  /** Creates a row without a report. */
  add(task: Task): number {
    this.put(++this.#lastId, task);
    return this.#lastId;
  }

  /** Updates a row, and reports it. */
  async update(id: number, task: Task): Promise<void> {
    this.put(id, task);
    await this.report({ event: "update", keys: [String(id)] });
  }

  /** Deletes a row, and reports it. */
  async delete(id: number): Promise<void> {
    this.database.tables.get("tasks")?.rows.delete(id);
    await this.report({ event: "delete", keys: [String(id)] });
  }

  /** Sets fields of a row without a report. */
  put(id: number, task: Task): void {
    const rows = this.database.tables.get("tasks")?.rows;
    rows?.set(id, { title: null, status: null, ...rows.get(id), ...task, id });
  }

  /** Reports a change in `tasks`, or in another collection. */
  async report(change: Partial<Change>): Promise<void> {
    await this.live.changed({ collection: "tasks", ...change });
  }

  /** Gives a user no right to `tasks` any more, or gives it back. */
  async setRight(user: keyof typeof RULES, isGranted: boolean): Promise<void> {
    const { permissions } = this.database.rights;
    const index = permissions.findIndex(({ policy }) => policy.startsWith(user));
    const permission = permissions[index];
    if (permission === undefined) return;
    permissions[index] = { ...permission, policy: isGranted ? user : `${user} no more` };
    await this.report({ collection: "directus_permissions", event: "update" });
  }

  /** Sets which tasks the public may read, and which fields of them; without a rule, none. */
  async setPublic(rule?: Filter, fields: readonly string[] = ["*"]): Promise<void> {
    const { permissions } = this.database.rights;
    const index = permissions.findIndex(({ policy }) => policy === "public");
    if (index >= 0) permissions.splice(index, 1);
    if (rule !== undefined) {
      permissions.push({ id: 9, policy: "public", collection: "tasks", permissions: rule, fields });
    }
    await this.report({ collection: "directus_permissions", event: "update" });
  }

  /** Stops the server. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.live.stop();
  }
}

/** Starts a server that admits the public, which may read the open tasks. */
export async function startPublic(options: LiveOptions = {}): Promise<Setup> {
  const setup = await Setup.start({ directusAuth: "public", ...options });
  await setup.setPublic({ status: { _eq: "open" } });
  return setup;
}

/** Subscribes to `tasks`; resolves to the first message. */
export function subscribe(client: Client, more: Record<string, unknown> = {}): Promise<Message> {
  return client.ask({ type: "subscribe", collection: "tasks", uid: "1", ...more });
}
