/**
 * The way of Flows' calls from Directus to the instances, on which some get lost.
 *
 * @module
 */

import { Queue } from "../../support/queue.ts";
import type { Random } from "../../support/random.ts";
import type { Served } from "../server_setup.ts";

/** Which part of the calls is lost: of those about items, and of those about rights. */
const LOST = { items: 0.15, rights: 0.05 } as const;

/** Takes the calls of Flows, and passes most of them on to one of the instances. */
export class FlowCalls implements AsyncDisposable {
  /** Whether the calls about rights arrived, in order. */
  readonly rights: Queue<boolean> = new Queue();
  /** How many calls arrived, and how many were lost. */
  readonly counts: { arrived: number; lost: number } = { arrived: 0, lost: 0 };
  readonly #random: Random;
  readonly #instances: readonly Pick<Served, "ops">[];
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => this.#pass(request),
  );

  /** Listens. */
  constructor(instances: readonly Pick<Served, "ops">[], random: Random) {
    this.#instances = instances;
    this.#random = random;
  }

  /** URL for the Flows. */
  get ops(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Stops. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #pass(request: Request): Promise<Response> {
    const body = await request.text();
    const isRight = String(JSON.parse(body).collection).startsWith("directus_");
    const isLost = this.#random.next() < LOST[isRight ? "rights" : "items"];
    this.counts[isLost ? "lost" : "arrived"]++;
    const response = isLost
      ? new Response(null, { status: 502 })
      : await this.#forward(request, body);
    if (isRight) this.rights.push(!isLost);
    return response;
  }

  async #forward({ headers, url }: Request, body: string): Promise<Response> {
    const { ops } = this.#random.of(this.#instances);
    const response = await fetch(new URL(new URL(url).pathname, ops), {
      method: "POST",
      headers: {
        "authorization": headers.get("authorization") ?? "",
        "content-type": headers.get("content-type") ?? "",
      },
      body,
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`A Flow's call got ${response.status}: ${text}`);
    return new Response(text);
  }
}
