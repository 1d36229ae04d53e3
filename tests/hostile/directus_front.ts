/**
 * A Directus that turns hostile: the stand-in behind a front that can take its place, byte by byte.
 *
 * @module
 */

import { createDirectusStandIn } from "../directus/stand_in.ts";

/** What the front does with a connection instead of leading it to the stand-in. */
export type Act = (conn: Deno.TcpConn) => Promise<void>;

/** Items that everybody may listen to, `event:1` to this one. */
export const ITEMS = 200;

/** A collection that has every item there could be, and everybody may read them all. */
export const BOUNDLESS = "things";

/** The stand-in, on a port of this machine. */
export class DirectusFront implements AsyncDisposable {
  readonly #standIn = createDirectusStandIn({
    users: ["witness", "mallory"].map((id) => ({
      id,
      email: `${id}@example.com`,
      password: "demo",
    })),
    collections: [{
      name: "events",
      items: Array.from({ length: ITEMS }, (_, index) => ({ id: index + 1 })),
      readers: ["witness", "mallory"],
    }],
  });
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const granted = grant(new URL(request.url));
      if (granted !== undefined) return granted;
      const response = await this.#standIn.handle(request);
      this.#standIn.calls.length = 0; // a million of them would fill the memory
      return response;
    },
  );
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #conns = new Set<Deno.TcpConn>();
  #act: Act | undefined;

  /** Begins to listen. */
  constructor() {
    this.#accept();
  }

  /** Where it listens. */
  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

  /** Logs a user in and returns the pair for a `Cookie` header, another each time. */
  session(user: "witness" | "mallory"): string {
    return this.#standIn.session(user);
  }

  /** Behaves like this from now on, and well without an act. Cuts all connections there are. */
  turn(act?: Act): void {
    this.#act = act;
    for (const conn of this.#conns) close(conn);
  }

  /** Stops. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.turn();
    this.#listener.close();
    await this.#server.shutdown();
  }

  async #accept(): Promise<void> {
    for await (const conn of this.#listener) this.#serve(conn);
  }

  async #serve(conn: Deno.TcpConn): Promise<void> {
    this.#conns.add(conn);
    try {
      await (this.#act ?? ((conn) => this.#lead(conn)))(conn);
    } catch {
      // The server has hung up, or is cut off.
    }
    close(conn);
    this.#conns.delete(conn);
  }

  async #lead(conn: Deno.TcpConn): Promise<void> {
    const { port } = this.#server.addr;
    using inner = await Deno.connect({ hostname: "127.0.0.1", port });
    await Promise.race([
      conn.readable.pipeTo(inner.writable, { preventClose: true }),
      inner.readable.pipeTo(conn.writable, { preventClose: true }),
    ]);
  }
}

/** Answers what is asked of the boundless collection. */
function grant({ pathname, searchParams }: URL): Response | undefined {
  const [, collection, id] = pathname.match(/^\/items\/(\w+)(?:\/(\w+))?$/) ?? [];
  if (collection !== BOUNDLESS) return undefined;
  if (id !== undefined) return Response.json({ data: { id: Number(id) } });
  const ids = searchParams.get("filter[id][_in]")?.split(",") ?? [];
  return Response.json({ data: ids.map((id) => ({ id: Number(id) })) });
}

function close(conn: Deno.TcpConn): void {
  try {
    conn.close();
  } catch {
    // closed already
  }
}
