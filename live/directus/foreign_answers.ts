/**
 * Detecting that something other than Directus answers at its address.
 *
 * @module
 */

import { Deadline } from "../domain/deadline.ts";
import type { JsonResponse } from "./json_request.ts";

/** What the check needs. */
export interface ForeignAnswersOptions {
  /** Asks Directus for the user of a made-up token, which Directus always denies. */
  readonly ask: () => Promise<JsonResponse>;
  /** Monotonic clock, in milliseconds. */
  readonly now: () => number;
}

/** The shortest time between two questions, in milliseconds. */
const MIN_PAUSE_MS = 1_000;

/** How long a caller waits for the answer, in milliseconds: health checks give up after a second. */
const MAX_WAIT_MS = 500;

/**
 * Finds out whether something else answers at the address of Directus: another web server, the app of
 * Directus at `/admin`, a login page in front of it.
 *
 * An answer in a foreign form only raises a suspicion. Clients choose what they ask, and a firewall may
 * answer a single strange id. So {@linkcode ForeignAnswers.fault} asks its own question.
 */
export class ForeignAnswers {
  readonly #options: ForeignAnswersOptions;
  #isSuspected = false;
  /** What was wrong with the last answer; `undefined` if nothing was. */
  #fault: string | undefined;
  #asking: Promise<void> | undefined;
  #askedAt = -Infinity;

  /** Creates a check that suspects nothing. */
  constructor(options: ForeignAnswersOptions) {
    this.#options = options;
  }

  /** Records the answer to any call. */
  record(response: JsonResponse): void {
    const isForeign = faultOf(response) !== undefined;
    if (isForeign) this.#isSuspected = true;
    else if (response.kind !== "failed") this.#isSuspected = false;
  }

  /** Resolves to what shows that the last answer is not from Directus; to `undefined` if it is. */
  async fault(): Promise<string | undefined> {
    if (!this.#isSuspected) return undefined;
    const { now } = this.#options;
    if (this.#asking === undefined && now() - this.#askedAt >= MIN_PAUSE_MS) {
      this.#askedAt = now();
      this.#asking = this.#ask();
    }
    using deadline = new Deadline(MAX_WAIT_MS);
    await deadline.wait(this.#asking);
    return this.#isSuspected ? this.#fault : undefined;
  }

  async #ask(): Promise<void> {
    const response = await this.#options.ask();
    this.#asking = undefined;
    const fault = faultOf(response);
    // No answer changes nothing.
    if (fault !== undefined || response.kind !== "failed") this.#fault = fault;
  }
}

/** Returns why an answer cannot be from Directus; `undefined` if it can, or if there is none. */
function faultOf(response: JsonResponse): string | undefined {
  if (response.kind === "failed") {
    return response.cause === "foreign" ? response.reason : undefined;
  }
  if (response.kind !== "json") return undefined;
  const { json } = response;
  const hasData = typeof json === "object" && json !== null && "data" in json;
  return hasData ? undefined : "response has no data";
}
