/**
 * A server in a separate process with many clients, for the status page. Its Directus accepts every user
 * and allows everything.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { LightClient, upgradeRequest } from "../hostile/light_client.ts";
import { ServerProcess } from "../support/process.ts";

/** The operator's token. */
export const TOKEN = "the-publish-token-of-the-status-page";

/** How many clients connect concurrently. */
const AT_ONCE = 50;

const NAMES = ["Ada Lovelace", "Grace Hopper", "Alan Turing", "Mary Jackson", "Edsger Dijkstra"];

/** Answers as Directus does: the cookie's value is the user's id, and every item may be read. */
function answer(request: Request): Response {
  const { pathname, searchParams } = new URL(request.url);
  const id = /=([^;]+)/.exec(request.headers.get("cookie") ?? "")?.[1];
  if (id === undefined) {
    const extensions = { code: "INVALID_CREDENTIALS" };
    return Response.json({ errors: [{ message: "no", extensions }] }, { status: 401 });
  }
  if (pathname === "/users/me") {
    const [first_name, last_name] = (NAMES[Number(id.slice(1)) % NAMES.length] ?? "").split(" ");
    return Response.json({
      data: { id, email: `${id}@example.com`, role: null, first_name, last_name },
    });
  }
  const [, , , item] = pathname.split("/");
  if (item !== undefined) return Response.json({ data: { id: decodeURIComponent(item) } });
  const ids = searchParams.get("filter[id][_in]")?.split(",") ?? [];
  return Response.json({ data: ids.map((id) => ({ id })) });
}

/** A server with clients. */
export class CrowdedServer implements AsyncDisposable {
  /** Where the live listener is. */
  readonly live: number;
  /** Where the ops listener is. */
  readonly ops: number;
  /** The process. */
  readonly process: ServerProcess;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    process: ServerProcess,
    live: number,
    ops: number,
    stack: AsyncDisposableStack,
  ) {
    this.process = process;
    this.live = live;
    this.ops = ops;
    this.#stack = stack;
  }

  /** Starts a server. */
  static async start(env: Readonly<Record<string, string>> = {}): Promise<CrowdedServer> {
    await using stack = new AsyncDisposableStack();
    const directus = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answer);
    stack.defer(() => directus.shutdown());
    const process = stack.use(
      await ServerProcess.spawn({
        DIRECTUS_BASE_URL: `http://127.0.0.1:${directus.addr.port}`,
        LIVE_PUBLISH_TOKEN: TOKEN,
        LIVE_TOPICS: "event=events",
        LIVE_WS_PING_INTERVAL_MS: "600000", // these clients answer no pings
        INSTANCE_ID: "berlin-1",
        ...env,
      }),
    );
    const { live, ops } = await process.ports();
    return new CrowdedServer(process, live, ops, stack.move());
  }

  /** Address of the page. */
  get url(): string {
    return `http://127.0.0.1:${this.ops}/`;
  }

  /** Connects clients that read everything. Client n is the user `u<n>`. */
  async connect(count: number, topicOf: (n: number) => string): Promise<void> {
    for (let start = 0; start < count; start += AT_ONCE) {
      const size = Math.min(AT_ONCE, count - start);
      await Promise.all(Array.from({ length: size }, (_, i) => this.#client(start + i, topicOf)));
    }
  }

  /** Publishes. */
  async publish(publications: readonly unknown[]): Promise<void> {
    const response = await fetch(`${this.url}publish`, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify(publications),
    });
    await response.body?.cancel();
    assertEquals(response.status, 200);
  }

  /** Reads the status. */
  // deno-lint-ignore no-explicit-any -- a test asserts parts of it
  async status(query = ""): Promise<any> {
    const headers = { authorization: `Bearer ${TOKEN}` };
    return await (await fetch(`${this.url}status${query}`, { headers })).json();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  async #client(n: number, topicOf: (n: number) => string): Promise<void> {
    const request = upgradeRequest(`directus_session_token=u${n}`);
    const client = await LightClient.subscribe(this.live, request, topicOf(n));
    this.#stack.use(client);
    drain(client);
  }
}

/** Reads everything, until the connection ends. */
async function drain(client: LightClient): Promise<void> {
  const buffer = new Uint8Array(4_096);
  try {
    while (await client.readInto(buffer) !== null);
  } catch {
    // The test is over.
  }
}
