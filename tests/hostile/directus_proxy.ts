/**
 * A Directus that can become hostile: the stand-in behind a TCP proxy that can answer instead of it.
 *
 * @module
 */

import { createDirectusStandIn } from "../directus/stand_in.ts";

/** What the proxy does with a connection instead of forwarding it. */
export type Fault = (conn: Deno.TcpConn) => Promise<void>;

/** Answers a request in place of Directus, whose own answer `respond` resolves to. */
export type Interception = (
  request: Request,
  respond: () => Promise<Response>,
) => Promise<Response>;

/** Items of the collection `events`, from `event:1` on, which both users may read. */
const ITEMS = 200;

/** A collection that has an item for every id, and that everybody may read. */
export const BOUNDLESS = "things";

/** Prefix of tokens for which the database fails. */
export const FAILING_SESSION = "made-up";

/** The lowest primary key for which the database fails, as PostgreSQL does with keys over 32 bits. */
export const FAILING_ITEM = 2_147_483_648;

/** A Directus on a port of this machine. */
export class DirectusProxy implements AsyncDisposable {
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
    (request) => this.intercept(request, () => this.#respond(request)),
  );
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #conns = new Set<Deno.TcpConn>();
  #fault: Fault | undefined;

  /** Answers all requests. @default {as Directus does} */
  intercept: Interception = (_, respond) => respond();

  /** Starts to listen. */
  constructor() {
    this.#accept();
  }

  /** Its address. */
  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

  /** Opens a session and returns its `Cookie` header. Each call opens a new session. */
  session(user: "witness" | "mallory"): string {
    return this.#standIn.session(user);
  }

  /** Ends a session. */
  logOut(cookie: string): void {
    this.#standIn.logOut(cookie);
  }

  /** Takes from `mallory` the right to an item of the collection `events`. */
  deny(item: number): void {
    this.#standIn.deny("mallory", "events", item);
  }

  /**
   * Handles connections with a fault from now on; without a fault, forwards them again. Breaks all open
   * connections.
   */
  setFault(fault?: Fault): void {
    this.#fault = fault;
    for (const conn of this.#conns) close(conn);
  }

  /** Stops. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.setFault();
    this.#listener.close();
    await this.#server.shutdown();
  }

  async #respond(request: Request): Promise<Response> {
    if (fails(request)) return new Response(null, { status: 500 });
    const answer = answerBoundless(new URL(request.url));
    if (answer !== undefined) return answer;
    const response = await this.#standIn.handle(request);
    this.#standIn.calls.length = 0; // otherwise its record of calls would fill the memory
    return response;
  }

  async #accept(): Promise<void> {
    for await (const conn of this.#listener) this.#handle(conn);
  }

  async #handle(conn: Deno.TcpConn): Promise<void> {
    this.#conns.add(conn);
    try {
      await (this.#fault?.(conn) ?? this.#forward(conn));
    } catch {
      // The server disconnected, or setFault() broke the connection.
    }
    close(conn);
    this.#conns.delete(conn);
  }

  async #forward(conn: Deno.TcpConn): Promise<void> {
    const { port } = this.#server.addr;
    using inner = await Deno.connect({ hostname: "127.0.0.1", port });
    await Promise.race([
      conn.readable.pipeTo(inner.writable, { preventClose: true }),
      inner.readable.pipeTo(conn.writable, { preventClose: true }),
    ]);
  }
}

/** Returns whether the database fails on a request. */
function fails({ url, headers }: Request): boolean {
  const [, id] = new URL(url).pathname.match(/^\/items\/events\/(\d+)$/) ?? [];
  return Number(id) >= FAILING_ITEM || (headers.get("cookie") ?? "").includes(FAILING_SESSION);
}

/** Answers for the boundless collection; `undefined` for others. */
function answerBoundless({ pathname, searchParams }: URL): Response | undefined {
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
    // The connection is closed already.
  }
}
