/**
 * Views over a source that the test controls.
 *
 * @module
 */

import type { FakeTime } from "@std/testing/time";
import { silentMetrics } from "../../live/domain/metrics.ts";
import { SessionCookie } from "../../live/domain/session_cookie.ts";
import type { ViewQuery } from "../../live/domain/view_query.ts";
import { readViewQuery } from "../../live/domain/view_query.ts";
import type { Row, Viewer, ViewSource } from "../../live/domain/view_source.ts";
import { type OpenedView, Views, type ViewsOptions } from "../../live/views/views.ts";

type Classified = Awaited<ReturnType<ViewSource["classify"]>>;
type ReadAnswer = Awaited<ReturnType<ViewSource["read"]>>;

/** A read that waits for its answer. */
export interface PendingRead {
  readonly user: string;
  readonly query: ViewQuery;
  readonly answer: (answer: ReadAnswer) => void;
}

/** Answers what the test sets. Reads are answered at once, or when the test lets them. */
export class FakeSource implements ViewSource {
  /** Access class by user. @default {"everybody"} */
  readonly classes = new Map<string, string | Classified>();
  /** What a read answers. */
  rows: ReadAnswer = { kind: "rows", rows: [] };
  /** What a read answers to one user, instead of `rows`. */
  readonly rowsFor = new Map<string, ReadAnswer>();
  touched: ReadonlySet<string> | undefined = new Set(["events"]);
  pinned: ReadonlySet<string> | undefined;
  /** Users whose session was read with, in order. */
  readonly reads: string[] = [];
  /** Set to hold reads until the test answers them. */
  held: PendingRead[] | undefined;
  classified = 0;

  classify({ user }: Viewer): Promise<Classified> {
    this.classified++;
    const known = this.classes.get(nameOf(user)) ?? "everybody";
    return Promise.resolve(
      typeof known === "string" ? { kind: "class", key: known, touched: this.touched } : known,
    );
  }

  read({ user }: Viewer, query: ViewQuery, _keys?: readonly string[]): Promise<ReadAnswer> {
    this.reads.push(nameOf(user));
    if (this.held === undefined) {
      return Promise.resolve(this.rowsFor.get(nameOf(user)) ?? this.rows);
    }
    const { promise, resolve } = Promise.withResolvers<ReadAnswer>();
    this.held.push({ user: nameOf(user), query, answer: resolve });
    return promise;
  }

  forget(): void {}

  pinnedKeys(): ReadonlySet<string> | undefined {
    return this.pinned;
  }

  /** Sets the rows that reads answer, a letter each. */
  set list(keys: string) {
    this.rows = rowsOf(keys);
  }
}

function nameOf(user: Viewer["user"]): string {
  return user?.id ?? "public";
}

/** Returns rows, one for each letter. */
export function rowsOf(keys: string): { readonly kind: "rows"; readonly rows: Row[] } {
  return { kind: "rows", rows: [...keys].map((key) => ({ key, json: `{"id":"${key}"}` })) };
}

/** Returns a session of a user. */
export function viewerOf(id: string, value: string = id): Viewer {
  return {
    credential: new SessionCookie("session", value),
    user: { id, email: null, role: null, first_name: null, last_name: null },
  };
}

/** Returns a query on the collection `events`. */
export function queryOf(query: Readonly<Record<string, unknown>> = {}): ViewQuery {
  const read = readViewQuery({ collection: "events", query }, 1_000);
  if (typeof read === "string") throw new TypeError(read);
  return read;
}

/** Views, their source, and what was published and lost. */
export interface ViewsSetup extends Disposable {
  readonly source: FakeSource;
  readonly views: Views;
  /** Topics whose logs have grown, in order. */
  readonly published: string[];
  /** What members lost: the user and the reason. */
  readonly lost: string[];
  /** Opens a view; fails if it cannot be opened. */
  open(user: string | Viewer, query?: ViewQuery): Promise<OpenedView>;
  /** Returns what a view's log holds, sorted by rank, as the letters of the keys. */
  shown(topic: string): string;
}

/** Creates views. */
export function setUpViews(options: Partial<ViewsOptions> = {}): ViewsSetup {
  const source = new FakeSource();
  const views = new Views({
    source,
    refreshMs: 0,
    historySize: 256,
    historyTtlMs: 300_000,
    maxBytes: 1_000_000,
    metrics: silentMetrics,
    now: () => Date.now(),
    random: () => 0.5,
    ...options,
  });
  const published: string[] = [];
  const lost: string[] = [];
  views.listen((topic) => published.push(topic));
  return {
    source,
    views,
    published,
    lost,
    async open(user, query = queryOf()) {
      const viewer = typeof user === "string" ? viewerOf(user) : user;
      const opened = await views.open(viewer, query, (reason) => {
        lost.push(`${nameOf(viewer.user)} ${reason}`);
      });
      if (opened.kind !== "opened") throw new TypeError(`Cannot open: ${opened.kind}`);
      return opened;
    },
    shown(topic) {
      const rows = [...views.logOf(topic)?.latest(0) ?? []];
      return rows.sort((a, b) => (a.rank ?? "") < (b.rank ?? "") ? -1 : 1)
        .map(({ key }) => key).join("");
    },
    [Symbol.dispose]: () => views.stop(),
  };
}

/** Lets time pass in steps, because a timer may set another one. */
export async function pass(time: FakeTime, ms: number): Promise<void> {
  for (let step = 0; step < 20; step++) await time.tickAsync(ms / 20);
}
