/**
 * The network lines between browsers and the live server, which a page can slow down or cut: a
 * browser offers no way to read a socket slowly.
 *
 * @module
 */

/** What a page asks of its line. */
export interface LineOrder {
  /** The line, as in the query parameter `line` of the page's WebSocket URL. */
  readonly id: string;
  /** Makes the line slow, or fast again. */
  readonly slow?: boolean;
  /** Breaks the line's connections without a close frame. */
  readonly cut?: boolean;
}

/** The bandwidth of a slow line, in bytes per second. */
const SLOW_BYTES_PER_S = 2_000_000;

/** How long a line without a connection stays slow, in milliseconds. */
const KEPT_MS = 10_000;

/** The size of a read, in bytes. */
const PIECE_BYTES = 16_384;

/** Forwards TCP connections to a port. The request of each names its line. */
export class Lines {
  readonly #listener: Deno.TcpListener;
  readonly #port: number;
  readonly #slow = new Set<string>();
  readonly #connections = new Map<string, Set<Deno.TcpConn>>();
  readonly #all = new Set<Deno.TcpConn>();

  /** Starts to forward from a free port of a host to another port of it. */
  constructor(hostname: string, port: number) {
    this.#port = port;
    this.#listener = Deno.listen({ hostname, port: 0 });
    this.#accept(hostname);
  }

  /** Where it listens. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** Whether any line is slow. */
  get anySlow(): boolean {
    return this.#slow.size > 0;
  }

  /** Carries out what a page asks for. */
  order({ id, slow, cut = false }: LineOrder): void {
    if (slow === true) this.#slow.add(id);
    if (slow === false) this.#slow.delete(id);
    if (cut) { for (const connection of this.#connections.get(id) ?? []) close(connection); }
  }

  /** Stops, and cuts all lines. */
  stop(): void {
    close(this.#listener);
    for (const connection of this.#all) close(connection);
  }

  async #accept(hostname: string): Promise<void> {
    try {
      for await (const client of this.#listener) this.#carry(client, hostname);
    } catch {
      // Stopped.
    }
  }

  async #carry(client: Deno.TcpConn, hostname: string): Promise<void> {
    const buffer = new Uint8Array(PIECE_BYTES);
    let id = "";
    const server = await Deno.connect({ hostname, port: this.#port }).catch(() => undefined);
    if (server === undefined) return close(client);
    try {
      this.#all.add(client).add(server);
      const length = await client.read(buffer) ?? 0;
      const head = new TextDecoder().decode(buffer.subarray(0, length));
      id = /^GET \S*[?&]line=([\w-]+)/.exec(head)?.[1] ?? "";
      const line = this.#connections.get(id) ?? new Set();
      this.#connections.set(id, line.add(client).add(server));
      await writeAll(server, buffer.subarray(0, length));
      await Promise.race([this.#pump(client, server), this.#pump(server, client, id)]);
    } catch {
      // One side closed its connection.
    } finally {
      Deno.unrefTimer(setTimeout(() => this.#forget(id), KEPT_MS));
      for (const connection of [client, server]) {
        this.#all.delete(connection);
        this.#connections.get(id)?.delete(connection);
        close(connection);
      }
    }
  }

  /** Forgets a line whose page has left. A page that reconnects in time still has its slow line. */
  #forget(id: string): void {
    if ((this.#connections.get(id)?.size ?? 0) > 0) return;
    this.#connections.delete(id);
    this.#slow.delete(id);
  }

  async #pump(from: Deno.TcpConn, to: Deno.TcpConn, id?: string): Promise<void> {
    const buffer = new Uint8Array(PIECE_BYTES);
    for (;;) {
      const length = await from.read(buffer);
      if (length === null) return;
      await writeAll(to, buffer.subarray(0, length));
      if (id === undefined || !this.#slow.has(id)) continue;
      await new Promise((resolve) => setTimeout(resolve, length / SLOW_BYTES_PER_S * 1000));
    }
  }
}

async function writeAll(to: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await to.write(bytes.subarray(written));
}

function close(closer: { close(): void }): void {
  try {
    closer.close();
  } catch {
    // Closed already.
  }
}
