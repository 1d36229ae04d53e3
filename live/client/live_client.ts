/**
 * The connection to the server, re-established whenever it breaks.
 *
 * @module
 */

import { LiveError } from "./error.ts";
import { onWake, type Page } from "./page.ts";
import { ABNORMAL, isTerminal, retryDelayMs, SESSION_ENDED } from "./retry.ts";
import { Topics } from "./topics.ts";
import type { ConnectOptions, Live, LiveState, SubscribeOptions, Subscription } from "./types.ts";
import type { ServerMessage } from "./wire.ts";

/** What the runtime provides. */
export interface Environment {
  /** The page's window; outside of browsers, the global object. */
  readonly page: Page;
  /** Returns a random number from 0 to 1. */
  readonly random: () => number;
}

/** How long the server may take to send `welcome`, in milliseconds: it asks Directus first. */
const WELCOME_TIMEOUT_MS = 20_000;

/** How long the server may take to answer a probe, in milliseconds. */
const PROBE_TIMEOUT_MS = 5_000;

/** A connection that was open for this long, in milliseconds, resets the backoff. */
const STABLE_MS = 5_000;

/** `WebSocket.OPEN`. */
const OPEN = 1;

/** Keeps one connection open, and the program's topics subscribed on it. */
export class LiveClient implements Live {
  readonly #url: string;
  readonly #options: ConnectOptions;
  readonly #random: () => number;
  readonly #topics: Topics;
  readonly #stopListening: () => void;
  #state: LiveState = { phase: "connecting" };
  #socket: WebSocket | undefined;
  /** The delay before the next attempt, or the timeout of an answer. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Starts the next attempt; set while the client waits for it. */
  #attempt: (() => void) | undefined;
  #attempts = 0;
  #openedAt = Infinity;
  #refreshed = false;

  /**
   * Starts to connect.
   *
   * @throws {TypeError} If the address is not a URL.
   */
  constructor(url: string, options: ConnectOptions, { page, random }: Environment) {
    const target = new URL(url);
    // Browsers cannot read the status of a refused upgrade, but they can read a close code.
    target.searchParams.set("reject", "close");
    this.#url = target.href;
    this.#options = options;
    this.#random = random;
    const send = (message: unknown) => this.#send(message);
    this.#topics = new Topics({ send, report: this.#report, random });
    this.#stopListening = onWake(page, (mayBeDead) => this.#wake(mayBeDead));
    this.#connect();
  }

  get state(): LiveState {
    return this.#state;
  }

  subscribe<T = unknown>(topic: string, options: SubscribeOptions<T> = {}): Subscription<T> {
    const subscriber = this.#topics.subscribe(topic, options);
    const state = this.#state;
    if (state.phase === "closed") {
      queueMicrotask(() => subscriber.end(new LiveError(state.code, state.reason)));
    }
    return subscriber as Subscription<T>;
  }

  retry(): void {
    this.#attempt?.();
  }

  close(): void {
    this.#end(1000, "closed by this program");
  }

  #connect(): void {
    try {
      const socket = this.#options.webSocket?.(this.#url) ?? new WebSocket(this.#url);
      this.#socket = socket;
      socket.onmessage = ({ data }) => {
        if (this.#socket === socket) this.#receive(data);
      };
      socket.onerror = () => {}; // the close event follows
      socket.onclose = ({ code, reason }) => {
        if (this.#socket === socket) this.#closed(code, reason);
      };
      this.#expectAnswer(WELCOME_TIMEOUT_MS);
      this.#setState({ phase: "connecting" });
    } catch (error) {
      // Later, when `connect()` has returned.
      queueMicrotask(() => this.#end(ABNORMAL, String(error), true));
    }
  }

  /** Gives the socket up unless something arrives in time. */
  #expectAnswer(timeoutMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const socket = this.#socket;
      this.#closed(ABNORMAL, "no answer");
      socket?.close();
    }, timeoutMs);
  }

  #receive(frame: string): void {
    clearTimeout(this.#timer);
    try {
      for (const message of [JSON.parse(frame)].flat()) this.#take(message);
    } catch (error) {
      this.#report(error);
    }
  }

  #take(message: ServerMessage): void {
    if (message.type !== "welcome") return this.#topics.take(message);
    this.#openedAt = Date.now();
    this.#setState({ phase: "open", welcome: message });
    this.#topics.open();
  }

  /** The socket is closed: reconnects, or ends. */
  #closed(code: number, reason: string): void {
    clearTimeout(this.#timer);
    this.#socket = undefined;
    this.#topics.pause();
    if (Date.now() - this.#openedAt >= STABLE_MS) {
      this.#attempts = 0;
      this.#refreshed = false;
    }
    this.#openedAt = Infinity;
    if (isTerminal(code) || (code === SESSION_ENDED && this.#refreshed)) {
      this.#end(code, reason, true);
    } else if (code === SESSION_ENDED) {
      this.#refresh(reason);
    } else {
      this.#wait(code || ABNORMAL, reason, () => this.#connect());
    }
  }

  /** Reconnects with a fresh cookie, if the program can get one. */
  async #refresh(reason: string): Promise<void> {
    this.#refreshed = true;
    this.#setState({ phase: "connecting" });
    try {
      const fresh = await this.#options.refresh?.();
      if (this.#state.phase === "closed") return;
      if (fresh === false) this.#end(SESSION_ENDED, reason, true);
      else this.#connect();
    } catch (error) {
      this.#report(error);
      if (this.#state.phase === "closed") return;
      this.#wait(SESSION_ENDED, reason, () => this.#refresh(reason));
    }
  }

  #wait(code: number, reason: string, attempt: () => void): void {
    const delayMs = retryDelayMs(reason, this.#attempts++, this.#random);
    this.#attempt = () => {
      clearTimeout(this.#timer);
      this.#attempt = undefined;
      attempt();
    };
    this.#timer = setTimeout(this.#attempt, delayMs);
    const retryAt = Date.now() + delayMs;
    this.#setState({ phase: "waiting", reason: reason || "connection lost", code, retryAt });
  }

  /** Closes permanently. A failure ends the subscriptions with an error. */
  #end(code: number, reason: string, isFailure = false): void {
    if (this.#state.phase === "closed") return;
    clearTimeout(this.#timer);
    this.#attempt = undefined;
    this.#stopListening();
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close(1000);
    this.#setState({ phase: "closed", reason, code });
    this.#topics.end(isFailure ? new LiveError(code, reason) : undefined);
  }

  /** Reconnects at once, or probes an open connection that may be dead. */
  #wake(mayBeDead: boolean): void {
    this.retry();
    if (!mayBeDead || this.#state.phase !== "open") return;
    this.#send({ type: "unsubscribe", topic: "" }); // changes nothing, but the server answers
    this.#expectAnswer(PROBE_TIMEOUT_MS);
  }

  #send(message: unknown): void {
    if (this.#socket?.readyState === OPEN) this.#socket.send(JSON.stringify(message));
  }

  #setState(state: LiveState): void {
    const hasChanged = state.phase !== this.#state.phase;
    this.#state = state;
    try {
      if (hasChanged) this.#options.onState?.(state);
    } catch (error) {
      this.#report(error);
    }
  }

  /** Reports what a handler threw: later, so that it interrupts nothing here. */
  readonly #report = (error: unknown): void => {
    queueMicrotask(() => {
      if (this.#options.onError === undefined) throw error; // an uncaught error
      this.#options.onError(error);
    });
  };
}
