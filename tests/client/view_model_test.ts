/**
 * Views under random use: whatever happens, each of them shows only lists that its server had, and
 * ends with the newest one.
 *
 * @module
 */

import { assertEquals, assertGreater } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { View } from "../../live/client/mod.ts";
import { turn } from "../support/queue.ts";
import { Random } from "../support/random.ts";
import { Setup } from "./setup.ts";
import type { Row } from "./view_setup.ts";
import { ServerView, ViewLink } from "./view_server_setup.ts";

const STEPS = 1_500;

/** Two views. The server takes the first two queries for equal. */
const QUERIES = [{}, { limit: 100 }, { search: "a" }];

/** A view of the program, with the list that it showed last. */
interface Reader {
  readonly server: ServerView;
  readonly view: View<Row>;
  last: string | undefined;
}

/** A client with views under random use. */
class Model implements Disposable {
  readonly #time = new FakeTime(0);
  readonly #setup = new Setup();
  readonly #random: Random;
  readonly #views: readonly ServerView[];
  readonly #readers = new Set<Reader>();
  readonly #faults: unknown[] = [];
  #link: ViewLink | undefined;
  /** Counts of events, to check that a run was not idle. */
  readonly seen = { lists: 0, changed: 0, late: 0, recovered: 0, snapshots: 0, unavailable: 0 };

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.#views = [new ServerView(this.#random), new ServerView(this.#random)];
  }

  /** Makes one random step. */
  async step(): Promise<void> {
    const kind = this.#random.below(100);
    const view = this.#random.of(this.#views);
    if (kind < 25) view.change();
    else if (kind < 32) this.#join();
    else if (kind < 37) this.#leave(this.#random.of([...this.#readers]));
    else if (kind < 40) this.#cut();
    else if (kind < 43) this.#changeRights(view);
    else if (kind < 45) this.#link?.restart(view);
    else if (kind < 46) this.#restart();
    else if (kind < 52) this.#time.tick(1_000);
    else this.#carry(1 + this.#random.below(4));
    await turn();
    assertEquals(this.#faults, []);
  }

  /** Lets everything arrive, and compares the views with those of the server. */
  async finish(): Promise<void> {
    await this.#settle();
    for (const { server, view, last } of this.#readers) {
      assertEquals(view.rows, server.rows);
      assertEquals(last, JSON.stringify(server.rows));
    }
    for (const reader of this.#readers) this.#leave(reader);
    await this.#settle();
    assertEquals([...this.#link?.subscribed.keys() ?? []], []);
    assertEquals([this.#faults, this.#setup.errors], [[], []]);
  }

  [Symbol.dispose](): void {
    this.#setup.live.close();
    this.#time.restore();
  }

  async #settle(): Promise<void> {
    for (let round = 0; round < 60; round++) {
      this.#time.tick(1_000);
      this.#carry(Infinity);
      await turn();
    }
  }

  #join(): void {
    const query = this.#random.of(QUERIES);
    const server = this.#serverOf(query);
    const take = (rows: readonly Row[]) => {
      const list = JSON.stringify(rows);
      this.seen.lists++;
      if (list === reader.last) this.#faults.push(`twice ${list}`);
      if (!server.lists.has(list)) this.#faults.push(`never ${list}`);
      reader.last = list;
    };
    const iterates = this.#random.below(3) === 0;
    const view = this.#setup.live.view<Row>("events", query, iterates ? {} : { onChange: take });
    const reader: Reader = { server, view, last: undefined };
    if ([...this.#readers].some((other) => other.server === server)) this.seen.late++;
    this.#readers.add(reader);
    if (iterates) this.#iterate(view, take).catch((error) => this.#faults.push(error));
  }

  async #iterate(view: View<Row>, take: (rows: readonly Row[]) => void): Promise<void> {
    for await (const rows of view) take(rows);
  }

  #leave(reader: Reader | undefined): void {
    if (reader === undefined) return;
    reader.view.unsubscribe();
    this.#readers.delete(reader);
  }

  #serverOf(query: object): ServerView {
    return this.#views["search" in query ? 1 : 0] as ServerView;
  }

  #cut(): void {
    if (this.#link === undefined) return;
    this.#link = undefined;
    this.#setup.socket.end(1006);
  }

  #changeRights(view: ServerView): void {
    const { name } = view;
    this.#link?.flush();
    view.replace();
    this.#link?.lose(view, name);
    this.seen.changed++;
  }

  /** The server is restarted: it has the same rows, in new logs. */
  #restart(): void {
    this.#cut();
    for (const view of this.#views) view.replace(true);
  }

  /** Carries messages both ways; connects first if the client is not connected. */
  #carry(count: number): void {
    if (this.#link !== undefined) {
      this.#link.up(count);
      return this.#link.down(count);
    }
    this.#setup.live.retry();
    const views = (query: object) => this.#serverOf(query);
    this.#link = new ViewLink(this.#setup.socket, views, this.#random, this.seen);
  }
}

for (let seed = 1; seed <= 8; seed++) {
  Deno.test(`views show the server's lists only, and end with the newest: seed ${seed}`, async () => {
    using model = new Model(seed);

    for (let step = 0; step < STEPS; step++) await model.step();
    await model.finish();

    for (const count of Object.values(model.seen)) assertGreater(count, 0);
  });
}
