/**
 * An ops listener for tests of the operator's calls.
 *
 * @module
 */

import type { Publication } from "../../live/domain/broker.ts";
import { createOpsServer, type OpsServerDeps } from "../../live/ops/ops_server.ts";
import { RecordingLogger } from "../support/recorders.ts";

/** The operator's token. */
export const TOKEN = "the-publish-token-of-the-tests";

/** An answer of the ops listener. */
export interface OpsAnswer {
  readonly status: number;
  readonly headers: Headers;
  // deno-lint-ignore no-explicit-any -- a test asserts its whole shape
  readonly json: any;
}

/** An ops listener that keeps what is published, with offsets that count it. */
export class OpsBench implements AsyncDisposable {
  /** What was published. */
  readonly published: Publication[] = [];
  /** What was logged. */
  readonly logger = new RecordingLogger();
  readonly #server;
  #port = 0;

  private constructor(deps: Partial<OpsServerDeps>) {
    this.#server = createOpsServer({
      host: "127.0.0.1",
      port: 0,
      publishToken: TOKEN,
      readiness: () => "ready",
      metrics: { contentType: "text/plain", text: () => Promise.resolve("") },
      publish: (publications) =>
        Promise.resolve(publications.map((publication) => ({
          topic: publication.topic,
          offset: this.published.push(publication),
          epoch: "e",
        }))),
      logger: this.logger,
      ...deps,
    });
  }

  /** Starts a listener; what it is made of may be given. */
  static async start(deps: Partial<OpsServerDeps> = {}): Promise<OpsBench> {
    const bench = new OpsBench(deps);
    bench.#port = (await bench.#server.start()).port;
    return bench;
  }

  /** Makes a call: text is sent as it is, all else as JSON. A header that is `null` is left out. */
  async post(
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string | null>> = {},
  ): Promise<OpsAnswer> {
    const all = {
      "authorization": `Bearer ${TOKEN}`,
      "content-type": "application/json",
      ...headers,
    };
    const sent = Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== null);
    const response = await fetch(`http://127.0.0.1:${this.#port}${path}`, {
      method: "POST",
      headers: sent,
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    return { status: response.status, headers: response.headers, json: await response.json() };
  }

  /** Stops it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop();
  }
}
