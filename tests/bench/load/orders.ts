/**
 * What the load generator is told, one line of JSON each, and what it answers.
 *
 * @module
 */

/** Opens connections. They are closed first that there were. */
export interface ConnectOrder {
  readonly order: "connect";
  /** Port of the server's WebSockets. */
  readonly port: number;
  /** How many. */
  readonly count: number;
  /** Values of the `Cookie` header, in turn. */
  readonly cookies: readonly string[];
  /** The first message of each, with `#` for the number of its topic. @default {none} */
  readonly hello?: string;
  /** What comes when it is subscribed. @default {no message} */
  readonly answer?: string;
  /** How many topics there are; the connections take them in turn. @default {1} */
  readonly topics?: number;
  /** Connections to open at a time. @default {64} */
  readonly atOnce?: number;
}

/** Where and how to publish. */
export interface Publishing {
  /** Port of the server that takes it. */
  readonly port: number;
  /** Path to post to. */
  readonly path: string;
  /** Header lines, each with its line end. @default {""} */
  readonly headers?: string;
  /** The body, with `@` for the message's data and `#` for the number of its topic. */
  readonly body: string;
}

/** Publishes at a rate, however long the server takes. */
export interface RateOrder {
  readonly order: "rate";
  readonly publishing: Publishing;
  /** Messages a second. */
  readonly perSecond: number;
  /** For how long. */
  readonly seconds: number;
  /** Topics, published to in turn. @default {1} */
  readonly topics?: number;
  /** Process whose CPU time counts. */
  readonly pid: number;
}

/** Publishes the next message when all have the one before. */
export interface OneOrder extends Omit<RateOrder, "order" | "perSecond"> {
  readonly order: "one";
}

/** Publishes to nobody, as fast as so many connections can. */
export interface CallsOrder {
  readonly order: "calls";
  readonly publishing: Publishing;
  /** Connections, each with one call under way. */
  readonly connections: number;
  /** Messages in one call; more than 1 makes the body an array. */
  readonly batch: number;
  readonly seconds: number;
}

/** What may be ordered. */
export type Order = ConnectOrder | RateOrder | OneOrder | CallsOrder | { readonly order: "close" };

/** What came of opening connections. */
export interface Connected {
  /** Seconds until the last was ready. */
  readonly seconds: number;
  /** Connections that were refused or broke. */
  readonly failed: number;
}

/** What came of publishing. */
export interface Published {
  /** Messages published. */
  readonly published: number;
  /** Messages that should have arrived, over all connections, and did within 5 s of the end. */
  readonly delivered: number;
  /** Connections that did not get the last message in time. */
  readonly behind: number;
  /** From when a message was due to its arrival, in milliseconds, of every 16th connection. */
  readonly p50: number;
  readonly p99: number;
  /** Frames, or parts of long ones, that arrived. */
  readonly reads: number;
  /** CPU time of the server for each delivered message, in microseconds. */
  readonly cpuUs: number;
  /** How long it took, in seconds. */
  readonly seconds: number;
  /** Part of the time in which this process was busy itself. */
  readonly busy: number;
}

/** What came of calls. */
export interface Called {
  /** Messages a second. */
  readonly perSecond: number;
}
