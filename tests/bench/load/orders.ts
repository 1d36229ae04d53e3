/**
 * Orders to the load generator, and its answers. Each is a line of JSON.
 *
 * @module
 */

/** Opens connections, after it has closed those of an earlier order. */
export interface ConnectOrder {
  readonly order: "connect";
  /** Port of the server's WebSockets. */
  readonly port: number;
  /** Number of connections. */
  readonly count: number;
  /** `Cookie` headers, which the connections use in turn. */
  readonly cookies: readonly string[];
  /** The first message of each connection, with `#` for the number of its topic. @default {none} */
  readonly hello?: string;
  /** A text in the answer to the first message. @default {none} */
  readonly answer?: string;
  /** Number of topics, which the connections use in turn. @default {1} */
  readonly topics?: number;
  /** Connections to open concurrently. @default {64} */
  readonly atOnce?: number;
}

/** Where and how to publish. */
export interface Publishing {
  /** Port of the server. */
  readonly port: number;
  /** Path to post to. */
  readonly path: string;
  /** Header lines, each with its line end. @default {""} */
  readonly headers?: string;
  /** The body, with `@` for the message's data and `#` for the number of its topic. */
  readonly body: string;
}

/** Publishes at a rate, however slow the server is (open loop). */
export interface RateOrder {
  readonly order: "rate";
  readonly publishing: Publishing;
  /** Messages per second. */
  readonly perSecond: number;
  /** Duration, in seconds. */
  readonly seconds: number;
  /** Number of topics, which messages use in turn. @default {1} */
  readonly topics?: number;
  /** Process whose CPU time is measured. */
  readonly pid: number;
}

/** Publishes a message once all clients have received the one before. */
export interface OneOrder extends Omit<RateOrder, "order" | "perSecond"> {
  readonly order: "one";
}

/** Publishes without subscribers, as fast as possible. */
export interface CallsOrder {
  readonly order: "calls";
  readonly publishing: Publishing;
  /** Number of connections, each with one call in flight. */
  readonly connections: number;
  /** Messages in one call; the body is an array if there are several. */
  readonly batch: number;
  readonly seconds: number;
}

/** An order. */
export type Order = ConnectOrder | RateOrder | OneOrder | CallsOrder | { readonly order: "close" };

/** The answer to {@linkcode ConnectOrder}. */
export interface Connected {
  /** Seconds until the last connection was ready. */
  readonly seconds: number;
  /** Connections that were refused or broke. */
  readonly failed: number;
}

/** The answer to {@linkcode RateOrder} and {@linkcode OneOrder}. */
export interface Published {
  /** Messages published. */
  readonly published: number;
  /** Messages that arrived, over all connections, at most 5 s after the end. */
  readonly delivered: number;
  /** Connections that did not receive the last message in time. */
  readonly behind: number;
  /** Time from when a message was due to its arrival, in milliseconds, on a sample of connections. */
  readonly p50: number;
  readonly p99: number;
  /** Frames that arrived, or parts of long frames. */
  readonly reads: number;
  /** CPU time of the server for each delivered message, in microseconds. */
  readonly cpuUs: number;
  /** Duration until all messages had arrived, in seconds. */
  readonly seconds: number;
  /** Fraction of the time in which this process used its core. */
  readonly busy: number;
}

/** The answer to {@linkcode CallsOrder}. */
export interface Called {
  /** Messages per second. */
  readonly perSecond: number;
}
