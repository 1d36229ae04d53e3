/**
 * Stands in for `@std/testing/time`: a clock that moves only when a test moves it.
 *
 * @module
 */

// deno-lint-ignore no-explicit-any
type Callback = (...args: any[]) => unknown;

interface Timer {
  readonly id: number;
  readonly due: number;
  /** Milliseconds between two runs; of a timeout, none. */
  readonly interval: number | undefined;
  readonly run: () => unknown;
}

const real = { Date, setTimeout, clearTimeout, setInterval, clearInterval };
const realAbortSignalTimeout = AbortSignal.timeout;

/** The clock that replaces the real one, if any. There is one set of globals: so at most one. */
let current: FakeTime | undefined;

/** Says that the clock cannot do this now. */
export class TimeError extends Error {
  override name = "TimeError";
}

/**
 * Replaces `Date`, timeouts, intervals and `AbortSignal.timeout` until it is disposed of.
 *
 * Timers run when they are due, those due at the same time in the order in which they were set.
 */
export class FakeTime {
  /** When the clock began, in milliseconds since the epoch. */
  readonly start: number;
  #now: number;
  #lastId = 0;
  /** In the order in which they will run. */
  #timers: Timer[] = [];

  /**
   * Replaces the real clock.
   *
   * @param start When to begin; without it, now.
   * @throws {TimeError} If time is faked already.
   * @throws {TypeError} If there is no such time.
   */
  constructor(start?: number | string | Date | null) {
    if (current) throw new TimeError("Cannot construct FakeTime: time is already faked");
    this.start = Math.floor(new real.Date(start ?? real.Date.now()).getTime());
    if (Number.isNaN(this.start)) {
      throw new TypeError(`Cannot construct FakeTime: invalid start time ${this.start}`);
    }
    this.#now = this.start;
    current = this;
    this.#replaceGlobals();
  }

  /**
   * Brings the real clock back while a function runs, and until the promise that it returns is
   * settled.
   *
   * @param callback The function.
   * @param args Its arguments.
   * @returns What the function returns or resolves to.
   * @throws {TimeError} If time is not faked.
   */
  static async restoreFor<T, A extends unknown[]>(
    callback: (...args: A) => Promise<T> | T,
    ...args: A
  ): Promise<T> {
    const time = current;
    if (!time) throw new TimeError("Cannot restore time: time is not faked");
    restoreGlobals();
    try {
      const result = callback(...args);
      return result instanceof Promise ? await result : result;
    } finally {
      time.#replaceGlobals();
    }
  }

  /** The time, in milliseconds since the epoch. Setting it runs all timers due until then. */
  get now(): number {
    return this.#now;
  }
  set now(value: number) {
    if (value < this.#now) {
      throw new RangeError(
        `Cannot set current time in the past, time must be >= ${this.#now}: received ${value}`,
      );
    }
    for (let timer = this.#timers[0]; timer && timer.due <= value; timer = this.#timers[0]) {
      this.#timers.shift();
      this.#now = timer.due;
      if (timer.interval) this.#add({ ...timer, due: timer.due + timer.interval });
      timer.run();
    }
    this.#now = value;
  }

  /** Advances time, in milliseconds. */
  tick(ms = 0): void {
    this.now += ms;
  }

  /** Runs pending microtasks, then advances time, in milliseconds. */
  async tickAsync(ms = 0): Promise<void> {
    await this.runMicrotasks();
    this.tick(ms);
  }

  /** Advances time to the next timer. Returns whether there was one. */
  next(): boolean {
    const timer = this.#timers[0];
    if (timer) this.now = timer.due;
    return timer !== undefined;
  }

  /** Runs pending microtasks, then advances time to the next timer. */
  async nextAsync(): Promise<boolean> {
    await this.runMicrotasks();
    return this.next();
  }

  /** Resolves after a real delay, in milliseconds. */
  delay(ms: number): Promise<void> {
    return new Promise((resolve) => real.setTimeout(resolve, ms));
  }

  /** Runs pending microtasks and everything that the event loop has ready. */
  runMicrotasks(): Promise<void> {
    return this.delay(0);
  }

  /**
   * Brings the real clock back. Timers that are still set never run.
   *
   * @throws {TimeError} If it is back already.
   */
  restore(): void {
    if (!current) throw new TimeError("Cannot restore time: time is already restored");
    current = undefined;
    restoreGlobals();
  }

  /** Brings the real clock back. */
  [Symbol.dispose](): void {
    this.restore();
  }

  #replaceGlobals(): void {
    const setTimeout = (callback: Callback, delay = 0, ...args: unknown[]) =>
      this.#set(callback, Math.max(0, Math.floor(delay)), args, false);
    const setInterval = (callback: Callback, delay = 0, ...args: unknown[]) =>
      this.#set(callback, Math.max(1, Math.floor(delay)), args, true);
    const clear = (id?: unknown) => {
      if (current !== this) throw new TimeError("Cannot clear timer: time is not faked");
      this.#timers = this.#timers.filter((timer) => timer.id !== id);
    };
    const fake = {
      Date: FakeDate,
      setTimeout,
      clearTimeout: clear,
      setInterval,
      clearInterval: clear,
    };
    Object.assign(globalThis, fake);
    AbortSignal.timeout = (delay) => {
      const controller = new AbortController();
      const reason = new DOMException("Signal timed out.", "TimeoutError");
      setTimeout(() => controller.abort(reason), delay);
      return controller.signal;
    };
  }

  #set(callback: Callback, delay: number, args: unknown[], repeat: boolean): number {
    if (typeof callback !== "function") throw new TimeError("Cannot set timer: not a function");
    if (current !== this) throw new TimeError("Cannot set timer: time is not faked");
    const id = ++this.#lastId;
    const interval = repeat ? delay : undefined;
    this.#add({ id, due: this.#now + delay, interval, run: () => callback(...args) });
    return id;
  }

  #add(timer: Timer): void {
    const later = this.#timers.findIndex(({ due }) => due > timer.due);
    this.#timers.splice(later < 0 ? this.#timers.length : later, 0, timer);
  }
}

const now = () => current?.now ?? real.Date.now();

const FakeDate = new Proxy(Date, {
  apply: () => new real.Date(now()).toString(),
  construct: (target, args) => Reflect.construct(target, args.length > 0 ? args : [now()]),
  get: (target, key) => key === "now" ? now : Reflect.get(target, key),
});

function restoreGlobals(): void {
  Object.assign(globalThis, real);
  AbortSignal.timeout = realAbortSignalTimeout;
}
