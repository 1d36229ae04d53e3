/**
 * A connection to Live like that of a page.
 *
 * @module
 */

import { z } from "zod";
import type { CommandContext } from "../terminal/command.ts";
import { parseJson } from "../setup/http_call.ts";

/** The next event on a connection: a message, its end, or a timeout. */
export type Next =
  | { readonly kind: "message"; readonly message: Message }
  | { readonly kind: "closed"; readonly code: number; readonly reason: string }
  | { readonly kind: "silent" };

/** The fields of a server's message that the checks use. */
export type Message = z.infer<typeof message>;

const message = z.looseObject({
  type: z.string(),
  topic: z.string().optional(),
  key: z.string().nullish(),
  code: z.string().optional(),
});

const frame = z.union([z.array(message), message.transform((message) => [message])]);

/** How long the server may take for each message, in milliseconds. */
const TIMEOUT_MS = 10_000;

/** A connection whose messages are read one after the other. */
export class LiveConnection implements Disposable {
  readonly #socket: WebSocket;
  readonly #events: Next[] = [];
  #waiting: PromiseWithResolvers<Next> | undefined;

  /** Connects. If the server refuses, {@linkcode LiveConnection.next} returns the refusal. */
  constructor(
    openSocket: CommandContext["openSocket"],
    url: URL,
    headers: Readonly<Record<string, string>>,
  ) {
    const target = new URL(url);
    target.searchParams.set("reject", "close"); // a refusal comes as a close code, not as 1006
    this.#socket = openSocket(target.href, headers);
    this.#socket.onmessage = ({ data }) => {
      for (const message of frame.safeParse(parseJson(String(data))).data ?? []) {
        this.#push({ kind: "message", message });
      }
    };
    this.#socket.onerror = () => {}; // the close event follows
    this.#socket.onclose = ({ code, reason }) => this.#push({ kind: "closed", code, reason });
  }

  /** Sends a message. */
  send(message: unknown): void {
    this.#socket.send(JSON.stringify(message));
  }

  /** Resolves to the next event. */
  async next(): Promise<Next> {
    const event = this.#events.shift();
    if (event !== undefined) return event;
    const waiting = this.#waiting = Promise.withResolvers<Next>();
    const timer = setTimeout(() => waiting.resolve({ kind: "silent" }), TIMEOUT_MS);
    try {
      return await waiting.promise;
    } finally {
      clearTimeout(timer);
      this.#waiting = undefined;
    }
  }

  /** Resolves to the next message for which `passes` is true, or to the end of the connection. */
  async find(passes: (message: Message) => boolean): Promise<Next> {
    for (;;) {
      const next = await this.next();
      if (next.kind !== "message" || passes(next.message)) return next;
    }
  }

  /** Closes the connection. */
  [Symbol.dispose](): void {
    this.#socket.close();
  }

  #push(event: Next): void {
    if (this.#waiting === undefined) this.#events.push(event);
    else this.#waiting.resolve(event);
  }
}
