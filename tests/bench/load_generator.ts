/**
 * The load generator's process, seen from the harness.
 *
 * @module
 */

import { pinned } from "./pinned.ts";
import type {
  Called,
  CallsOrder,
  Connected,
  ConnectOrder,
  OneOrder,
  Published,
  RateOrder,
} from "./load/orders.ts";

/** The core that clients and stand-ins run on; servers have the other. */
export const CLIENT_CORE = 1;

/** Tells the process what to do, one thing at a time. */
export class LoadGenerator implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;
  #rest = "";

  /** Starts it. */
  constructor() {
    const script = new URL("./load/main.ts", import.meta.url).pathname;
    this.#child = pinned(CLIENT_CORE, Deno.execPath(), ["run", "-q", "-A", "--no-config", script], {
      stdin: "piped",
    });
    this.#input = this.#child.stdin.getWriter();
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Opens connections. */
  connect(order: Omit<ConnectOrder, "order">): Promise<Connected> {
    return this.#tell({ order: "connect", ...order });
  }

  /** Publishes at a rate. */
  rate(order: Omit<RateOrder, "order">): Promise<Published> {
    return this.#tell({ order: "rate", ...order });
  }

  /** Publishes one by one. */
  one(order: Omit<OneOrder, "order">): Promise<Published> {
    return this.#tell({ order: "one", ...order });
  }

  /** Publishes as fast as it goes. */
  calls(order: Omit<CallsOrder, "order">): Promise<Called> {
    return this.#tell({ order: "calls", ...order });
  }

  /** Closes all connections. */
  async close(): Promise<void> {
    await this.#tell({ order: "close" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close();
    this.#lines.releaseLock();
    await this.#child.status;
  }

  async #tell<T>(order: unknown): Promise<T> {
    await this.#input.write(new TextEncoder().encode(`${JSON.stringify(order)}\n`));
    while (!this.#rest.includes("\n")) {
      const { value, done } = await this.#lines.read();
      if (done) throw new Error("The load generator has ended");
      this.#rest += value;
    }
    const end = this.#rest.indexOf("\n");
    const answer = JSON.parse(this.#rest.slice(0, end));
    this.#rest = this.#rest.slice(end + 1);
    if (answer.error !== undefined) throw new Error(`Load generator: ${answer.error}`);
    return answer;
  }
}
