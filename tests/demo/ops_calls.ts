/**
 * Calls of the ops listener, for what the demo publishes and reports.
 *
 * @module
 */

/** Options of `OpsCalls`. */
export interface OpsCallsOptions {
  /** Address of the route. */
  url: string;
  /** Bearer of the calls. */
  token: string;
  /**
   * Sends a call.
   *
   * @default {fetch}
   */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** Called with the first of consecutive errors. */
  onFault?: (message: string) => void;
}

/** Makes one call at a time, so that calls do not pile up at a slow server. */
export class OpsCalls {
  readonly #options: OpsCallsOptions;
  readonly #stopping = new AbortController();
  #call: Promise<void> | undefined;
  #isFailing = false;

  /** Creates it; nothing is in flight. */
  constructor(options: OpsCallsOptions) {
    this.#options = options;
  }

  /** Whether a call is in flight. */
  get isBusy(): boolean {
    return this.#call !== undefined;
  }

  /** Starts a call, with `onDone` called if it succeeds. */
  start(body: unknown, onDone: () => void = () => {}): void {
    this.#call = this.#send(body, onDone).finally(() => this.#call = undefined);
  }

  /** Resolves when no call is in flight. */
  async settled(): Promise<void> {
    await this.#call;
  }

  /** Aborts the call in flight. Resolves when there is none. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#call;
  }

  async #send(body: unknown, onDone: () => void): Promise<void> {
    const { url, token, fetch: send = fetch, onFault } = this.#options;
    const { signal } = this.#stopping;
    try {
      const response = await send(url, {
        method: "POST",
        headers: { "authorization": `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify(body),
        signal,
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${response.status} ${text.slice(0, 200)}`);
      onDone();
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing && !signal.aborted) {
        onFault?.(error instanceof Error ? error.message : String(error));
      }
      this.#isFailing = true;
    }
  }
}
