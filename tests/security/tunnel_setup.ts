/**
 * Adds TLS to the connections of clients that have none.
 *
 * @module
 */

/** Forwards connections to a server that expects TLS. */
export class Tunnel implements AsyncDisposable {
  /** Port for clients without TLS. */
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #forwarding = new Set<Promise<void>>();
  readonly #conns = new Set<Deno.Conn>();
  readonly #accepting: Promise<void>;

  /**
   * Starts to listen.
   *
   * @param port Port of the server on this machine.
   * @param hostname The host that its certificate must name.
   * @param caCert The certificate authority that must have signed it.
   */
  constructor(port: number, hostname: string, caCert: string) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#accepting = this.#accept(port, { hostname, caCerts: [caCert] });
  }

  /** Stops it and breaks its connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const conn of this.#conns) close(conn);
    await Promise.all(this.#forwarding);
  }

  async #accept(port: number, options: Deno.StartTlsOptions): Promise<void> {
    for await (const near of this.#listener) {
      const forwarded = this.#forward(near, port, options);
      this.#forwarding.add(forwarded);
      forwarded.finally(() => this.#forwarding.delete(forwarded));
    }
  }

  /** Forwards one connection until either side ends it. */
  async #forward(near: Deno.TcpConn, port: number, options: Deno.StartTlsOptions): Promise<void> {
    const conns: Deno.Conn[] = [];
    const keep = <T extends Deno.Conn>(conn: T): T => {
      conns.push(conn);
      this.#conns.add(conn);
      return conn;
    };
    try {
      keep(near);
      const far = keep(await startTls(port, options));
      await Promise.race([
        near.readable.pipeTo(far.writable),
        far.readable.pipeTo(near.writable),
      ]);
    } catch {
      // The proxy refused or broke it, which the client sees as its end.
    } finally {
      for (const conn of conns) {
        this.#conns.delete(conn);
        close(conn);
      }
    }
  }
}

async function startTls(port: number, options: Deno.StartTlsOptions): Promise<Deno.TlsConn> {
  const plain = await Deno.connect({ hostname: "127.0.0.1", port });
  const far = await Deno.startTls(plain, options);
  try {
    await far.handshake();
    return far;
  } catch (error) {
    far.close();
    throw error;
  }
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // One of its streams has closed it.
  }
}
