/**
 * Views against Directus's own WebSockets, on the same real Directus in one run.
 *
 * 1. One update that 1,000 subscribers with equal rights see.
 * 2. 100 changes a second of a view of 100 rows, with 1,000 subscribers in five access classes.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import { createFlow, recipe } from "../../directus_real/flow_setup.ts";
import { serve, type Served } from "../../directus_real/server_setup.ts";
import { memoryKib } from "../../support/proc.ts";
import { print, short, table } from "../figures.ts";
import { Crowd, type Dialect, DIRECTUS, LIVE } from "./crowd.ts";
import { type BenchWorld, CLASSES, COLLECTION, createBenchWorld, ROWS } from "./world.ts";

const SUBSCRIBERS = 1_000;

/** Updates, one after the other, and how many come first to compile the code. */
const UPDATES = 10;
const WARM_UP = 2;

/** Calls a second, rows in each, and how long they go on, in seconds. */
const CALLS = 10;
const CHANGED_ROWS = 10;
const SECONDS = 15;

/** Bounds of the second part: latency in milliseconds, and reads a second for each class. */
const MAX_P99_MS = 1_000;
const MAX_READS = 10;

/** Aims of the first part. */
const MIN_RATIO = 20;

/** Settings by which Directus logs each query of its database, and those that end this. */
const TRACED = { LOG_LEVEL: "trace" };
const QUIET = { LOG_LEVEL: "warn" };

/** How long nothing happens after an update, in milliseconds: both are idle again. */
const PAUSE_MS = 500;

const env = {
  LIVE_REVALIDATE_INTERVAL_MS: "60000",
  DIRECTUS_CACHE_TTL_MS: "5000",
  LIVE_MAX_CONNECTIONS_PER_USER: "50000",
};

/** What is measured of one kind of server. */
interface Measured {
  readonly latenciesMs: readonly number[];
  readonly kibEach: number;
  readonly reads: number;
}

/** A server with subscribers. */
interface Subject {
  readonly name: string;
  readonly url: string;
  readonly pid: () => number;
  readonly dialect: Dialect;
}

/** Runs it; resolves to whether the aims were reached. */
export async function views(): Promise<boolean> {
  await using world = await createBenchWorld();
  await using served = await serve(world.directus, env);
  const changed = { ...recipe("What changed in a collection"), collections: [COLLECTION] };
  await using _flow = await createFlow(world.directus, served, changed);
  const bench = new Bench(world, served);
  const isBounded = await bench.rate();
  return await bench.compare() && isBounded;
}

class Bench {
  readonly #world: BenchWorld;
  readonly #served: Served;
  readonly #subjects: readonly Subject[];
  /** The number that is written next. */
  #n = 0;

  constructor(world: BenchWorld, served: Served) {
    this.#world = world;
    this.#served = served;
    const { directus } = world;
    this.#subjects = [
      { name: "Live", url: served.url, pid: () => served.pid, dialect: LIVE },
      {
        name: "Directus",
        url: directus.url.replace("http", "ws"),
        pid: () => directus.pid ?? 0,
        dialect: DIRECTUS,
      },
    ];
  }

  /** One update at a time, for 1,000 subscribers with equal rights. */
  async compare(): Promise<boolean> {
    const { directus } = this.#world;
    const latencies: Pick<Measured, "latenciesMs" | "kibEach">[] = [];
    for (const subject of this.#subjects) latencies.push(await this.#latencies(subject));
    await directus.restart(TRACED);
    const ofUpdate = await this.#queries(async () => await this.#update());
    const reads: number[] = [];
    for (const subject of this.#subjects) {
      using crowd = await this.#connect(subject, SUBSCRIBERS);
      reads.push(await this.#queries(() => this.#update(crowd)) - ofUpdate);
    }
    await directus.restart(QUIET);
    const rows = this.#subjects.map(({ name }, index) => {
      const { latenciesMs = [], kibEach = NaN } = latencies[index] ?? {};
      const [p50, p99] = [0.5, 0.99].map((part) => quantile(latenciesMs, part));
      return { name, p50: p50 ?? NaN, p99: p99 ?? NaN, reads: reads[index] ?? NaN, kibEach };
    });
    const head = ["", "p50, ms", "p99, ms", "reads of one update", "KiB a connection"];
    print(table(
      head,
      rows.map(({ name, ...figures }) => [name, ...Object.values(figures).map(short)]),
    ));
    const [live, own] = rows;
    const ratio = (own?.p99 ?? NaN) / (live?.p99 ?? NaN);
    print(`\nThe p99 of Live is ${short(ratio)} times lower.\n`);
    return ratio >= MIN_RATIO && live?.reads === 1;
  }

  /** Changes many rows a second, which subscribers of all classes see. */
  async rate(): Promise<boolean> {
    const [subject] = this.#subjects;
    if (subject === undefined) return false;
    using crowd = await Crowd.connect(subject, this.#world.cookies.flat(), SUBSCRIBERS);
    const readsBefore = await this.#reads();
    const startMs = performance.now();
    const sent = new Map<number, number>();
    const calls: Promise<unknown>[] = [];
    for (let call = 0; call < CALLS * SECONDS; call++) {
      const n = ++this.#n;
      const keys = Array.from(
        { length: CHANGED_ROWS },
        (_, index) => 1 + (call * CHANGED_ROWS + index) % ROWS,
      );
      sent.set(n, performance.now());
      calls.push(
        this.#world.directus.admin("PATCH", `/items/${COLLECTION}`, { keys, data: { n } }),
      );
      await sleep(Math.max(0, startMs + (call + 1) * 1000 / CALLS - performance.now()));
    }
    await Promise.all(calls);
    const seconds = (performance.now() - startMs) / 1000;
    const reads = (await this.#reads() - readsBefore) / seconds;
    const latenciesMs: number[] = [];
    for (const [n, sentMs] of sent) {
      latenciesMs.push(...(await crowd.whenSeen(n)).map((time) => time - sentMs));
    }
    const [p50, p99] = [0.5, 0.99].map((part) => quantile(latenciesMs, part));
    print(table(
      ["changes a second", "p50, ms", "p99, ms", "reads a second, of all classes"],
      [[CALLS * CHANGED_ROWS * SECONDS / seconds, p50 ?? NaN, p99 ?? NaN, reads].map(short)],
    ));
    print("");
    return (p99 ?? NaN) < MAX_P99_MS && reads <= MAX_READS * CLASSES;
  }

  /** Has all subscribers see one update after the other. */
  async #latencies(subject: Subject): Promise<Pick<Measured, "latenciesMs" | "kibEach">> {
    const beforeKib = memoryKib(subject.pid()).now;
    using crowd = await this.#connect(subject, SUBSCRIBERS);
    const kibEach = (memoryKib(subject.pid()).now - beforeKib) / SUBSCRIBERS;
    const latenciesMs: number[] = [];
    for (let update = 1 - WARM_UP; update <= UPDATES; update++) {
      const startMs = performance.now();
      const times = await this.#update(crowd);
      if (update > 0) latenciesMs.push(...times.map((time) => time - startMs));
      await sleep(PAUSE_MS);
    }
    return { latenciesMs, kibEach };
  }

  /** Updates a row; resolves to when each subscriber has seen it. */
  async #update(crowd?: Crowd): Promise<number[]> {
    const n = ++this.#n;
    const written = this.#world.directus.admin("PATCH", `/items/${COLLECTION}/1`, { n });
    const times = await crowd?.whenSeen(n) ?? [];
    await written;
    return times;
  }

  #connect(subject: Subject, count: number): Promise<Crowd> {
    return Crowd.connect(subject, this.#world.cookies[0] ?? [], count);
  }

  /** Resolves to how often the collection is read from the database while something happens. */
  async #queries(act: () => Promise<unknown>): Promise<number> {
    const { log } = this.#world.directus;
    const count = () => [...Deno.readTextFileSync(log).matchAll(SELECT)].length;
    const before = count();
    await act();
    await sleep(PAUSE_MS);
    return count() - before;
  }

  /** Resolves to the reads of views so far. */
  async #reads(): Promise<number> {
    const text = await (await fetch(`${this.#served.ops}/metrics`)).text();
    const counts = text.matchAll(/^processor_live_view_read_ms_count\S* (\d+)$/gm);
    return counts.reduce((sum, [, count]) => sum + Number(count), 0);
  }
}

/** A query of the collection in Directus's log. */
const SELECT = new RegExp(`\\] ?select [^\n]* from \`${COLLECTION}\``, "g");

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * part) - 1] ?? NaN;
}
