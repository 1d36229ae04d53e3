/**
 * A client on fake sockets that a test controls.
 *
 * @module
 */

import { assert } from "@std/assert";
import { LiveClient } from "../../live/client/live_client.ts";
import type { Locks } from "../../live/client/renewal.ts";
import type {
  ConnectOptions,
  LiveState,
  SubscribeOptions,
  Subscription,
} from "../../live/client/types.ts";

/** The first message on every connection. */
export const WELCOME = { type: "welcome", connection: "c-1", user: null, instance: "one" } as const;

/** The message with which the client probes its connection. */
export const PROBE = { type: "ping", id: "ping" } as const;

/** A WebSocket whose server is the test. */
export class FakeSocket {
  readyState = 0;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly url: string;
  /** Messages that the client has sent. */
  readonly sent: unknown[] = [];
  /** Code with which the client has closed, `undefined` if it gave none. */
  closed: { code: number | undefined } | undefined;

  /** Creates the socket of an address. */
  constructor(url: string) {
    this.url = url;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  /** Notes the close; the close event is left to the test. */
  close(code?: number): void {
    this.closed = { code };
    this.readyState = 2;
  }

  /** Opens, and welcomes the client. */
  open(): void {
    this.readyState = 1;
    this.receive(WELCOME);
  }

  /** Sends one frame to the client: a message, or an array of several. */
  receive(...messages: unknown[]): void {
    this.onmessage?.({ data: JSON.stringify(messages.length === 1 ? messages[0] : messages) });
  }

  /** Answers the last request. */
  answer(message: Record<string, unknown>): void {
    const { id, topic } = this.last;
    this.receive({ topic, id, ...message });
  }

  /** Answers the last request with a start. */
  start(epoch: string, offset: number, messages: unknown[] = [], recovered = false): void {
    this.answer({ type: "subscribed", epoch, offset, recovered, messages });
  }

  /** The message sent last. */
  get last(): Record<string, unknown> {
    return this.sent.at(-1) as Record<string, unknown>;
  }

  /** Closes from the server's side. */
  end(code: number, reason = ""): void {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }
}

/** A window that can be hidden and shown. */
export class FakePage extends EventTarget {
  readonly document = { visibilityState: "visible" };
  readonly navigator: { readonly locks?: Locks };

  /** Creates a page that shares locks with others, or has none. */
  constructor(locks?: Locks) {
    super();
    this.navigator = locks === undefined ? {} : { locks };
  }

  /** Hides the page or shows it. */
  become(visibilityState: "visible" | "hidden"): void {
    this.document.visibilityState = visibilityState;
    this.dispatchEvent(new Event("visibilitychange"));
  }
}

/** A subscription, and what its handlers were called with, as short words. */
export interface Followed {
  readonly notes: string[];
  readonly subscription: Subscription;
}

/** A client and its surroundings. */
export class Setup implements Disposable {
  /** Sockets that the client has created. */
  readonly sockets: FakeSocket[] = [];
  /** States that it has reported. */
  readonly states: LiveState[] = [];
  /** Errors that it has reported. */
  readonly errors: unknown[] = [];
  readonly page: FakePage;
  /** The number that its source of randomness returns. */
  random = 0.5;
  readonly live: LiveClient;

  /** Creates a client that is connecting. */
  constructor(options: ConnectOptions = {}, page = new FakePage()) {
    this.page = page;
    this.live = new LiveClient("wss://live.test/some?x=1", {
      webSocket: (url) => {
        const socket = new FakeSocket(url);
        this.sockets.push(socket);
        return socket as unknown as WebSocket;
      },
      onState: (state) => this.states.push(state),
      onError: (error) => this.errors.push(error),
      ...options,
    }, { page: this.page, random: () => this.random });
  }

  /** The socket created last. */
  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    assert(socket !== undefined);
    return socket;
  }

  /** Subscribes, to `event:1` by default, and notes what the handlers are called with. */
  follow(topic = "event:1", more: SubscribeOptions = {}): Followed {
    const notes: string[] = [];
    const subscription = this.live.subscribe(topic, {
      onMessage: ({ offset, removed }) =>
        notes.push(`${removed ? "removal" : "message"} ${offset}`),
      onStart: ({ recovered, epoch, offset }) =>
        notes.push(`${recovered ? "recovered" : "start"} ${epoch} ${offset}`),
      onError: ({ code }) => notes.push(`error ${code}`),
      onEnd: () => notes.push("end"),
      ...more,
    });
    return { notes, subscription };
  }

  /** Breaks the connection and makes another. */
  reconnect(): void {
    this.socket.end(1006);
    this.live.retry();
    this.socket.open();
  }

  [Symbol.dispose](): void {
    this.live.close();
  }
}

/** Returns a client whose connection is open. */
export function openSetup(options: ConnectOptions = {}): Setup {
  const setup = new Setup(options);
  setup.socket.open();
  return setup;
}

/** Returns a message of the topic `event:1`. */
export function message(offset: number, key?: string, more: object = {}): object {
  const field = key === undefined ? {} : { key };
  return { type: "message", topic: "event:1", offset, ...field, data: offset, ...more };
}

/** Returns a message of the topic `event:1` that removes a key. */
export function removal(offset: number, key: string): object {
  return { type: "message", topic: "event:1", offset, key, removed: true };
}
