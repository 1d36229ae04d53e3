/**
 * What an example app needs: a stand-in for Directus, the live server as a process, and a server of
 * the built page.
 *
 * @module
 */

import { assert } from "@std/assert";
import { createDirectusStandIn, type DirectusStandIn } from "../../directus/stand_in.ts";
import { Database } from "../../directus/stand_in/database.ts";
import { ServerProcess } from "../../support/process.ts";

/** The user of the page. */
const USER = { id: "ada-id", email: "ada@example.com", password: "demo" };

const TOKEN = "the-publish-token-of-the-tests";

/** The types of a page's files. */
const TYPES: Readonly<Record<string, string>> = {
  css: "text/css",
  html: "text/html; charset=utf-8",
  js: "text/javascript",
};

/** The surroundings of an app. */
export class World implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly #directus: DirectusStandIn;
  readonly #database: Database;
  #url = "";
  #server: ServerProcess | undefined;
  #ports = { live: 0, ops: 0 };
  /** While this is pending, Directus answers no request. */
  #held: Promise<void> | undefined;

  private constructor() {
    this.#database = new Database();
    this.#database.create("entries", ["id", "title", "status"], [
      { id: 1, title: "Ada", status: "ready" },
      { id: 2, title: "Grace", status: "ready" },
    ]);
    const { rights } = this.#database;
    rights.policies.push({ id: "all" });
    rights.access.push({ policy: "all", role: null, user: USER.id });
    rights.permissions.push({
      id: 1,
      policy: "all",
      collection: "entries",
      fields: ["*"],
      permissions: {},
    });
    this.#directus = createDirectusStandIn({
      users: [USER],
      database: this.#database,
      collections: [{ name: "events", items: [{ id: 1 }, { id: 2 }], readers: [USER.id] }],
    });
  }

  /** Starts Directus and the live server. */
  static async start(): Promise<World> {
    const world = new World();
    world.#url = serve(world.#stack, async (request) => {
      await world.#held;
      return await world.#directus.handle(request);
    });
    await world.#spawn();
    return world;
  }

  /** Serves a built page, perhaps with content that a server has rendered. Returns its address. */
  servePage(stack: AsyncDisposableStack, folder: string, content = ""): string {
    const { cookie } = this;
    const url = serve(stack, async (request) => {
      const { pathname } = new URL(request.url);
      const path = pathname === "/" ? "/index.html" : pathname;
      const type = TYPES[path.replace(/^.*\./, "")];
      if (type === undefined || path.includes("..")) return new Response(null, { status: 404 });
      const file = await Deno.readTextFile(folder + path);
      return new Response(file.replace("<!--app-->", () => content), {
        headers: { "content-type": type, "set-cookie": cookie },
      });
    });
    return this.pageOf(url);
  }

  /** Returns the address of a page that connects to the live server. */
  pageOf(url: string): string {
    return `${url}/?live=${encodeURIComponent(`ws://127.0.0.1:${this.#ports.live}`)}`;
  }

  /** The cookie of the page's user. */
  get cookie(): string {
    return this.#directus.session(USER.email);
  }

  /** Publishes positions of cars, each with a key. */
  async publish(topic: string, ...positions: (readonly [car: string, x: number])[]): Promise<void> {
    await this.#post("/publish", positions.map(([key, x]) => ({ topic, key, data: { x } })));
  }

  /** Changes the title of an entry, as a user of Directus does. */
  async rename(id: number, title: string): Promise<void> {
    const rows = this.#database.tables.get("entries")?.rows;
    rows?.set(id, { id, title, status: "ready" });
    await this.#post("/directus", {
      event: "entries.items.update",
      collection: "entries",
      keys: [String(id)],
      payload: { title },
    });
  }

  /** Stops the live server and starts another one at the same address. */
  async restart(): Promise<void> {
    this.#server?.kill("SIGTERM");
    await this.#server?.ended;
    await this.#spawn();
  }

  /** Stops Directus from answering until the returned function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    this.#stack.defer(resolve);
    return resolve;
  }

  /** Resolves to how many connections the server has, once it has as many as are expected. */
  async connections(expected: number): Promise<number> {
    let count = -1;
    for (let attempt = 0; attempt < 500 && count !== expected; attempt++) {
      const response = await fetch(`http://127.0.0.1:${this.#ports.ops}/metrics`);
      const [, value] = /^processor_live_connections(?:\{.*\})? (\d+)$/m
        .exec(await response.text()) ?? [];
      count = Number(value);
    }
    return count;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  async #spawn(): Promise<void> {
    this.#server = this.#stack.use(
      await ServerProcess.spawn({
        DIRECTUS_BASE_URL: this.#url,
        LIVE_ALLOWED_ORIGINS: "*",
        LIVE_PUBLISH_TOKEN: TOKEN,
        LIVE_TOPICS: "event=events",
        LIVE_WS_PORT: String(this.#ports.live),
      }),
    );
    this.#ports = await this.#server.ports();
  }

  async #post(path: string, body: unknown): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${this.#ports.ops}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    assert(response.ok, text);
  }
}

/** Serves requests on loopback until a stack is disposed. Returns the address. */
function serve(
  stack: AsyncDisposableStack,
  handle: (request: Request) => Promise<Response>,
): string {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handle);
  stack.defer(() => server.shutdown());
  return `http://127.0.0.1:${server.addr.port}`;
}
