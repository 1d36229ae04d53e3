/**
 * The process of the load generator, as the benchmarks use it.
 *
 * @module
 */

import type {
  Called,
  CallsOrder,
  Connected,
  ConnectOrder,
  OneOrder,
  Order,
  Published,
  RateOrder,
} from "./load/orders.ts";
import { CLIENT_CORE, PinnedProgram } from "./pinned_program.ts";

/** Tells the process what to do, one order at a time. */
export class LoadGenerator implements AsyncDisposable {
  readonly #program: PinnedProgram;

  /** Starts the process, on the clients' core unless another or none is given. */
  constructor(core: number | undefined = CLIENT_CORE) {
    this.#program = new PinnedProgram(core, Deno.execPath(), [
      ...["run", "-q", "-A", "--no-config", new URL("./load/main.ts", import.meta.url).pathname],
    ]);
  }

  /** Opens connections. */
  connect(order: Omit<ConnectOrder, "order">): Promise<Connected> {
    return this.#send({ order: "connect", ...order });
  }

  /** Publishes at a rate. */
  rate(order: Omit<RateOrder, "order">): Promise<Published> {
    return this.#send({ order: "rate", ...order });
  }

  /** Publishes one message after the other. */
  one(order: Omit<OneOrder, "order">): Promise<Published> {
    return this.#send({ order: "one", ...order });
  }

  /** Publishes as fast as possible. */
  calls(order: Omit<CallsOrder, "order">): Promise<Called> {
    return this.#send({ order: "calls", ...order });
  }

  /** Closes all connections. */
  async close(): Promise<void> {
    await this.#send({ order: "close" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]();
  }

  async #send<T>(order: Order): Promise<T> {
    const answer = JSON.parse(await this.#program.ask(JSON.stringify(order)));
    if (answer.error !== undefined) throw new Error(`Load generator: ${answer.error}`);
    return answer;
  }
}
