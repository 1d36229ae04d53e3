/**
 * The connection: it is made, lives, breaks and is made again.
 *
 * @module
 */

import { LiveError } from "./error.ts";
import { onWake, type Page } from "./page.ts";
import { ABNORMAL, isTerminal, retryDelayMs, SESSION_ENDED } from "./retry.ts";
import { Topics } from "./topics.ts";
import type { ConnectOptions, Live, LiveState, SubscribeOptions, Subscription } from "./types.ts";
import type { ServerMessage } from "./wire.ts";

/** What the client is in. */
export interface Surroundings {
  /** The page; in other programs, whatever the global object is. */
  readonly page: Page;
  /** Source of chance, from 0 to 1. */
  readonly random: () => number;
}

/** How long the server may take to welcome a connection, in milliseconds: it asks Directus first. */
const WELCOME_MS = 20_000;

/** How long an open connection that may be dead has to show that it is not, in milliseconds. */
const PROBE_MS = 5_000;

/** A connection that lived for so long, in milliseconds, starts again with short waits. */
const STABLE_MS = 5_000;

/** `WebSocket.OPEN`. */
const OPEN = 1;

/** One connection at a time, and the topics that are wanted. */
export class LiveClient implements Live {
  readonly #url: string;
  readonly #options: ConnectOptions;
  readonly #random: () => number;
  readonly #topics: Topics;
  readonly #stopListening: () => void;
  #state: LiveState = { phase: "connecting" };
  #socket: WebSocket | undefined;
  /** Runs to the next attempt, or while a socket owes an answer. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Begins the next attempt, while one is waited for. */
  #next: (() => void) | undefined;
  #attempts = 0;
  #openedAt = Infinity;
  #refreshed = false;

  /**
   * Begins to connect.
   *
   * @throws {TypeError} If the address is no URL.
   */
  constructor(url: string, options: ConnectOptions, { page, random }: Surroundings) {
    const target = new URL(url);
    // Browsers cannot read why an upgrade was refused; as a close code they can.
    target.searchParams.set("reject", "close");
    this.#url = target.href;
    this.#options = options;
    this.#random = random;
    const send = (message: unknown) => this.#send(message);
    this.#topics = new Topics({ send, report: this.#report, random });
    this.#stopListening = onWake(page, (suspect) => this.#wake(suspect));
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
    this.#next?.();
  }

  close(): void {
    this.#end(1000, "closed by this program");
  }

  /** Makes a connection. */
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
      this.#expectAnswer(WELCOME_MS);
      this.#become({ phase: "connecting" });
    } catch (error) {
      // Later, when the program knows what `connect()` returned.
      queueMicrotask(() => this.#end(ABNORMAL, String(error), true));
    }
  }

  /** Gives up on the socket unless something arrives in time. */
  #expectAnswer(withinMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const socket = this.#socket;
      this.#closed(ABNORMAL, "no answer");
      socket?.close();
    }, withinMs);
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
    this.#become({ phase: "open", welcome: message });
    this.#topics.open();
  }

  /** The socket is gone: comes back now, later, or never. */
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

  /** Comes back with a fresh cookie, if the program can get one. */
  async #refresh(reason: string): Promise<void> {
    this.#refreshed = true;
    this.#become({ phase: "connecting" });
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

  #wait(code: number, reason: string, next: () => void): void {
    const delayMs = retryDelayMs(reason, this.#attempts++, this.#random);
    this.#next = () => {
      clearTimeout(this.#timer);
      this.#next = undefined;
      next();
    };
    this.#timer = setTimeout(this.#next, delayMs);
    const retryAt = Date.now() + delayMs;
    this.#become({ phase: "waiting", reason: reason || "connection lost", code, retryAt });
  }

  /** Ends it for good; the subscriptions with an error, unless the program wanted the end. */
  #end(code: number, reason: string, isFault = false): void {
    if (this.#state.phase === "closed") return;
    clearTimeout(this.#timer);
    this.#next = undefined;
    this.#stopListening();
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close(1000);
    this.#become({ phase: "closed", reason, code });
    this.#topics.end(isFault ? new LiveError(code, reason) : undefined);
  }

  /** Comes back at once; asks an open connection for a sign of life if it may be dead. */
  #wake(suspect: boolean): void {
    this.retry();
    if (!suspect || this.#state.phase !== "open") return;
    this.#send({ type: "unsubscribe", topic: "" }); // has no effect, but is answered
    this.#expectAnswer(PROBE_MS);
  }

  #send(message: unknown): void {
    if (this.#socket?.readyState === OPEN) this.#socket.send(JSON.stringify(message));
  }

  #become(state: LiveState): void {
    const isNew = state.phase !== this.#state.phase;
    this.#state = state;
    try {
      if (isNew) this.#options.onState?.(state);
    } catch (error) {
      this.#report(error);
    }
  }

  /** Tells of what a handler threw, later: nothing here is to be stopped by it. */
  readonly #report = (error: unknown): void => {
    queueMicrotask(() => {
      if (this.#options.onError === undefined) throw error; // as if nobody had caught it
      this.#options.onError(error);
    });
  };
}
