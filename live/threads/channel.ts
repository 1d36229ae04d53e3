/**
 * Calls between two threads, over a port that passes messages.
 *
 * @module
 */

import { clearImmediate, setImmediate } from "node:timers";
import { BrokerUnavailable } from "../domain/broker.ts";
import { errorOf, type Failure, failureOf } from "./failure.ts";

/** One end of a port: a worker, as seen by its parent, or the global scope inside the worker. */
export interface Port {
  /** Copies a message to the other end. */
  postMessage(message: unknown): void;
  /** Receives messages from the other end. */
  onmessage: ((event: MessageEvent) => void) | null;
}

/** Functions that one thread can call in another. Their arguments and results can be copied. */
export type Calls = Readonly<Record<string, (...args: never[]) => unknown>>;

/** What a channel needs. */
export interface ChannelOptions {
  /** Leads to the other thread. */
  readonly port: Port;
  /**
   * The functions that the other thread can call. If one rejects, the caller gets the kind and message of
   * the error.
   */
  readonly handlers: Calls;
  /** Called before each batch is sent, to add frames to it. @default {nothing} */
  readonly beforeFlush?: () => void;
  /**
   * Called with the error if a one-way message of {@linkcode Channel.tell} cannot be copied, or its handler
   * fails.
   */
  readonly onError: (error: unknown) => void;
  /** How long a call may take, in milliseconds. @default {30_000} */
  readonly deadlineMs?: number;
  /** How many calls may be in flight; a further call fails at once. @default {100_000} */
  readonly maxCalls?: number;
}

const TELL = 0;
const CALL = 1;
const ANSWER = 2;
const FAILURE = 3;

type Frame =
  | readonly [kind: typeof TELL, name: string, args: readonly unknown[]]
  | readonly [kind: typeof CALL, id: number, name: string, args: readonly unknown[]]
  | readonly [kind: typeof ANSWER, id: number, value: unknown]
  | readonly [kind: typeof FAILURE, id: number, failure: Failure];

/** A call in flight. */
interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
  readonly until: number;
}

/** How often calls past their deadline are looked for, in milliseconds. */
const SWEEP_MS = 1_000;

/** When callers should try again if the other thread does not answer, in milliseconds. */
const RETRY_AFTER_MS = 1_000;

/**
 * Calls functions of another thread. All calls and answers of one turn of the event loop cross as one
 * message, in order.
 *
 * No call waits for ever. It fails with {@linkcode BrokerUnavailable} at its deadline, if too many calls
 * are in flight, and when the channel ends.
 */
export class Channel<Remote extends Calls> {
  readonly #options: ChannelOptions;
  readonly #pending = new Map<number, Pending>();
  #batch: Frame[] = [];
  #flush: ReturnType<typeof setImmediate> | undefined;
  #sweep: ReturnType<typeof setInterval> | undefined;
  #lastId = 0;
  #ended: string | undefined;

  /** Creates a channel and starts to receive. */
  constructor(options: ChannelOptions) {
    this.#options = options;
    options.port.onmessage = ({ data }: MessageEvent<readonly Frame[]>) => {
      for (const frame of data) this.#receive(frame);
    };
  }

  /** Why the channel has ended; `undefined` while it is open. */
  get ended(): string | undefined {
    return this.#ended;
  }

  /**
   * Calls a function of the other thread.
   *
   * @throws {BrokerUnavailable} If no answer arrives.
   * @throws {DOMException} If an argument cannot be copied.
   * @throws {Error} With the message of what the function throws.
   */
  call<Name extends keyof Remote & string>(
    name: Name,
    ...args: Parameters<Remote[Name]>
  ): Promise<Awaited<ReturnType<Remote[Name]>>> {
    return this.callWithin(this.#options.deadlineMs ?? 30_000, name, ...args);
  }

  /** Calls a function that may take longer than other calls: up to the given time, in milliseconds. */
  callWithin<Name extends keyof Remote & string>(
    deadlineMs: number,
    name: Name,
    ...args: Parameters<Remote[Name]>
  ): Promise<Awaited<ReturnType<Remote[Name]>>> {
    const { maxCalls = 100_000 } = this.#options;
    if (this.#ended !== undefined) return Promise.reject(unavailable(this.#ended));
    if (this.#pending.size >= maxCalls) {
      return Promise.reject(unavailable("another thread is overloaded"));
    }
    const { promise, resolve, reject } = Promise.withResolvers<
      Awaited<ReturnType<Remote[Name]>>
    >();
    const id = ++this.#lastId;
    this.#pending.set(id, { resolve, reject, until: performance.now() + deadlineMs });
    this.#sweep ??= setInterval(() => this.#failLate(), SWEEP_MS);
    this.#send([CALL, id, name, args]);
    return promise;
  }

  /**
   * Makes the other thread run a function, and ignores the result. Does nothing once the channel has ended.
   */
  tell<Name extends keyof Remote & string>(name: Name, ...args: Parameters<Remote[Name]>): void {
    this.#send([TELL, name, args]);
  }

  /** Schedules a batch in this turn of the event loop, so that `beforeFlush` is called. */
  touch(): void {
    if (this.#ended === undefined) this.#flush ??= setImmediate(this.#post);
  }

  /** Ends the channel: calls in flight fail, and nothing is sent or received any more. */
  end(reason: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#options.port.onmessage = null;
    clearImmediate(this.#flush);
    clearInterval(this.#sweep);
    for (const { reject } of this.#pending.values()) reject(unavailable(reason));
    this.#pending.clear();
  }

  #send(frame: Frame): void {
    if (this.#ended !== undefined) return;
    this.#batch.push(frame);
    this.touch();
  }

  readonly #post = (): void => {
    this.#options.beforeFlush?.();
    this.#flush = undefined;
    if (this.#batch.length === 0) return;
    const batch = this.#batch;
    this.#batch = [];
    try {
      this.#options.port.postMessage(batch);
    } catch {
      for (const frame of batch) this.#postAlone(frame);
    }
  };

  /** Sends one frame of a batch that could not be copied as a whole. */
  #postAlone(frame: Frame): void {
    const { port, onError } = this.#options;
    try {
      port.postMessage([frame]);
    } catch (error) {
      if (frame[0] === TELL) onError(error);
      else if (frame[0] === CALL) this.#take(frame[1])?.reject(error);
      else port.postMessage([[FAILURE, frame[1], failureOf(error)]]);
    }
  }

  #receive(frame: Frame): void {
    if (this.#ended !== undefined) return;
    switch (frame[0]) {
      case TELL:
        return void this.#run(frame[1], frame[2]).catch(this.#options.onError);
      case CALL:
        return void this.#answer(frame[1], frame[2], frame[3]);
      case ANSWER:
        this.#take(frame[1])?.resolve(frame[2] as never);
        return;
      case FAILURE:
        this.#take(frame[1])?.reject(errorOf(frame[2]));
    }
  }

  async #answer(id: number, name: string, args: readonly unknown[]): Promise<void> {
    try {
      this.#send([ANSWER, id, await this.#run(name, args)]);
    } catch (error) {
      this.#send([FAILURE, id, failureOf(error)]);
    }
  }

  /** Runs a handler in this turn, up to its first await, so that calls take effect in their order. */
  // deno-lint-ignore require-await -- what a function throws must reject
  async #run(name: string, args: readonly unknown[]): Promise<unknown> {
    const handler = this.#options.handlers[name];
    if (handler === undefined) {
      throw new TypeError(`Cannot call ${name}: there is no such function`);
    }
    return handler(...args as never[]);
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) {
      clearInterval(this.#sweep);
      this.#sweep = undefined;
    }
    return pending;
  }

  #failLate(): void {
    const now = performance.now();
    for (const [id, { until }] of this.#pending) {
      if (until <= now) this.#take(id)?.reject(unavailable("another thread does not answer"));
    }
  }
}

function unavailable(reason: string): BrokerUnavailable {
  return new BrokerUnavailable(reason, RETRY_AFTER_MS);
}
