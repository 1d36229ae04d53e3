/**
 * A browser with tabs that share a session, a Directus that rotates its cookie with each refresh, and
 * a live server that asks this Directus.
 *
 * @module
 */

import { assert } from "@std/assert";
import type { FakeTime } from "@std/testing/time";
import type { Locks } from "../../live/client/renewal.ts";
import { FakePage, type FakeSocket, Setup } from "./setup.ts";

/** Locks that the tabs share. */
class FakeLocks implements Locks {
  /** Resolves when the lock is free. */
  #held: Promise<void> | undefined;

  async request<T>(
    name: string,
    { ifAvailable = false, signal }: { ifAvailable?: boolean; signal?: AbortSignal },
    callback: (lock: unknown) => T,
  ): Promise<Awaited<T>> {
    assert(!(ifAvailable && signal !== undefined), "NotSupportedError");
    if (ifAvailable && this.#held !== undefined) return await callback(null);
    const aborted = Promise.withResolvers<never>();
    aborted.promise.catch(() => {}); // when nothing waits for it any more
    signal?.addEventListener("abort", () => aborted.reject(signal.reason));
    while (this.#held !== undefined) await Promise.race([this.#held, aborted.promise]);
    const free = Promise.withResolvers<void>();
    this.#held = free.promise;
    try {
      return await callback({ name });
    } finally {
      this.#held = undefined;
      free.resolve();
    }
  }
}

/** A tab, with the cookies that its connections were opened with. */
class Tab extends Setup {
  /** Cookies of the open connections. */
  readonly cookies = new Map<FakeSocket, number>();
  /** Sockets that the server has answered. */
  answered = 0;
}

/** The browser and the servers. */
export class Browser implements Disposable {
  readonly #time: FakeTime;
  readonly #locks = new FakeLocks();
  readonly tabs: Tab[];
  /** The cookie that the tabs share. */
  #cookie = 1;
  /** The cookie that Directus accepts; 0 if there is none. */
  #accepted = 1;
  /** How often the tabs have refreshed. */
  refreshes = 0;
  /** What a refresh does before Directus answers. */
  beforeRefresh: () => Promise<boolean | void> = () => Promise.resolve();

  /** Opens tabs, which connect. */
  constructor(time: FakeTime, tabs: number, { hasLocks = true } = {}) {
    this.#time = time;
    this.tabs = Array.from(
      { length: tabs },
      () =>
        new Tab(
          { refresh: () => this.#refresh() },
          new FakePage(hasLocks ? this.#locks : undefined),
        ),
    );
  }

  /** The states of the tabs' connections. */
  get phases(): string[] {
    return this.tabs.map(({ live }) => live.state.phase);
  }

  /** How many connections each tab has opened. */
  get sockets(): number[] {
    return this.tabs.map(({ sockets }) => sockets.length);
  }

  /** The session's cookie expires. */
  expire(): void {
    this.#accepted = 0;
  }

  /** The user refreshes the session by other means than the client. */
  rotate(): void {
    this.#accepted = ++this.#cookie;
  }

  /** The server asks Directus about the cookies of all connections. */
  async revalidate(): Promise<void> {
    for (const { cookies } of this.tabs) {
      for (const [socket, cookie] of cookies) {
        if (cookie === this.#accepted) continue;
        cookies.delete(socket);
        socket.end(4401, "session is no longer good");
      }
    }
    await this.settle();
  }

  /** Lets the server answer everything that tabs attempt. */
  async settle(): Promise<void> {
    for (let round = 0; round < 20; round++) {
      for (const tab of this.tabs) this.#answer(tab);
      await this.#time.runMicrotasks();
    }
  }

  [Symbol.dispose](): void {
    for (const tab of this.tabs) tab[Symbol.dispose]();
  }

  #answer(tab: Tab): void {
    for (const socket of tab.sockets.slice(tab.answered)) {
      tab.answered++;
      if (this.#cookie === this.#accepted) {
        tab.cookies.set(socket, this.#cookie);
        socket.open();
      } else socket.end(4501, "no valid session");
    }
  }

  /** Directus's `POST /auth/refresh`: it replaces the cookie. */
  async #refresh(): Promise<boolean | void> {
    this.refreshes++;
    if (await this.beforeRefresh() === false) return false;
    this.rotate();
  }
}
