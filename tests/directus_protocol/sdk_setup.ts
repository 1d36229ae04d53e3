/**
 * Directus's SDK, unmodified, with sockets that behave like a browser's.
 *
 * @module
 */

import { createDirectus, realtime, staticToken } from "@directus/sdk";
import type { Message } from "../support/client.ts";
import { Queue } from "../support/queue.ts";
import type { Task } from "./setup.ts";

/** How an app is written. */
export interface SdkAppOptions {
  /** The server. */
  readonly url: string;
  /** Token that the SDK has. */
  readonly token?: string;
  /** Cookie that the browser has. */
  readonly cookie?: string;
  /** How the SDK authenticates. @default {"handshake"} */
  readonly authMode?: "public" | "handshake";
  /** Whether the SDK reconnects. @default {true} */
  readonly reconnects?: boolean;
}

/** An app with one client of the SDK, and what its sockets sent and received. */
export class SdkApp implements AsyncDisposable {
  /** Each message that arrived, and `{ type: "closed" }` for each end. */
  readonly received = new Queue<Message>();
  /** Each message that the SDK sent. */
  readonly sent: Message[] = [];
  /** What the SDK logged. */
  readonly log: string[] = [];
  /** Called before a socket connects. */
  onConnecting: () => Promise<void> = () => Promise.resolve();
  /** The client. */
  readonly client: ReturnType<typeof createClient>;
  readonly #open = new Set<PacedSocket>();

  /** Creates the client, which does not connect yet. */
  constructor(options: SdkAppOptions) {
    const { received, sent, log } = this;
    const open = this.#open;
    const connecting = () => this.onConnecting();
    const headers = options.cookie === undefined ? {} : { cookie: options.cookie };
    this.client = createClient(
      options,
      log,
      class extends PacedSocket {
        constructor(url: string) {
          super(url, headers, connecting);
          open.add(this);
          this.addEventListener("message", (event) => {
            if (event instanceof MessageEvent) received.push(JSON.parse(event.data));
          });
          this.addEventListener("close", () => {
            open.delete(this);
            received.push({ type: "closed" });
          });
        }

        override send(data: string): void {
          sent.push(JSON.parse(data));
          super.send(data);
        }
      },
    );
  }

  /** Disconnects, and waits for the end. */
  async [Symbol.asyncDispose](): Promise<void> {
    const ends = [...this.#open].map((socket) => socket.closed);
    this.client.disconnect();
    await Promise.all(ends);
  }
}

function createClient(
  { url, token, authMode = "handshake", reconnects = true }: SdkAppOptions,
  log: string[],
  socket: new (url: string) => PacedSocket,
) {
  const note = (...texts: unknown[]) => log.push(texts.join(" "));
  const base = createDirectus<{ tasks: Task[] }>("http://directus.invalid", {
    globals: { WebSocket: socket, logger: { log: note, info: note, warn: note, error: note } },
  });
  const client = token === undefined ? base : base.with(staticToken(token));
  return client.with(
    realtime({ url, authMode, debug: true, ...(reconnects ? {} : { reconnect: false }) }),
  );
}

/**
 * A WebSocket that fires each event in a separate task, as a browser does. The SDK adds a new listener for
 * each message, and in Deno it loses messages that arrive together.
 */
class PacedSocket extends EventTarget {
  /** Resolves once the SDK knows of the end. */
  readonly closed: Promise<void>;
  #socket: WebSocket | undefined;
  #events: Promise<void> = Promise.resolve();

  constructor(url: string, headers: HeadersInit, connecting: () => Promise<void>) {
    super();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    connecting().then(() => {
      const socket = this.#socket = new WebSocket(url, { headers });
      socket.onopen = () => this.#fire(new Event("open"));
      socket.onerror = () => this.#fire(new Event("error"));
      socket.onmessage = ({ data }) => this.#fire(new MessageEvent("message", { data }));
      socket.onclose = ({ code }) => {
        this.#fire(new CloseEvent("close", { code }));
        this.#events.then(resolve);
      };
    });
  }

  get readyState(): number {
    return this.#socket?.readyState ?? WebSocket.CONNECTING;
  }

  send(data: string): void {
    this.#socket?.send(data);
  }

  close(code?: number, reason?: string): void {
    this.#socket?.close(code, reason);
  }

  #fire(event: Event): void {
    this.#events = this.#events.then(async () => {
      this.dispatchEvent(event);
      await new Promise((done) => setTimeout(done));
    });
  }
}
