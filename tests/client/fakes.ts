/**
 * A client on sockets that do what a test says.
 *
 * @module
 */

import { assert } from "@std/assert";
import { LiveClient } from "../../live/client/live_client.ts";
import type { ConnectOptions, LiveState } from "../../live/client/types.ts";

/** What every fake connection is told first. */
export const WELCOME = { type: "welcome", connection: "c-1", user: null, instance: "one" } as const;

/** The server's end of a WebSocket. */
export class FakeSocket {
  /** As of a WebSocket. */
  readyState = 0;
  /** Messages that the client has sent. */
  readonly sent: unknown[] = [];
  /** Code with which the client has closed, `undefined` if it gave none. */
  closed: { code: number | undefined } | undefined;
  /** As of a WebSocket. */
  onmessage: ((event: { data: string }) => void) | null = null;
  /** As of a WebSocket. */
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  /** As of a WebSocket. */
  onerror: (() => void) | null = null;

  /** As of a WebSocket. */
  readonly url: string;

  /** Creates the socket of an address. */
  constructor(url: string) {
    this.url = url;
  }

  /** As of a WebSocket. */
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  /** As of a WebSocket; the close event is left to the test. */
  close(code?: number): void {
    this.closed = { code };
    this.readyState = 2;
  }

  /** Opens, and welcomes the client. */
  open(): void {
    this.readyState = 1;
    this.receive(WELCOME);
  }

  /** Sends one frame: a message, or an array of several. */
  receive(...messages: unknown[]): void {
    this.onmessage?.({ data: JSON.stringify(messages.length === 1 ? messages[0] : messages) });
  }

  /** Answers the last question. */
  answer(message: Record<string, unknown>): void {
    const { id, topic } = this.last;
    this.receive({ topic, id, ...message });
  }

  /** Answers the last question with a start. */
  start(epoch: string, offset: number, messages: unknown[] = [], recovered = false): void {
    this.answer({ type: "subscribed", epoch, offset, recovered, messages });
  }

  /** The message sent last. */
  get last(): Record<string, unknown> {
    return this.sent.at(-1) as Record<string, unknown>;
  }

  /** Ends. */
  end(code: number, reason = ""): void {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }
}

/** A window that can be hidden and shown. */
export class FakePage extends EventTarget {
  /** As of a window. */
  readonly document = { visibilityState: "visible" };

  /** Hides the page or shows it. */
  become(visibilityState: "visible" | "hidden"): void {
    this.document.visibilityState = visibilityState;
    this.dispatchEvent(new Event("visibilitychange"));
  }
}

/** A client and all that surrounds it. */
export class Setup implements Disposable {
  /** Sockets it has created. */
  readonly sockets: FakeSocket[] = [];
  /** States it has told. */
  readonly states: LiveState[] = [];
  /** What its handlers threw. */
  readonly errors: unknown[] = [];
  /** Its page. */
  readonly page = new FakePage();
  /** What chance will be, from 0 to 1. */
  random = 0.5;
  /** The client. */
  readonly live: LiveClient;

  /** Creates a client that is connecting. */
  constructor(options: ConnectOptions = {}) {
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

  /** Ends what is left. */
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

/** Breaks the connection and makes another. */
export function reconnect(setup: Setup): void {
  setup.socket.end(1006);
  setup.live.retry();
  setup.socket.open();
}

/** Returns a message of the topic `event:1`. */
export function message(offset: number, key?: string, more: object = {}): object {
  const field = key === undefined ? {} : { key };
  return { type: "message", topic: "event:1", offset, ...field, data: offset, ...more };
}

/** Notes what the handlers of a subscription are called with, as short words. */
export function noteInto(notes: string[]): {
  onMessage(message: { offset: number }): void;
  onStart(start: { recovered: boolean; epoch: string; offset: number }): void;
  onError(error: { code: string | number }): void;
  onEnd(): void;
} {
  return {
    onMessage: ({ offset }) => notes.push(`message ${offset}`),
    onStart: ({ recovered, epoch, offset }) =>
      notes.push(`${recovered ? "recovered" : "start"} ${epoch} ${offset}`),
    onError: ({ code }) => notes.push(`error ${code}`),
    onEnd: () => notes.push("end"),
  };
}
