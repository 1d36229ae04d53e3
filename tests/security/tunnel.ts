/**
 * TLS for clients that speak TCP.
 *
 * @module
 */

/** Carries what comes to a port of this machine to a server that speaks TLS, and back. */
export class Tunnel implements AsyncDisposable {
  /** Where it listens. */
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #carrying = new Set<Promise<void>>();
  readonly #conns = new Set<Deno.Conn>();
  readonly #accepting: Promise<void>;

  /**
   * Begins to listen.
   *
   * @param port Where the server is, on this machine.
   * @param hostname Whom its certificate must name.
   * @param caCert Who must have signed that.
   */
  constructor(port: number, hostname: string, caCert: string) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#accepting = this.#accept(port, { hostname, caCerts: [caCert] });
  }

  /** Stops, and breaks what it carries. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const conn of this.#conns) close(conn);
    await Promise.all(this.#carrying);
  }

  async #accept(port: number, options: Deno.StartTlsOptions): Promise<void> {
    for await (const near of this.#listener) {
      const carried = this.#carry(near, port, options);
      this.#carrying.add(carried);
      carried.finally(() => this.#carrying.delete(carried));
    }
  }

  /** Carries one connection until either side has ended or broken it. */
  async #carry(near: Deno.TcpConn, port: number, options: Deno.StartTlsOptions): Promise<void> {
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
      // The proxy has refused or broken it: the client sees that it has ended.
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
    // A stream of it has closed it.
  }
}
