/**
 * Changes in Directus, from the bus that it has in its own Redis.
 *
 * Directus does not document this bus. Its instances use it to tell each other what to send over their
 * WebSockets. A test with a real Directus fails if a newer version changes it.
 *
 * @module
 */

import { gunzipSync } from "node:zlib";
import { z } from "zod";
import type { Logger } from "../domain/logger.ts";
import { silentMetrics } from "../domain/metrics.ts";
import type { Change } from "../domain/view_source.ts";
import { createLink } from "./create_link.ts";
import type { Link } from "./link.ts";

/** What the bus needs. */
export interface DirectusBusOptions {
  /** The Redis that Directus uses. */
  readonly url: string;
  /** Called with each change, or without one if changes may have been missed. */
  readonly onChange: (change?: Change) => void;
  /** Logs messages that cannot be read. */
  readonly logger: Logger;
}

/** The channel, with the default of Directus's `REDIS_BUS_NAMESPACE`. */
const CHANNEL = "directus:bus:websocket.event";

/** First bytes of a gzip member (RFC 1952, section 2.3.1): Directus compresses from 1,000 bytes on. */
const GZIP = [0x1f, 0x8b];

/**
 * The largest message, in bytes; it bounds what gzip expands to. A larger message counts as a change of
 * everything.
 */
const MAX_BYTES = 16_777_216;

/**
 * A key as the database holds it. Directus passes keys on as the caller typed them, and accepts `01` for
 * the integer 1, or a UUID in capitals. Such a key does not say which item is meant.
 */
const STORED_KEY = /^(?!0\d+$)[a-z\d-]+$/;

const key = z.union([z.string(), z.number().transform(String)]);

/** A message of the bus. A creation has one `key`, the other actions have `keys`. */
const message = z.object({
  collection: z.string(),
  action: z.enum(["create", "update", "delete"]),
  key: key.optional(),
  keys: z.array(key).optional(),
});

/**
 * Reads the bus. Redis stores none of its messages, so after each new connection anything may have
 * changed. Every instance reads the bus itself.
 */
export class DirectusBus {
  readonly #options: DirectusBusOptions;
  readonly #link: Link;

  /** Creates a bus that connects once it is started. */
  constructor(options: DirectusBusOptions) {
    this.#options = options;
    this.#link = createLink(options.url, { ...options, metrics: silentMetrics });
    this.#link.onUp(async ({ channels }) => {
      await channels.subscribeBytes(CHANNEL, (bytes) => this.#receive(bytes));
      options.onChange();
    });
  }

  /** Starts to connect. */
  start(): void {
    this.#link.start();
  }

  /** Disconnects; resolves once nothing is left open. */
  async stop(): Promise<void> {
    await this.#link.stop();
  }

  #receive(bytes: Uint8Array): void {
    const { onChange, logger } = this.#options;
    try {
      onChange(readChange(bytes));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      logger.warn("change on the bus of Directus could not be read", { reason });
      onChange();
    }
  }
}

/**
 * Reads a message of the bus.
 *
 * @throws {Error} If it is not one.
 */
export function readChange(bytes: Uint8Array): Change {
  const isPacked = GZIP.every((byte, index) => bytes[index] === byte);
  const text = new TextDecoder().decode(
    isPacked ? gunzipSync(bytes, { maxOutputLength: MAX_BYTES }) : bytes,
  );
  const { collection, action: event, key, keys } = message.parse(JSON.parse(text));
  const all = keys ?? (key === undefined ? [] : [key]);
  const areKnown = all.length > 0 && all.every((key) => STORED_KEY.test(key));
  return { collection, event, keys: areKnown ? all : undefined };
}
