/**
 * The witness of a server, and a server that nothing attacks.
 *
 * @module
 */

import type { Transport } from "./attack.ts";
import { DirectusProxy } from "./directus_proxy.ts";
import { Target, TOKEN } from "./target.ts";
import type { WitnessAnswers, WitnessOrder } from "./witness_worker.ts";
import { WorkerThread } from "./worker_thread.ts";

/**
 * The largest slowdown of the machine that excuses a slow server. Beyond it, latencies say nothing about
 * the server, and the suite needs a machine that is less busy.
 */
const MAX_SLOWDOWN = 10;

/** The witness in its thread. */
export class Witness implements Disposable {
  readonly #thread = new WorkerThread("./witness_worker.ts");

  /** Starts a witness; resolves once it is subscribed. */
  static async start({ live, ops }: Target, directus: DirectusProxy): Promise<Witness> {
    const witness = new Witness();
    const order: WitnessOrder = {
      live,
      ops,
      token: TOKEN,
      cookie: directus.session("witness"),
      topic: "event:1",
    };
    await witness.#thread.ask(order);
    return witness;
  }

  /** Sends it a message; resolves to the answer. */
  ask<Name extends keyof WitnessAnswers>(name: Name): Promise<WitnessAnswers[Name]> {
    return this.#thread.ask(name);
  }

  /** Ends it. */
  [Symbol.dispose](): void {
    this.#thread[Symbol.dispose]();
  }
}

/** Settings of every server of the suite. */
export function settingsOf(directus: DirectusProxy, transport: Transport): Record<string, string> {
  return {
    DIRECTUS_BASE_URL: directus.url,
    // The stand-in and the attackers may be slow on a busy machine.
    DIRECTUS_AUTH_TIMEOUT_MS: "60000",
    LIVE_WS_PING_INTERVAL_MS: "600000",
    LIVE_TOPICS: "event=events",
    LIVE_MAX_CONNECTIONS_PER_USER: "100000",
    LIVE_TRANSPORT: transport,
  };
}

/**
 * A server that is not attacked, with a witness. It shows how much slower the machine has become, because
 * attackers and other programs use the same cores.
 */
export class Control implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly #witness: Witness;
  /** Median latency at rest, in milliseconds. */
  readonly #restMs: number;

  private constructor(stack: AsyncDisposableStack, witness: Witness, restMs: number) {
    this.#stack = stack;
    this.#witness = witness;
    this.#restMs = restMs;
  }

  /** Starts it, and measures its latency at rest. */
  static async start(transport: Transport): Promise<Control> {
    const stack = new AsyncDisposableStack();
    const directus = stack.use(new DirectusProxy());
    const target = stack.use(await Target.start(settingsOf(directus, transport), {}));
    const witness = stack.use(await Witness.start(target, directus));
    await witness.ask("latency"); // the first messages compile the code
    await witness.ask("mark");
    return new Control(stack, witness, await witness.ask("measure"));
  }

  /** Begins to measure. */
  async mark(): Promise<void> {
    await this.#witness.ask("mark");
  }

  /** Resolves to how many times slower than at rest it has been since the last mark: 1 to 10. */
  async slowdown(): Promise<number> {
    const slowdown = await this.#witness.ask("measure") / this.#restMs;
    return Math.min(MAX_SLOWDOWN, Math.max(1, slowdown));
  }

  /** Stops it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
