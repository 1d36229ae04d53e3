/**
 * A network between client and server that a test can cut.
 *
 * @module
 */

/** Forwards TCP connections to a port until it is told to cut them. */
export class Relay implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #pipes: Promise<void>[] = [];
  #cutting = new AbortController();
  readonly #accepting: Promise<void>;

  /** Begins to forward. */
  constructor(port: number) {
    this.#accepting = this.#accept(port);
  }

  /** Where it listens. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** Ends all connections without a word to either side. */
  cut(): void {
    this.#cutting.abort();
    this.#cutting = new AbortController();
  }

  /** Stops. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    this.cut();
    await Promise.all(this.#pipes);
  }

  async #accept(port: number): Promise<void> {
    try {
      for await (const client of this.#listener) {
        const server = await Deno.connect({ hostname: "127.0.0.1", port });
        this.#pipe(client, server);
        this.#pipe(server, client);
      }
    } catch {
      // Stopped.
    }
  }

  #pipe(from: Deno.TcpConn, to: Deno.TcpConn): void {
    const { signal } = this.#cutting;
    const done = from.readable.pipeTo(to.writable, { signal }).catch(() => {});
    this.#pipes.push(done);
  }
}
