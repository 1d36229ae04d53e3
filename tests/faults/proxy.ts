/**
 * A bad network.
 *
 * @module
 */

/** A TCP proxy that cuts each connection after a while. */
export class CuttingProxy implements Disposable {
  /** How many connections it has cut. */
  cuts = 0;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #ports: readonly number[];
  readonly #meanLifeMs: number;
  #isCutting = true;

  /**
   * Starts to listen.
   *
   * @param ports Targets. Each connection goes to a random one that accepts it.
   * @param meanLifeMs Mean time before a connection is cut, in milliseconds.
   */
  constructor(ports: readonly number[], meanLifeMs: number) {
    this.#ports = ports;
    this.#meanLifeMs = meanLifeMs;
    this.#accept();
  }

  /** Where it listens. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** Stops cutting connections. */
  calm(): void {
    this.#isCutting = false;
  }

  /** Stops listening. */
  [Symbol.dispose](): void {
    this.#listener.close();
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) this.#forward(client);
  }

  async #forward(client: Deno.TcpConn): Promise<void> {
    const server = await this.#connect();
    if (server === undefined) return client.close();
    const lifeMs = -Math.log(1 - Math.random()) * this.#meanLifeMs;
    const timer = setTimeout(() => {
      if (!this.#isCutting) return;
      this.cuts++;
      close(client, server);
    }, lifeMs);
    await Promise.race([pipe(client, server), pipe(server, client)]);
    clearTimeout(timer);
    close(client, server);
  }

  async #connect(): Promise<Deno.TcpConn | undefined> {
    const first = Math.floor(Math.random() * this.#ports.length);
    for (let i = 0; i < this.#ports.length; i++) {
      const port = this.#ports[(first + i) % this.#ports.length] ?? 0;
      const server = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined);
      if (server !== undefined) return server;
    }
    return undefined;
  }
}

async function pipe(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
  await from.readable.pipeTo(to.writable).catch(() => {});
}

function close(...conns: Deno.TcpConn[]): void {
  for (const conn of conns) {
    try {
      conn.close();
    } catch {
      // closed already
    }
  }
}
