/**
 * The connection to the server, re-established whenever it breaks.
 *
 * @module
 */

import { LiveError } from "./error.ts";
import { onWake, type Page } from "./page.ts";
import { Renewal } from "./renewal.ts";
import { ABNORMAL, isTerminal, NO_SESSION, retryDelayMs, SESSION_ENDED } from "./retry.ts";
import { Topics } from "./topics.ts";
import type {
  AnyPayloads,
  ConnectOptions,
  Live,
  LiveState,
  SubscribeOptions,
  Subscription,
} from "./types.ts";
import { ViewList } from "./view_list.ts";
import type { AnySchema, View, ViewOptions } from "./view_types.ts";
import { Watchdog } from "./watchdog.ts";
import type { ServerMessage, Target } from "./wire.ts";

/** What the runtime provides. */
export interface Environment {
  /** The page's window; outside of browsers, the global object. */
  readonly page: Page;
  /** Returns a random number from 0 to 1. */
  readonly random: () => number;
}

/** How long the server may take to send `welcome`, in milliseconds. It has to ask Directus first. */
const WELCOME_TIMEOUT_MS = 20_000;

/** A message that every server answers. Versions that do not know it answer with an error. */
const PROBE = { type: "ping", id: "ping" };

/** A connection that was open for this long, in milliseconds, resets the backoff. */
const STABLE_MS = 5_000;

/** `WebSocket.OPEN`. */
const OPEN = 1;

/** Keeps one connection open, and the program's topics subscribed on it. */
export class LiveClient<Schema = AnySchema, Payloads = AnyPayloads>
  implements Live<Schema, Payloads> {
  readonly #url: string;
  readonly #options: ConnectOptions;
  readonly #random: () => number;
  readonly #topics: Topics;
  readonly #renewal: Renewal;
  readonly #watchdog: Watchdog;
  readonly #stopListening: () => void;
  #state: LiveState = { phase: "connecting" };
  #socket: WebSocket | undefined;
  /** The delay before the next attempt. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Starts the next attempt; set while the client waits for it. */
  #attempt: (() => void) | undefined;
  #attempts = 0;
  #openedAt = Infinity;

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
    this.#renewal = new Renewal(options.refresh?.bind(options), page.navigator?.locks);
    this.#watchdog = new Watchdog({ probe: () => send(PROBE), onSilence: this.#giveUp, random });
    this.#stopListening = onWake(page, (mayBeDead) => this.#wake(mayBeDead));
    this.#connect();
  }

  get state(): LiveState {
    return this.#state;
  }

  subscribe<T = unknown>(topic: string, options: SubscribeOptions<T> = {}): Subscription<T> {
    return this.#subscribe({ topic }, topic, options) as Subscription<T>;
  }

  view<Row>(collection: string, query: object = {}, options: ViewOptions<Row> = {}): View<Row> {
    const target = { view: { collection, query } };
    return new ViewList(options as ViewOptions, {
      subscribe: (handlers) => this.#subscribe(target, `view of ${collection}`, handlers),
      report: this.#report,
    }) as View<Row>;
  }

  retry(): void {
    this.#attempt?.();
  }

  close(): void {
    this.#end(1000, "closed by this program");
  }

  #subscribe(target: Target, label: string, options: SubscribeOptions): Subscription {
    const subscriber = this.#topics.subscribe(target, label, options);
    const state = this.#state;
    if (state.phase === "closed") {
      queueMicrotask(() => subscriber.end(new LiveError(state.code, state.reason)));
    }
    return subscriber;
  }

  #connect(): void {
    try {
      const socket = this.#options.webSocket?.(this.#url) ?? new WebSocket(this.#url);
      this.#socket = socket;
      socket.onmessage = ({ data }) => {
        if (this.#socket === socket) this.#receive(data);
      };
      socket.onerror = () => {
        // A close event follows, except in Node.js 22 after a failed attempt.
        if (this.#socket === socket && this.#openedAt === Infinity) this.#closed(ABNORMAL, "");
      };
      socket.onclose = ({ code, reason }) => {
        if (this.#socket === socket) this.#closed(code, reason);
      };
      this.#watchdog.expect(WELCOME_TIMEOUT_MS);
      this.#setState({ phase: "connecting" });
    } catch (error) {
      // Not before `connect()` has returned.
      queueMicrotask(() => this.#end(ABNORMAL, String(error), true));
    }
  }

  #receive(frame: string): void {
    this.#watchdog.heard();
    try {
      for (const message of [JSON.parse(frame)].flat()) this.#take(message);
    } catch (error) {
      this.#report(error);
    }
  }

  #take(message: ServerMessage): void {
    if (message.type === "welcome") {
      this.#openedAt = Date.now();
      this.#setState({ phase: "open", welcome: message });
      this.#topics.open();
    } else if (message.type !== "pong") this.#topics.take(message);
  }

  /** Replaces the socket because the server is silent. Its own close event could take minutes. */
  readonly #giveUp = (): void => {
    const socket = this.#socket;
    this.#closed(ABNORMAL, "no answer");
    socket?.close();
  };

  /** Reconnects after the socket was closed, or ends. */
  #closed(code: number, reason: string): void {
    this.#watchdog.stop();
    this.#socket = undefined;
    this.#topics.pause();
    if (Date.now() - this.#openedAt >= STABLE_MS) {
      this.#attempts = 0;
      this.#renewal.reset();
    }
    this.#openedAt = Infinity;
    if (code === SESSION_ENDED || (code === NO_SESSION && this.#renewal.hasBegun)) {
      this.#renew(code, reason);
    } else if (isTerminal(code)) this.#end(code, reason, true);
    else this.#wait(code || ABNORMAL, reason, () => this.#connect());
  }

  /** Reconnects, perhaps with a fresh cookie. Ends if that cannot help. */
  async #renew(code: number, reason: string): Promise<void> {
    this.#setState({ phase: "connecting" });
    try {
      const obstacle = await this.#renewal.next(code);
      if (this.#state.phase === "closed") return;
      if (obstacle === undefined) this.#connect();
      else this.#end(code, obstacle, true);
    } catch (error) {
      this.#report(error);
      if (this.#state.phase === "closed") return;
      this.#wait(code, reason, () => this.#renew(code, reason));
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
    this.#watchdog.stop();
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
    if (mayBeDead && this.#state.phase === "open") this.#watchdog.probe();
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

  /** Reports an error of a handler. It does so in a later task, so that the error interrupts nothing here. */
  readonly #report = (error: unknown): void => {
    queueMicrotask(() => {
      if (this.#options.onError === undefined) throw error; // an uncaught error
      this.#options.onError(error);
    });
  };
}
