/**
 * An ops listener in front of a server that only records.
 *
 * @module
 */

import { Publication } from "../../live/domain/publication.ts";
import type { Change } from "../../live/domain/view_source.ts";
import type { OperatedServer } from "../../live/ops/ops_options.ts";
import {
  createOpsServer,
  type OpsServer,
  type OpsServerOptions,
} from "../../live/ops/ops_server.ts";
import { RecordingLogger } from "../support/recording_logger.ts";

/** The operator's token. */
export const TOKEN = "the-publish-token-of-the-tests";

/** The largest body, in bytes. */
export const MIB = 1_048_576;

/** Headers of a valid call. */
export const CALL_HEADERS: Readonly<Record<string, string>> = {
  "authorization": `Bearer ${TOKEN}`,
  "content-type": "application/json",
};

/** An answer of the ops listener. */
export interface OpsAnswer {
  /** The status code. */
  readonly status: number;
  /** The headers. */
  readonly headers: Headers;
  /** The body as text. */
  readonly text: string;
  /** The body as JSON; `undefined` if it is empty. */
  // deno-lint-ignore no-explicit-any -- a test asserts its whole shape
  readonly json: any;
}

/** How the listener and its server differ from the usual. */
export type OpsSetup = Partial<OperatedServer> & Partial<Omit<OpsServerOptions, "server">>;

/** An ops listener whose server is ready and counts publications as offsets. */
export class Ops implements AsyncDisposable {
  /** What was published, as plain objects. */
  readonly published: Pick<Publication, "topic" | "key" | "json">[] = [];
  /** The changes in Directus that were reported. */
  readonly changes: Change[] = [];
  /** What was logged. */
  readonly logger = new RecordingLogger();
  /** The listener. */
  readonly server: OpsServer;
  #port = 0;

  private constructor(setup: OpsSetup) {
    const {
      readiness = "ready",
      trouble,
      partialTrouble,
      strain,
      revoke,
      status,
      content,
      ...options
    } = setup;
    const keep: OperatedServer["publish"] = (publications) =>
      Promise.resolve(publications.map(({ topic, key, json }) => ({
        topic,
        offset: this.published.push({ topic, key, json }),
        epoch: "e",
      })));
    const publish = setup.publish ?? keep;
    const changed: OperatedServer["changed"] = (change, publications) => {
      this.changes.push(change);
      return publish(publications.map((publication) => Publication.from(publication)));
    };
    this.server = createOpsServer({
      host: "127.0.0.1",
      port: 0,
      publishToken: TOKEN,
      metrics: { contentType: "text/plain", text: () => Promise.resolve("") },
      logger: this.logger,
      ...options,
      server: {
        readiness,
        trouble,
        partialTrouble,
        strain,
        publish,
        changed,
        revoke,
        status,
        content,
      },
    });
  }

  /** Starts a listener. */
  static async start(setup: OpsSetup = {}): Promise<Ops> {
    const ops = new Ops(setup);
    ops.#port = (await ops.server.start()).port;
    return ops;
  }

  /** Port of the listener. */
  get port(): number {
    return this.#port;
  }

  /** Sends a request. */
  async fetch(path: string, init: RequestInit = {}): Promise<OpsAnswer> {
    const response = await fetch(`http://127.0.0.1:${this.#port}${path}`, init);
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json");
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: isJson && text !== "" ? JSON.parse(text) : undefined,
    };
  }

  /**
   * Makes a call of the operator. Text and bytes are sent unchanged, everything else as JSON. A header
   * that is `null` is left out.
   */
  async post(
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string | null>> = {},
  ): Promise<OpsAnswer> {
    const sent = Object.entries<string | null>({ ...CALL_HEADERS, ...headers })
      .filter((pair): pair is [string, string] => pair[1] !== null);
    const isRaw = typeof body === "string" || body instanceof Uint8Array;
    return await this.fetch(path, {
      method: "POST",
      headers: sent,
      body: isRaw ? body as BodyInit : JSON.stringify(body),
    });
  }

  /** Stops the listener. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop();
  }
}
