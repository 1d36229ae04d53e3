/**
 * The feed of changes in Directus: a topic that every instance reads.
 *
 * @module
 */

import { z } from "zod";
import { BrokerUnavailable, type LoggedPublication } from "../domain/broker.ts";
import type { Logger } from "../domain/logger.ts";
import { Publication } from "../domain/publication.ts";
import type { Change } from "../domain/view_source.ts";
import type { LogName, Wire } from "../domain/wire.ts";
import type { Hub } from "../hub/hub.ts";
import type { Subscriber } from "../hub/subscriber.ts";

/** The topic that carries changes. Its id is reserved: neither publishers nor clients can use it. */
const TOPIC = "changes:*";

/** Delay before subscribing again if the broker cannot be used, in milliseconds. */
const RETRY_MS = 1_000;

const change = z.object({
  collection: z.string(),
  event: z.enum(["create", "update", "delete"]).optional(),
  keys: z.array(z.string()).optional(),
});

/** What a change feed needs. */
export interface ChangeFeedOptions {
  /** Knows topics. */
  readonly hub: Hub;
  /** Called with each change, or without one if changes may have been missed. */
  readonly onChange: (change?: Change) => void;
  /** Logs changes that cannot be read. */
  readonly logger: Logger;
}

/** Returns the publication that tells all instances of a change. */
export function changePublication(change: Change): Publication {
  return Publication.internal(TOPIC, change);
}

/**
 * Reads the topic of changes as a subscriber whose wire calls `onChange` and sends nothing. The topic has a
 * log like any other, so nothing is lost while Redis cannot be reached. If it cannot catch up, it reports
 * that changes may have been missed.
 */
export class ChangeFeed implements Subscriber, Wire {
  readonly wire: Wire = this;
  readonly hasRoom = true;
  readonly isInternal = true;
  readonly #options: ChangeFeedOptions;
  #ended = false;
  #retry: ReturnType<typeof setTimeout> | undefined;

  /** Creates a feed that reads nothing before {@linkcode start}. */
  constructor(options: ChangeFeedOptions) {
    this.#options = options;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Starts to read changes from now on. */
  async start(): Promise<void> {
    if (this.#ended) return;
    try {
      await this.#options.hub.subscribe(this, TOPIC, { onStart: () => this.#options.onChange() });
    } catch (error) {
      if (!(error instanceof BrokerUnavailable)) throw error;
      if (!this.#ended) this.#retry = setTimeout(() => this.start(), RETRY_MS);
    }
  }

  /** Stops to read. */
  stop(): void {
    this.#ended = true;
    clearTimeout(this.#retry);
    this.#options.hub.unsubscribe(this, TOPIC);
  }

  answer(): string {
    this.#options.onChange(); // the log has begun a new life, so changes may have been missed
    return "";
  }

  publication(_log: LogName, { json = "" }: LoggedPublication, skipped: number): string {
    const { onChange, logger } = this.#options;
    if (skipped > 0) onChange();
    const parsed = change.safeParse(JSON.parse(json));
    if (parsed.success) onChange(parsed.data);
    else logger.warn("change could not be read", { topic: TOPIC });
    return "";
  }

  frame(): string {
    return "";
  }

  deliver(): boolean {
    return true;
  }
}
