/**
 * Clients of views that follow the protocol, and report what they should not have received.
 *
 * @module
 */

/** A row as a client holds it. */
interface HeldRow {
  readonly rank: string;
  readonly json: string;
}

/** One view of a client. */
export class ClientView {
  readonly query: Record<string, unknown>;
  /** The rows that it holds. */
  readonly rows = new Map<string, HeldRow>();
  /** Keys that it has ever held. */
  readonly known = new Set<string>();
  state: "asking" | "open" | "refused" = "asking";
  /** The last error that the server answered. */
  problem: string | undefined;
  topic: string | undefined;
  since: { epoch: string; offset: number } | undefined;

  constructor(query: Record<string, unknown>) {
    this.query = query;
  }

  /** The rows in the order of their ranks, as JSON. */
  get list(): unknown[] {
    return [...this.rows.values()].toSorted((a, b) => a.rank < b.rank ? -1 : 1)
      .map(({ json }) => JSON.parse(json));
  }
}

// deno-lint-ignore no-explicit-any -- a message from the server
type Message = any;

/** A connection to an instance. */
export interface Link {
  /** Whether the server can still be heard. */
  readonly isOpen: boolean;
  /** Sends a message. */
  send(text: string): void;
  /** Breaks the connection, or ends what the server has closed. */
  end(): void;
}

/** Connects with a session; resolves to `undefined` if the server does not admit it. */
export type Dial = (
  cookie: string,
  receive: (frame: string) => void,
  /** Called when an open connection has ended. */
  ended: () => void,
) => Promise<Link | undefined>;

/** Reports of a client. */
export interface ClientEvents {
  /** A row has reached it. */
  row(client: PropertyClient, view: ClientView, row: unknown): void;
  /** It received what it should not. */
  fault(client: PropertyClient, view: ClientView, what: string): void;
}

/** A client that subscribes to views. */
export class PropertyClient {
  readonly user: string;
  readonly cookie: string;
  readonly views: ClientView[];
  /** The current connection; `undefined` while there is none. */
  link: Link | undefined;
  /** How often it has connected. */
  #connects = 0;
  /** The number of the connection that it waits for; 0 if there is none. */
  #dialled = 0;
  readonly #pongs: (() => void)[] = [];
  readonly #report: ClientEvents;

  constructor(
    user: string,
    cookie: string,
    queries: readonly Record<string, unknown>[],
    report: ClientEvents,
  ) {
    this.user = user;
    this.cookie = cookie;
    this.views = queries.map((query) => new ClientView(query));
    this.#report = report;
  }

  /** Whether it is connected. */
  get isConnected(): boolean {
    return this.link?.isOpen ?? false;
  }

  /** Whether it waits for the server to admit it. */
  get isConnecting(): boolean {
    return this.#dialled > 0 && this.#dialled === this.#connects;
  }

  /** Connects, and subscribes to each view from where it stopped. */
  async connect(dial: Dial): Promise<void> {
    const connect = this.#dialled = ++this.#connects;
    const link = await dial(this.cookie, (frame) => {
      if (connect !== this.#connects) return; // that connection is broken
      for (const message of [JSON.parse(frame)].flat()) this.#receive(message);
    }, () => this.#pong());
    if (connect !== this.#connects) return link?.end();
    this.#dialled = 0;
    this.link = link;
    for (const view of this.views) this.subscribe(view);
  }

  /** Resolves once everything that was sent to it before has arrived, or its connection has ended. */
  ping(): Promise<void> {
    if (!this.isConnected) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#pongs.push(resolve);
    this.link?.send('{"type":"ping"}');
    return promise;
  }

  /** Called when a ping was answered, or will not be. */
  #pong(): void {
    for (const resolve of this.#pongs.splice(0)) resolve();
  }

  /** Breaks the connection, or ends what the server has closed. */
  disconnect(): void {
    this.#pong();
    this.#connects++;
    this.link?.end();
    this.link = undefined;
  }

  /** Subscribes to a view from where it stopped. */
  subscribe(view: ClientView): void {
    view.state = "asking";
    const { query, since } = view;
    const id = String(this.views.indexOf(view));
    const message = { type: "subscribe", view: { collection: "events", query }, id, since };
    this.link?.send(JSON.stringify(message));
  }

  #receive(message: Message): void {
    const { type, id, topic } = message;
    if (type === "pong") return this.#pong();
    const view = id === undefined
      ? this.views.find((view) => view.topic === topic)
      : this.views[Number(id)];
    if (view === undefined) return;
    if (type === "subscribed") this.#begin(view, message);
    else if (type === "message") this.#apply(view, message);
    else if (type === "unsubscribed") {
      view.topic = undefined;
      view.rows.clear();
      view.since = undefined; // it starts over, with a snapshot
      if (message.reason === "changed") queueMicrotask(() => this.subscribe(view));
      else view.state = "refused";
    } else if (type === "error") {
      view.problem = `${message.code}: ${message.message}`;
      if (message.code === "unavailable") {
        setTimeout(() => this.subscribe(view), message.retryAfterMs);
      } else {
        view.state = "refused";
        view.topic = undefined;
        view.rows.clear();
        view.since = undefined;
      }
    }
  }

  #begin(view: ClientView, { topic, epoch, offset, recovered, messages }: Message): void {
    if (!recovered) view.rows.clear();
    view.state = "open";
    view.topic = topic;
    view.since = { epoch, offset };
    for (const message of messages) this.#apply(view, message);
  }

  #apply(view: ClientView, { offset, key, rank, data, removed }: Message): void {
    if (view.since) view.since = { ...view.since, offset };
    if (removed) {
      if (!view.known.has(key)) this.#report.fault(this, view, `removal of ${key}`);
      view.rows.delete(key);
      return;
    }
    this.#report.row(this, view, data);
    view.known.add(key);
    view.rows.set(key, { rank, json: JSON.stringify(data) });
  }
}
