/**
 * A log of refusals, for an operator.
 *
 * @module
 */

import { FrequentNames } from "./frequent_names.ts";
import type { LogFields, Logger } from "./logger.ts";

/** Why something was refused. */
export type RefusalReason =
  | "origin"
  | "cookie"
  | "session"
  | "capacity"
  | "user-limit"
  | "topic"
  | "view"
  | "token"
  | "host";

/** The line of each reason, and the field that holds the details, if it has any. */
const LINES: Readonly<Record<RefusalReason, readonly [message: string, field: string]>> = {
  origin: ["connections refused: the origin is not in LIVE_ALLOWED_ORIGINS", "origins"],
  cookie: ["connections refused: no session cookie or bearer token", "cookies"],
  session: ["connections refused: Directus rejects the session", ""],
  capacity: ["connections refused: LIVE_MAX_CONNECTIONS is reached", ""],
  "user-limit": ["connections refused: LIVE_MAX_CONNECTIONS_PER_USER is reached", ""],
  topic: ["subscriptions refused: Directus forbids the item", "topics"],
  view: ["subscriptions refused: Directus forbids the view", "collections"],
  token: ["operator calls refused: LIVE_PUBLISH_TOKEN is missing or wrong", "calls"],
  host: ["operator calls refused: the Host is not in OPS_ALLOWED_HOSTS", "hosts"],
};

/** All reasons. */
export const REFUSAL_REASONS = Object.keys(LINES) as readonly RefusalReason[];

/** Where refusals are noted. */
export interface Refusals {
  /**
   * Notes a refusal.
   *
   * @param details What was refused: names that help to find the mistake, never a secret.
   */
  note(reason: RefusalReason, ...details: readonly string[]): void;
}

/** What the log needs. */
export interface RefusalLogOptions {
  /** Writes the lines, at INFO. */
  readonly logger: Logger;
  /** Counts refusals by reason. */
  readonly metrics: { refused(reason: RefusalReason): void };
  /** Further fields of a reason's lines. @default {none} */
  readonly fields?: Partial<Record<RefusalReason, LogFields>>;
}

/** The time between two lines about one reason, in milliseconds. */
const INTERVAL_MS = 60_000;

/** Details in one line, and the length of each, in UTF-16 code units. */
const MAX_DETAILS = 5;
const MAX_DETAIL_LENGTH = 100;

/** Refusals for one reason that are not in the log yet. */
interface Pending {
  count: number;
  details: FrequentNames;
  timer: ReturnType<typeof setTimeout>;
}

/**
 * Logs the first refusal of a reason at once. After that, it logs one line a minute, with the number of
 * refusals and the most frequent details. So a wrong configuration shows at the first attempt, and an
 * attack costs one line a minute.
 *
 * `WarningThrottle` does not fit here: it drops repetitions, whose number and details matter to an
 * operator.
 */
export class RefusalLog implements Refusals {
  readonly #options: RefusalLogOptions;
  readonly #pending = new Map<RefusalReason, Pending>();
  #stopped = false;

  /** Creates a log without refusals. */
  constructor(options: RefusalLogOptions) {
    this.#options = options;
  }

  note(reason: RefusalReason, ...details: readonly string[]): void {
    this.#options.metrics.refused(reason);
    if (this.#stopped) return;
    const pending = this.#pending.get(reason) ?? this.#begin(reason);
    pending.count++;
    for (const detail of details) pending.details.add(detail.slice(0, MAX_DETAIL_LENGTH));
    if (!this.#pending.has(reason)) {
      this.#pending.set(reason, pending);
      this.#write(reason, pending);
    }
  }

  /** Logs all refusals that are not in the log yet. Later refusals are counted, but not logged. */
  stop(): void {
    this.#stopped = true;
    for (const [reason, pending] of this.#pending) {
      clearTimeout(pending.timer);
      if (pending.count > 0) this.#write(reason, pending);
    }
    this.#pending.clear();
  }

  #begin(reason: RefusalReason): Pending {
    return { count: 0, details: new FrequentNames(), timer: this.#later(reason) };
  }

  #later(reason: RefusalReason): ReturnType<typeof setTimeout> {
    return setTimeout(() => this.#minuteIsOver(reason), INTERVAL_MS);
  }

  #minuteIsOver(reason: RefusalReason): void {
    const pending = this.#pending.get(reason);
    if (pending === undefined) return;
    if (pending.count === 0) {
      this.#pending.delete(reason);
      return;
    }
    this.#write(reason, pending);
    pending.timer = this.#later(reason);
  }

  #write(reason: RefusalReason, pending: Pending): void {
    const [message, field] = LINES[reason];
    const { logger, fields } = this.#options;
    const details = field === "" ? {} : { [field]: pending.details.top(MAX_DETAILS) };
    logger.info(message, { count: pending.count, ...fields?.[reason], ...details });
    pending.count = 0;
    pending.details = new FrequentNames();
  }
}

/** Notes nothing, for servers without a log. */
export const silentRefusals: Refusals = { note() {} };
