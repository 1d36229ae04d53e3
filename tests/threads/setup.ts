/**
 * Setup of tests with threads.
 *
 * @module
 */

import { DEFAULTS } from "../../live/config/defaults.ts";
import type { Authority } from "../../live/domain/authority.ts";
import type { Broker } from "../../live/domain/broker.ts";
import { silentMetrics } from "../../live/domain/metrics.ts";
import type { ViewSource } from "../../live/domain/view_source.ts";
import { ReplicatedBroker } from "../../live/history/replicated_broker.ts";
import type { LiveOptions } from "../../live/live.ts";
import { Channel, type Port } from "../../live/threads/channel.ts";
import { JoinedMetrics } from "../../live/threads/joined_metrics.ts";
import { PlaceBook } from "../../live/threads/place_book.ts";
import type { MainCalls, ThreadCalls } from "../../live/threads/protocol.ts";
import { ThreadHost } from "../../live/threads/thread_host.ts";
import { ThreadTopicStore } from "../../live/threads/thread_store.ts";
import type { ThreadWorker } from "../../live/threads/thread.ts";
import { createThreadedLive, type ThreadedLive } from "../../live/threads/threaded_live.ts";
import { TopicHost } from "../../live/threads/topic_host.ts";
import { silentRefusals } from "../../live/domain/refusal_log.ts";
import { cookieOf, fakeAuthority } from "../support/authorities.ts";
import { Client } from "../support/client.ts";
import { Watch } from "../support/queue.ts";
import { RecordingLogger } from "../support/recording_logger.ts";
import { RecordingMetrics } from "../support/recording_metrics.ts";

/** Fails a test if an unexpected function is called. */
function never(): never {
  throw new Error("not expected");
}

/** The functions of the other end of a channel, in tests of brokers. */
export const noCalls: ThreadCalls = {
  start: never,
  announce: never,
  viewLost: never,
  revoke: never,
  checkRights: never,
  measure: never,
  status: never,
  ping: never,
  stop: never,
};

/** A thread's broker. */
interface ThreadUnderTest {
  readonly broker: Broker;
  /** Ends the thread as a failure would. */
  readonly end: () => Promise<void>;
}

/** A main thread's broker, with threads that follow it over real ports. */
export class BrokerThreads implements AsyncDisposable {
  readonly #topics: TopicHost;
  readonly #broker: Broker;
  readonly #parts: (() => unknown)[] = [];

  /** Creates a main thread without other threads. */
  constructor(broker: Broker) {
    this.#broker = broker;
    this.#topics = new TopicHost({ broker, onTopics() {} });
  }

  /** Adds a thread; returns its broker, and the function that ends it as a failure would. */
  add(
    bounds: { historySize: number; historyTtlMs: number; historyMaxBytes: number },
  ): ThreadUnderTest {
    const { port1, port2 } = new MessageChannel();
    const host: ThreadHost = new ThreadHost(
      {
        authority: undefined,
        views: undefined,
        topics: this.#topics,
        places: new PlaceBook(DEFAULTS),
        metrics: new JoinedMetrics(silentMetrics),
        refusals: silentRefusals,
        writeLine() {},
      },
      () => main,
      { strained() {}, listenerFailed() {} },
    );
    const main: Channel<ThreadCalls> = new Channel({
      port: port1 as unknown as Port,
      handlers: host.handlers,
      beforeFlush: () => host.announce(),
      onError: never,
    });
    const thread: Channel<MainCalls> = new Channel({
      port: port2 as unknown as Port,
      handlers: { ...noCalls, announce: (all: never) => store.announce(all) },
      onError: never,
    });
    const store = new ThreadTopicStore(thread);
    const metrics = new RecordingMetrics();
    const broker = new ReplicatedBroker({ ...bounds, store, sweepIntervalMs: 1_000, metrics });
    const end = async () => {
      await broker.stop();
      main.end("the test is over");
      thread.end("the test is over");
      host.leave();
      port1.close();
      port2.close();
    };
    this.#parts.push(end);
    return { broker, end };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#parts) await end();
    await this.#broker.stop();
  }
}

/** How to start a server with threads. */
export interface StartThreadsOptions extends Partial<LiveOptions> {
  /** Number of threads. @default {2} */
  readonly threads?: number;
  /** Answers for Directus. @default {fakeAuthority()} */
  readonly authority?: Authority;
  /** Reads views. */
  readonly viewSource?: ViewSource;
}

/** A server whose clients are served by real threads on a real port. */
export class Threads implements AsyncDisposable {
  /** Its log; lines of threads are in `lines`. */
  readonly logger = new RecordingLogger();
  /** Lines of the threads' logs. */
  readonly lines: Record<string, unknown>[] = [];
  /** The metrics of all threads. */
  readonly metrics = new RecordingMetrics();
  /** The workers that were started, in order. */
  readonly workers: ThreadWorker[] = [];
  /** The server. */
  readonly live: ThreadedLive;
  readonly #watch = new Watch();
  #port = 0;

  private constructor({ threads = 2, ...options }: StartThreadsOptions) {
    const joined = new JoinedMetrics(this.metrics);
    this.live = createThreadedLive({
      host: "127.0.0.1",
      port: 0,
      authority: fakeAuthority(),
      revalidateIntervalMs: 0,
      allowedOrigins: new Set(["*"]),
      ...options,
      threads,
      joined,
      metrics: joined.own,
      logger: this.logger,
      log: { level: "DEBUG", format: "json" },
      writeLine: (line) => {
        this.lines.push(JSON.parse(line));
        this.#watch.changed();
      },
      spawn: () => {
        const url = new URL("./mortal_worker.ts", import.meta.url);
        const worker: ThreadWorker = new Worker(url, { type: "module" });
        this.workers.push(worker);
        return worker;
      },
    });
  }

  /** Starts a server. */
  static async start(options: StartThreadsOptions = {}): Promise<Threads> {
    const threads = new Threads(options);
    threads.#port = (await threads.live.start()).port;
    return threads;
  }

  /** Where it listens. */
  get port(): number {
    return this.#port;
  }

  /** Connects a user; resolves once `welcome` has arrived, with the number of the thread. */
  async connect(user = "ada"): Promise<{ client: Client; thread: number; id: string }> {
    const url = `ws://127.0.0.1:${this.#port}`;
    const client = await Client.connect(url, { cookie: cookieOf(user) });
    const { connection: id } = await client.next();
    await this.#watch.until(() => this.#opened(id) !== undefined);
    return { client, id, thread: Number(this.#opened(id)?.["thread"]) };
  }

  /** Connects users until each of the first two threads has one; resolves to one client of each. */
  async connectToBoth(user = "ada"): Promise<[Client, Client]> {
    const clients = new Map<number, Client>();
    for (let tries = 0; clients.size < 2; tries++) {
      if (tries === 30) throw new Error("only one thread got clients"); // 1 in 2^29 for a fair system
      const { client, thread } = await this.connect(user);
      if (clients.has(thread)) await client[Symbol.asyncDispose]();
      else clients.set(thread, client);
    }
    return [clients.get(1) as Client, clients.get(2) as Client];
  }

  /** Resolves once a line is in a thread's log. */
  async line(message: string, count = 1): Promise<void> {
    await this.#watch.until(() =>
      this.lines.filter((line) => line["message"] === message).length >= count
    );
  }

  /** Ends a thread as an uncaught error does. */
  kill(thread: number): void {
    this.workers[thread - 1]?.postMessage("die");
  }

  /**
   * Stops a thread's event loop until the returned hang is ended. Deno could not end a thread that never
   * resumes.
   */
  hang(thread: number): Disposable & { end(): void } {
    const hang = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    this.workers[thread - 1]?.postMessage({ hang });
    const end = () => {
      Atomics.store(hang, 0, 1);
      Atomics.notify(hang, 0);
    };
    return { end, [Symbol.dispose]: end };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.live.stop(1_000);
  }

  #opened(id: string): Record<string, unknown> | undefined {
    return this.lines.find((line) =>
      line["message"] === "connection opened" && line["connection"] === id
    );
  }
}
