/**
 * A run of the property against a real Directus: changes, clients, and what must hold.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { canonicalText } from "../../../live/domain/view_query.ts";
import { logIn, ME, post } from "../../directus/contract_setup.ts";
import type { Random } from "../../support/random.ts";
import { type ClientView, PropertyClient } from "../../views/reader_setup.ts";
import { QUERIES, USERS } from "../../views/world_rights.ts";
import type { RealDirectus } from "../real_directus.ts";
import { restRows } from "../view_client_setup.ts";
import { Allowed } from "./allowed.ts";
import type { FlowCalls } from "./flow_calls.ts";
import { dial, type Instance } from "./instances.ts";
import type { RealWorld } from "./world.ts";

/** How often views are read and sessions are checked without a report, in milliseconds. */
export const REFRESH_MS = 6_000;
export const REVALIDATE_MS = 6_000;

/** How long a change of rights that was reported may stay unnoticed on the other instance, in milliseconds. */
const REPORTED_MS = 2_000;

/** How long one that was not reported may, in milliseconds: two intervals, and the time of the checks. */
const UNREPORTED_MS = 3 * REVALIDATE_MS;

/** When views must show what Directus shows, at the latest, and how often to look, in milliseconds. */
const QUIET_MS = 90_000;
const LOOK_MS = 500;

/** How long Directus hangs, in milliseconds. */
const STALL_MS = 1_500;

/** Queries of one client. */
const VIEWS = 3;

/** What a run works with. */
export interface RunOptions {
  readonly directus: RealDirectus;
  readonly world: RealWorld;
  readonly flows: FlowCalls;
  readonly instances: readonly Instance[];
  readonly random: Random;
}

/** Clients of all users while everything changes. */
export class Run {
  readonly #options: RunOptions;
  readonly #clients: PropertyClient[] = [];
  readonly #allowed: Allowed;
  /** Whether a change of rights may be unnoticed: until it is, anything may be shown. */
  #isUnnoticed = false;
  /** When a change of rights was last not reported. */
  #unreportedAt = -Infinity;
  readonly #faults: string[] = [];
  /** What happened. */
  readonly counts: Record<string, number> = {};

  /** Prepares a run. */
  constructor(options: RunOptions) {
    this.#options = options;
    this.#allowed = new Allowed(options.world.model);
  }

  /** Connects a client of each user. */
  async start(): Promise<void> {
    for (const user of USERS) this.#clients.push(await this.#logIn(user));
    this.#allowed.record(this.#clients);
    for (const client of this.#clients) this.#connect(client);
    await this.settle();
  }

  /** Makes a change, and does something to clients now and then. */
  async step(): Promise<void> {
    const { random, world, flows } = this.#options;
    const edit = world.model.change();
    const isRight = edit.collection.startsWith("directus_");
    this.#allowed.record(this.#clients);
    if (isRight) this.#isUnnoticed = true;
    this.#count(`${edit.event} ${edit.collection}`);
    await world.write(edit);
    if (isRight) await this.#notice(await flows.rights.next());
    const client = random.of(this.#clients);
    const what = random.next();
    if (what < 0.1) this.#reconnect(client);
    else if (what < 0.13) await this.#logOut(client);
    else if (what < 0.18) client.views.forEach((view) => client.subscribe(view));
    assertEquals(this.#faults, []);
  }

  /**
   * Waits until a change of rights has been noticed on both instances. One that was not reported counts
   * as unnoticed until things are quiet.
   */
  async #notice(isReported: boolean): Promise<void> {
    if (!isReported) {
      this.#unreportedAt = Date.now();
      this.#count("unreported right");
      return;
    }
    await sleep(REPORTED_MS);
    await Promise.all(this.#clients.map((client) => client.ping())); // what was sent before is here
    this.#isUnnoticed = this.#unreportedAt > -Infinity;
  }

  /** Lets Directus hang for a while. */
  async stall(): Promise<void> {
    const { directus, random } = this.#options;
    this.#count("stall");
    directus.hang();
    for (let count = 0; count < 3; count++) this.#reconnect(random.of(this.#clients));
    await sleep(STALL_MS);
    directus.goOn();
  }

  /** Restarts Directus. */
  async restart(): Promise<void> {
    const { directus, random } = this.#options;
    this.#count("restart");
    const restarted = directus.restart({});
    for (let count = 0; count < 3; count++) this.#reconnect(random.of(this.#clients));
    await restarted;
  }

  /** Waits until each client holds what REST answers with its cookie, which the model says too. */
  async settle(): Promise<void> {
    await sleep(Math.max(0, this.#unreportedAt + UNREPORTED_MS - Date.now()));
    let different: string | undefined;
    for (const deadline = Date.now() + QUIET_MS; Date.now() < deadline; await sleep(LOOK_MS)) {
      await this.#returnAll();
      different = await this.#difference();
      if (different === undefined) break;
    }
    assertEquals(different, undefined);
    assertEquals(this.#faults, []);
    this.#count("quiet");
    this.#isUnnoticed = false;
    this.#unreportedAt = -Infinity;
    this.#allowed.clear();
    this.#allowed.record(this.#clients);
  }

  /** Disconnects all clients. */
  stop(): void {
    for (const client of this.#clients) client.disconnect();
  }

  #count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  async #logIn(user: string): Promise<PropertyClient> {
    const { directus, random } = this.#options;
    const queries = new Set(Array.from({ length: VIEWS }, () => random.of(QUERIES)));
    const cookie = await logIn(directus, user);
    const fault = (view: ClientView, what: string) => {
      this.#faults.push(`${user} ${JSON.stringify(view.query)}: ${what}`);
    };
    return new PropertyClient(user, cookie, [...queries], {
      row: (_client, view, row) => {
        this.#count("row");
        if (this.#isUnnoticed) return;
        this.#count("judged row");
        const hidden = this.#allowed.hidden(user, view.query, row);
        if (hidden.length > 0) fault(view, `${hidden} in ${JSON.stringify(row)}`);
      },
      fault: (_client, view, what) => fault(view, what),
    });
  }

  #connect(client: PropertyClient): void {
    client.connect(dial(this.#options.random.of(this.#options.instances)));
  }

  #reconnect(client: PropertyClient): void {
    this.#count("reconnect");
    client.disconnect();
    this.#connect(client);
  }

  async #logOut({ cookie }: PropertyClient): Promise<void> {
    this.#count("logout");
    const { directus } = this.#options;
    await (await post(directus, "/auth/logout", { mode: "session" }, cookie)).body?.cancel();
  }

  /** Users log in again and connect again. */
  async #returnAll(): Promise<void> {
    const { directus } = this.#options;
    for (const [index, client] of this.#clients.entries()) {
      const response = await directus.fetch(ME, { headers: { cookie: client.cookie } });
      await response.body?.cancel();
      if (response.ok || client.isConnected) continue;
      client.disconnect();
      const returned = this.#clients[index] = await this.#logIn(client.user);
      this.#allowed.record([returned]);
    }
    for (const client of this.#clients) {
      if (!client.isConnected && !client.isConnecting) this.#connect(client);
    }
  }

  /**
   * Returns the first view that does not show what REST answers, or what the model says. Views that
   * were refused before are subscribed to again.
   */
  async #difference(): Promise<string | undefined> {
    const differences: string[] = [];
    for (const client of this.#clients) {
      for (const view of client.views) {
        const answers = await this.#answers(client, view);
        const [shown, rest, model] = Object.values(answers).map(canonicalText);
        if (shown === rest && model === rest) continue;
        if (view.state === "refused") client.subscribe(view);
        const { query, problem } = view;
        differences.push(
          `${client.user} ${JSON.stringify({ query, problem })}\n${JSON.stringify(answers)}`,
        );
      }
    }
    return differences[0];
  }

  /** Resolves to what a view shows, and what it should show. */
  async #answers(
    { user, cookie }: PropertyClient,
    { query, state, list }: ClientView,
  ): Promise<{ readonly shown: unknown; readonly rest: unknown; readonly model: unknown }> {
    const { directus, world } = this.#options;
    const rest = await restRows(directus, cookie, { collection: "events", query });
    return {
      shown: state === "open" ? list : state,
      rest: rest === REFUSED ? "refused" : rest,
      model: world.model.rowsFor(user, query) ?? "refused",
    };
  }
}

/** The status by which REST refuses a query. */
const REFUSED = 403;
