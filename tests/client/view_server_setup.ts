/**
 * A server of views that a test controls: it keeps a log of each view, and answers what the client
 * sends.
 *
 * @module
 */

import { assert } from "@std/assert";
import type { Random } from "../support/random.ts";
import type { FakeSocket } from "./setup.ts";
import type { Row } from "./view_setup.ts";

const IDS = 12;

/** How many messages a log holds for recovery. */
const LOG_SIZE = 6;

const CHARACTERS = "09AZaz";

interface LogEntry {
  readonly offset: number;
  readonly key: string;
  readonly rank?: string;
  readonly data?: Row;
  readonly removed?: true;
}

/** A view's rows and its log. A change of rights replaces the log. */
export class ServerView {
  readonly #random: Random;
  /** The newest entry of each row. */
  readonly #latest = new Map<string, LogEntry>();
  #log: LogEntry[] = [];
  #head = 0;
  name = "";
  epoch = "";
  /** All lists that it ever was, as JSON. */
  readonly lists = new Set<string>();

  /** Creates a view with random rows. */
  constructor(random: Random) {
    this.#random = random;
    this.replace();
  }

  /** The rows in the view's order. */
  get rows(): Row[] {
    return [...this.#latest.values()].sort((a, b) => (a.rank ?? "") < (b.rank ?? "") ? -1 : 1)
      .map(({ data }) => data as Row);
  }

  get head(): number {
    return this.#head;
  }

  /** Begins a new log, with the rows or with others. */
  replace(keepsRows = false): void {
    this.epoch = String(this.#random.next());
    const entries = [...this.#latest.values()];
    this.#log = [];
    this.#head = 0;
    if (keepsRows) {
      for (const { key, rank = "", data } of entries) {
        this.#append({ key, rank, ...data && { data } });
      }
    } else {
      this.name = `view:${this.#random.next()}`;
      this.#latest.clear();
      for (let count = this.#random.below(5); count > 0; count--) this.#upsert();
    }
    this.#note();
  }

  /** Lets rows come, change, move and leave. */
  change(): void {
    for (let count = this.#random.below(4); count >= 0; count--) {
      const key = this.#random.of([...this.#latest.keys()]);
      if (key !== undefined && this.#random.below(3) === 0) this.#append({ key, removed: true });
      else this.#upsert();
      this.#note();
    }
  }

  /** Returns what followed an offset, if the log holds it. */
  after(offset: number): LogEntry[] | undefined {
    const entries = this.#log.filter((entry) => entry.offset > offset);
    return entries.length === this.#head - offset ? entries : undefined;
  }

  /** Returns the newest entry of each row, as a snapshot does. */
  snapshot(): LogEntry[] {
    return [...this.#latest.values()].sort((a, b) => a.offset - b.offset);
  }

  #upsert(): void {
    const id = this.#random.below(IDS);
    const title = this.#random.of(["a", "b"]);
    const former = this.#latest.get(String(id));
    const isMoving = former === undefined || this.#random.below(2) === 0;
    const rank = isMoving ? this.#rank() : former.rank ?? "";
    this.#append({ key: String(id), rank, data: { id, title } });
  }

  #rank(): string {
    const ranks = new Set([...this.#latest.values()].map(({ rank }) => rank));
    while (true) {
      const rank = Array.from({ length: 3 }, () => this.#random.of([...CHARACTERS])).join("");
      if (!ranks.has(rank)) return rank;
    }
  }

  #append(entry: Omit<LogEntry, "offset">): void {
    const logged = { ...entry, offset: ++this.#head };
    this.#log = [...this.#log, logged].slice(-LOG_SIZE);
    if (entry.removed) this.#latest.delete(entry.key);
    else this.#latest.set(entry.key, logged);
  }

  #note(): void {
    this.lists.add(JSON.stringify(this.rows));
  }
}

/** Both ends of a connection. */
export class ViewLink {
  readonly #socket: FakeSocket;
  readonly #views: (query: object) => ServerView;
  readonly #random: Random;
  /** Offsets up to which the client has got each view's log. */
  readonly subscribed = new Map<ServerView, number>();
  readonly #down: object[] = [];
  #taken = 0;
  /** What came about. */
  readonly seen: Record<"recovered" | "snapshots" | "unavailable", number>;

  /** Opens the connection of a client's socket. */
  constructor(
    socket: FakeSocket,
    views: (query: object) => ServerView,
    random: Random,
    seen: ViewLink["seen"],
  ) {
    this.#socket = socket;
    this.#views = views;
    this.#random = random;
    this.seen = seen;
    socket.open();
  }

  /** Carries at most this many messages to the server. */
  up(count: number): void {
    for (; count > 0 && this.#taken < this.#socket.sent.length; count--) {
      // deno-lint-ignore no-explicit-any -- the test reads what the client wrote
      const message = this.#socket.sent[this.#taken++] as any;
      if (message.type === "unsubscribe") this.#unsubscribe(message.topic);
      else if (message.type === "ping") this.#down.push({ type: "pong", id: message.id });
      else this.#subscribe(message.id, this.#views(message.view.query), message.since);
    }
  }

  /** Carries at most this many messages to the client, in one frame. */
  down(count: number): void {
    this.flush();
    const frame = this.#down.splice(0, count);
    if (frame.length > 0) this.#socket.receive(...frame);
  }

  /** Ends the client's subscription to a view whose log was replaced, or starts it over. */
  lose(view: ServerView, name: string): void {
    if (!this.subscribed.delete(view)) return;
    this.#down.push({ type: "unsubscribed", topic: name, reason: "changed" });
  }

  /** Starts a view over, without being asked. */
  restart(view: ServerView): void {
    if (this.subscribed.has(view)) this.#start(view, {}, undefined);
  }

  /** Queues what was published. */
  flush(): void {
    for (const [view, offset] of this.subscribed) {
      const entries = view.after(offset);
      if (entries === undefined) {
        this.#start(view, {}, undefined);
        continue;
      }
      for (const entry of entries) this.#down.push(messageOf(view, entry));
      this.subscribed.set(view, view.head);
    }
  }

  #subscribe(id: string, view: ServerView, since?: { epoch: string; offset: number }): void {
    assert(id !== undefined);
    if (this.#random.below(5) === 0) {
      this.seen.unavailable++;
      this.#down.push({ type: "error", code: "unavailable", message: "", id, retryAfterMs: 500 });
    } else this.#start(view, { id }, since);
  }

  #start(view: ServerView, more: object, since?: { epoch: string; offset: number }): void {
    const missed = since?.epoch === view.epoch ? view.after(since.offset) : undefined;
    const recovered = missed !== undefined;
    this.seen[recovered ? "recovered" : "snapshots"]++;
    const messages = (missed ?? view.snapshot()).map((entry) => messageOf(view, entry));
    const { name: topic, epoch, head: offset } = view;
    this.#down.push({ type: "subscribed", topic, ...more, epoch, offset, recovered, messages });
    this.subscribed.set(view, offset);
  }

  #unsubscribe(topic: string): void {
    for (const view of this.subscribed.keys()) {
      if (view.name === topic) this.subscribed.delete(view);
    }
    this.#down.push({ type: "unsubscribed", topic });
  }
}

function messageOf({ name: topic }: ServerView, entry: LogEntry): object {
  return { type: "message", topic, ...entry };
}
