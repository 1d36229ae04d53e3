/**
 * Whatever happens in Directus and on the way: once things are quiet, each client holds exactly the rows
 * that Directus returns to the same query with its cookie. Before that it gets no row that Directus would
 * not have returned to it since things were last quiet, unless rights have changed unnoticed.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { canonicalText } from "../../live/domain/view_query.ts";
import { BASE } from "../support/directus.ts";
import { turn } from "../support/queue.ts";
import { Random } from "../support/random.ts";
import { FakeLink, Instance, REFRESH_MS, REVALIDATE_MS } from "./property_setup.ts";
import { type ClientView, PropertyClient } from "./reader_setup.ts";
import type { Changed } from "./world_model.ts";
import { QUERIES, USERS } from "./world_rights.ts";
import { World } from "./world_setup.ts";

/** Phases of a run; after each one things become quiet. */
const PHASES = 5;
const STEPS = 15;
const CLIENTS = 20;

/** How far the clock moves at once, in milliseconds. */
const STEP_MS = 100;

/** Time in which every session and every view is looked at again, in milliseconds. */
const ROUND_MS = REVALIDATE_MS + 2 * REFRESH_MS;

/** Rounds until things must be quiet: a circuit breaker that was open may wait for half a minute. */
const MAX_ROUNDS = 4;

class Run {
  readonly random: Random;
  readonly world: World;
  readonly instances: readonly Instance[];
  readonly clients: PropertyClient[] = [];
  readonly #time: FakeTime;
  /** Rows that may reach a user, by user and query. */
  #allowed = new Map<string, Set<string>>();
  /** When a change of rights that was not reported has been noticed; before that, anything may be shown. */
  #noticedAt = 0;
  /** What reached clients and should not have. */
  readonly #faults: string[] = [];

  constructor(seed: number, time: FakeTime) {
    this.random = new Random(seed);
    this.world = new World(this.random);
    this.#time = time;
    this.instances = [true, seed % 2 === 0].map((hasToken) => new Instance(this.world, hasToken));
  }

  async start(): Promise<void> {
    for (const { live } of this.instances) await live.start();
    for (let count = 0; count < CLIENTS; count++) this.#addClient();
    this.#recordAllowed();
    for (const client of this.clients) client.connect(this.random.of(this.instances).dial);
  }

  async step(): Promise<void> {
    const { random } = this;
    const client = random.of(this.clients);
    const what = random.next();
    if (what < 0.6) await this.#change();
    else if (what < 0.7) this.#reconnect(client);
    else if (what < 0.8) slowDown(client, random.of([0, 200_000]));
    else if (what < 0.85) {
      this.world.directus.fail(random.of(["broken", "hung", "down", "page", "limited"] as const));
    } else if (what < 0.92) this.world.directus.fail(undefined);
    else if (what < 0.95) this.world.directus.logOut(client.cookie);
    else client.views.forEach((view) => random.next() < 0.3 && client.subscribe(view));
    await this.pass(random.below(600));
  }

  /** Lets faults end, and waits until each client holds what it should. */
  async settle(): Promise<void> {
    this.world.directus.fail(undefined);
    for (const client of this.clients) slowDown(client, 0);
    await this.pass(ROUND_MS);
    for (let round = 0;; round++) {
      await this.#returnToAll();
      await this.pass(ROUND_MS);
      const different = await this.#difference();
      if (different === undefined) break;
      if (round === MAX_ROUNDS) assertEquals(different[1], different[2], different[0]);
    }
    this.#allowed.clear();
    this.#recordAllowed();
  }

  /** Users log in again, connect again, and repeat what was refused. */
  async #returnToAll(): Promise<void> {
    for (const [index, client] of this.clients.entries()) {
      if (await this.#isLoggedIn(client)) continue;
      assert(!client.isConnected, `${client.user} is connected without a session`);
      client.disconnect();
      this.clients[index] = this.#newClient(client.user);
    }
    this.#recordAllowed();
    for (const client of this.clients) {
      if (!client.isConnected) this.#reconnect(client);
      for (const view of client.views) if (view.state === "refused") client.subscribe(view);
    }
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.disconnect();
    const stopped = Promise.all(this.instances.map(({ live }) => live.stop(100)));
    await this.pass(1_000);
    await stopped;
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed <= ms; passed += STEP_MS) {
      this.#time.tick(STEP_MS);
      for (let turns = 0; turns < 2; turns++) await turn();
    }
    assertEquals(this.#faults, []);
  }

  async #change(): Promise<void> {
    const reports: Changed[] = [];
    for (let count = 1 + this.random.below(3); count > 0; count--) {
      reports.push(this.world.change());
    }
    this.#recordAllowed();
    if (this.random.next() < 0.2) { // the Flow's call is lost
      const isRight = reports.some(({ collection }) => collection.startsWith("directus_"));
      if (isRight) this.#noticedAt = Date.now() + ROUND_MS;
      return;
    }
    for (const report of reports) {
      for (const { live } of this.instances) await live.changed(report);
    }
  }

  #reconnect(client: PropertyClient): void {
    client.disconnect();
    client.connect(this.random.of(this.instances).dial);
  }

  #addClient(): void {
    this.clients.push(this.#newClient(this.random.of(USERS)));
  }

  #newClient(user: string): PropertyClient {
    const queries = Array.from({ length: 3 }, () => this.random.of(QUERIES));
    const cookie = this.world.directus.session(user);
    return new PropertyClient(user, cookie, [...new Set(queries)], {
      row: (client, view, row) => {
        const isNoticed = Date.now() >= this.#noticedAt;
        if (!isNoticed || this.#allowed.get(keyOf(user, view))?.has(canonicalText(row))) return;
        this.#faults.push(`${client.user} ${JSON.stringify(view.query)}: ${JSON.stringify(row)}`);
      },
      fault: (client, view, what) => {
        this.#faults.push(`${client.user} ${JSON.stringify(view.query)}: ${what}`);
      },
    });
  }

  /** Notes what Directus would show now. */
  #recordAllowed(): void {
    for (const { user, views } of this.clients) {
      for (const view of views) {
        const key = keyOf(user, view);
        const allowed = this.#allowed.get(key) ?? new Set();
        this.#allowed.set(key, allowed);
        for (const row of this.world.rowsFor(user, view.query) ?? []) {
          allowed.add(canonicalText(row));
        }
      }
    }
  }

  async #isLoggedIn({ cookie }: PropertyClient): Promise<boolean> {
    const url = `${BASE}/users/me?fields=id`;
    const response = await this.world.directus.fetch(url, { headers: { cookie } });
    await response.body?.cancel();
    return response.ok;
  }

  /** Returns the first view that does not show what Directus returns, and both lists. */
  async #difference(): Promise<[what: string, shown: unknown, expected: unknown] | undefined> {
    for (const client of this.clients) {
      for (const view of client.views) {
        const expected = await this.world.search(client.cookie, view.query);
        const shown = view.state === "open" ? view.list : view.state;
        if (canonicalText(shown) !== canonicalText(expected ?? "refused")) {
          return [`${client.user} ${JSON.stringify(view.query)}`, shown, expected ?? "refused"];
        }
      }
    }
    return undefined;
  }
}

/** Sets how many bytes are unsent. */
function slowDown({ link }: PropertyClient, unsent: number): void {
  if (link instanceof FakeLink) link.unsent = unsent;
}

function keyOf(user: string, { query }: ClientView): string {
  return `${user} ${JSON.stringify(query)}`;
}

for (const seed of [1, 2, 3, 4, 5]) {
  Deno.test(`views show each client what Directus shows it, with random faults (seed ${seed})`, async () => {
    using time = new FakeTime();
    const run = new Run(seed, time);
    await run.start();
    for (let phase = 0; phase < PHASES; phase++) {
      try {
        for (let step = 0; step < STEPS; step++) await run.step();
        await run.settle();
      } catch (error) {
        throw new Error(`Failed in phase ${phase} of seed ${seed}`, { cause: error });
      }
    }
    await run.stop();
  });
}
