/**
 * The world of a fault run: instances on one Redis, and clients behind a network that cuts connections.
 *
 * @module
 */

import { connect } from "../../live/client/mod.ts";
import { takeFreePort } from "../../live/transport/listener.ts";
import { createDirectusStandIn } from "../directus/stand_in.ts";
import { ServerProcess } from "../support/process.ts";
import { Ledger, View } from "./ledger.ts";
import { CuttingProxy } from "./proxy.ts";
import { pause, Publisher } from "./publisher.ts";

const TOPICS = 20;
const TOPICS_PER_CLIENT = 4;
const HISTORY_SIZE = 512;
const TOKEN = "the-fault-runs-publish-token";

/** Mean time before a connection is cut, in milliseconds. */
const MEAN_LIFE_MS = 10_000;

/** How often to look whether clients have caught up, in milliseconds, and how long that may take. */
const LOOK_MS = 200;
const CATCH_UP_MS = 60_000;

/** The parts of the world. */
export interface WorldOptions {
  /** The `REDIS_URL`. Without it there is one instance, with its own history. */
  readonly redisUrl?: string;
  /** Number of clients. @default {60} */
  readonly clients?: number;
  /** Number of instances. @default {2} */
  readonly instances?: number;
  /** Further variables of the instances. @default {{}} */
  readonly env?: Readonly<Record<string, string>>;
  /** Modules that run before the program, from the root of the repository. @default {none} */
  readonly preloads?: readonly string[];
  /** Whether a replica can take over from Redis. @default {false} */
  readonly isCopied?: boolean;
}

/** Instances, clients and a publisher. */
export class World implements AsyncDisposable {
  readonly topics: readonly string[] = Array.from({ length: TOPICS }, (_, i) => `event:${i + 1}`);
  readonly ledger: Ledger;
  readonly publisher: Publisher;
  readonly views: { readonly topic: string; readonly view: View }[] = [];
  readonly opsUrls: readonly string[];
  readonly #ports: readonly number[];
  readonly #options: WorldOptions;
  readonly #directus: ReturnType<typeof startDirectus>;
  readonly #instances: ServerProcess[] = [];
  readonly #clients: { close(): void }[] = [];
  readonly #proxy: CuttingProxy;
  #killedThreads = 0;

  private constructor(options: WorldOptions) {
    const { instances = 2, isCopied = false } = options;
    this.#options = options;
    this.ledger = new Ledger({ isCopied });
    this.#directus = startDirectus(this.topics);
    this.#ports = Array.from({ length: instances }, takeFreePort);
    this.opsUrls = this.#ports.map(() => `http://127.0.0.1:${takeFreePort()}`);
    this.#proxy = new CuttingProxy(this.#ports, MEAN_LIFE_MS);
    this.publisher = new Publisher(this.opsUrls, TOKEN, this.topics, this.ledger);
  }

  /** Starts instances, and clients once the instances are ready. */
  static async start(options: WorldOptions): Promise<World> {
    const world = new World(options);
    for (const index of world.#ports.keys()) await world.startInstance(index);
    await Promise.all(world.opsUrls.map(ready));
    for (let i = 0; i < (options.clients ?? 60); i++) world.#connect(i);
    return world;
  }

  /** Connections that were cut. */
  get cuts(): number {
    return this.#proxy.cuts;
  }

  /** Starts an instance, or starts it again. */
  async startInstance(index: number): Promise<void> {
    const { redisUrl = "", clients = 60, env, preloads = [] } = this.#options;
    this.#instances[index] = await ServerProcess.spawn(
      {
        DIRECTUS_BASE_URL: this.#directus.url,
        REDIS_URL: redisUrl,
        LIVE_WS_PORT: `${this.#ports[index]}`,
        OPS_PORT: new URL(this.opsUrls[index] ?? "").port,
        LIVE_PUBLISH_TOKEN: TOKEN,
        LIVE_TOPICS: "event=events",
        LIVE_HISTORY_SIZE: `${HISTORY_SIZE}`,
        LIVE_MAX_CONNECTIONS_PER_USER: `${clients}`,
        INSTANCE_ID: `instance-${index + 1}`,
        LOG_LEVEL: "WARN",
        ...env,
      },
      [],
      { preloads },
    );
  }

  /** Kills a thread of the first instance; resolves once the instance has noticed. */
  async killThread(): Promise<void> {
    const instance = this.#instances[0];
    instance?.kill("SIGUSR2");
    await instance?.line("thread ended; replacing it", ++this.#killedThreads);
  }

  /** Kills an instance. */
  async killInstance(index: number): Promise<void> {
    const instance = this.#instances[index];
    instance?.kill("SIGKILL");
    await instance?.ended;
  }

  /** Publishes one message on a topic that the ledger does not record; resolves to the status. */
  async tryToPublish(topic: string): Promise<number> {
    const response = await fetch(`${this.opsUrls[0]}/publish`, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify({ topic, data: null }),
    });
    await response.body?.cancel();
    return response.status;
  }

  /** Stops cutting connections, and waits until every client holds what was published. */
  async settle(): Promise<void> {
    this.#proxy.calm();
    const ends = await this.publisher.finish();
    const behind = () =>
      this.views.filter(({ topic, view }) => {
        const end = ends.get(topic);
        return end === undefined || !view.hasReached(end);
      });
    const until = Date.now() + CATCH_UP_MS;
    while (behind().length > 0 && Date.now() < until) await pause(LOOK_MS);
    for (const { view } of behind()) this.ledger.fault(`${view} has not reached the end`, "lost");
    for (const [topic, end] of ends) {
      const expected = textOf(this.ledger.stateAt(topic, end));
      for (const { view } of this.views.filter((each) => each.topic === topic)) {
        const held = textOf(view.state);
        if (held !== expected) {
          this.ledger.fault(`${view} holds ${held} instead of ${expected}`, "lost");
        }
      }
    }
  }

  /** Ends everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    for (const instance of this.#instances) await instance[Symbol.asyncDispose]();
    this.#proxy[Symbol.dispose]();
    await this.#directus[Symbol.asyncDispose]();
  }

  #connect(index: number): void {
    const { ledger, topics } = this;
    const live = connect(`ws://127.0.0.1:${this.#proxy.port}/`, {
      webSocket: (url) => new WebSocket(url, { headers: { cookie: this.#directus.cookie } }),
      onState: (state) => {
        if (state.phase === "closed" && state.code !== 1000) {
          ledger.fault(`client ${index} was closed: ${state.code} ${state.reason}`);
        }
      },
      onError: (error) => ledger.fault(`client ${index}: ${error}`),
    });
    for (let i = 0; i < TOPICS_PER_CLIENT; i++) {
      const topic = topics[(index + i * (TOPICS / TOPICS_PER_CLIENT)) % TOPICS] ?? "";
      const view = new View(ledger, `client ${index}`, topic, HISTORY_SIZE);
      this.views.push({ topic, view });
      live.subscribe<{ sequence: number }>(topic, {
        onStart: (start) => view.start(start),
        onMessage: (message) => view.take(message),
        onError: (error) =>
          ledger.fault(`client ${index} ${topic}: ${error.code} ${error.message}`),
      });
    }
    this.#clients.push(live);
  }
}

function textOf(state: ReadonlyMap<string, number>): string {
  return [...state].map((entry) => entry.join("=")).sort().join();
}

function startDirectus(
  topics: readonly string[],
): { url: string; cookie: string } & AsyncDisposable {
  const user = { id: "ada", email: "ada@example.com", password: "demo" };
  const directus = createDirectusStandIn({
    users: [user],
    collections: [{
      name: "events",
      items: topics.map((_, index) => ({ id: index + 1 })),
      readers: [user.email],
    }],
  });
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => directus.handle(request),
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    cookie: directus.session(user.email),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Resolves once an instance is ready. */
async function ready(opsUrl: string): Promise<void> {
  for (;;) {
    const response = await fetch(`${opsUrl}/readyz`).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return;
    await pause(LOOK_MS);
  }
}
