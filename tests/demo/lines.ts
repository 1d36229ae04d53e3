/**
 * The lines between browsers and the live server, which the page can make slow, or cut: a browser
 * gives a page no way to read its own socket slowly.
 *
 * @module
 */

/** What a page asks of its line. */
export interface LineOrder {
  /** The line: what the page put into its URL as `line`. */
  readonly id: string;
  /** Whether the line is to be slow from now on. */
  readonly slow?: boolean;
  /** Whether to cut it, without a word to either side. */
  readonly cut?: boolean;
}

/** What a slow line carries, in bytes a second. */
const SLOW_BYTES_PER_S = 2_000_000;

/** How long a slow line is remembered without a connection, in milliseconds. */
const KEPT_MS = 10_000;

/** What is carried at a time, in bytes. */
const PIECE_BYTES = 16_384;

/** Forwards TCP connections to a port, each for the line that its request names. */
export class Lines {
  readonly #listener: Deno.TcpListener;
  readonly #port: number;
  readonly #slow = new Set<string>();
  readonly #connections = new Map<string, Set<Deno.TcpConn>>();
  readonly #all = new Set<Deno.TcpConn>();

  /** Begins to forward from a free port of a host to a port of it. */
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

  /** Does what a page asks for. */
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
      // One of the two has left.
    } finally {
      Deno.unrefTimer(setTimeout(() => this.#forget(id), KEPT_MS));
      for (const connection of [client, server]) {
        this.#all.delete(connection);
        this.#connections.get(id)?.delete(connection);
        close(connection);
      }
    }
  }

  /** A page that has left has no slow line any more; one that comes back has. */
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
    // It is closed already.
  }
}
