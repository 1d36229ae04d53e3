/**
 * The calls between the main thread and the threads that serve clients.
 *
 * @module
 */

import type { AskOptions, Authentication, Authorisation, User } from "../domain/authority.ts";
import type { Cursor } from "../domain/broker.ts";
import type { PublicationParts } from "../domain/publication.ts";
import type { RefusalReason } from "../domain/refusal_log.ts";
import type { Revocation } from "../domain/revocation.ts";
import type { StatusPart, StatusQuery } from "../domain/status.ts";
import type { Topic } from "../domain/topic.ts";
import type { ViewQuery } from "../domain/view_query.ts";
import type { ReplicaPosition } from "../history/replica.ts";
import type { Announcement, LogState } from "../history/stored_log.ts";
import type { ReadOptions } from "../history/topic_store.ts";
import type { DrainResult } from "../http/live_server.ts";
import type { LiveOptions } from "../live.ts";
import type { Revoked } from "../session/revoke.ts";
import type { StdLoggerOptions } from "../telemetry/std_logger.ts";
import type { OpenedView, Views, ViewsChecked } from "../views/views.ts";
import type { LossReason } from "../views/view_members.ts";
import type { Measurements } from "./measurements.ts";
import type { PlaceAnswer } from "./place_book.ts";

/** A credential in the form in which it crosses between threads: its header, if there is a credential. */
export type SealedCredential = readonly [header: string, value: string] | undefined;

/** The answer to opening a view. The thread that asked adds the function that leaves the view. */
export type ViewAnswer =
  | Exclude<Awaited<ReturnType<Views["open"]>>, OpenedView>
  | Omit<OpenedView, "leave">;

/** What was appended to a topic's log. */
export type TopicAnnouncement = readonly [topic: string, announcement: Announcement];

/** What a thread calls in the main thread. */
export type MainCalls = {
  /** Asks the authority whose session a credential belongs to. */
  authenticate(credential: SealedCredential, options: AskOptions): Promise<Authentication>;
  /** Asks the authority whether a user may subscribe to a topic. */
  authorise(
    credential: SealedCredential,
    topic: Topic,
    options: AskOptions,
  ): Promise<Authorisation>;
  /** Opens a view for a session. The thread chooses the `id`, and uses it in later calls. */
  openView(
    id: number,
    credential: SealedCredential,
    user: User | null,
    query: ViewQuery,
  ): Promise<ViewAnswer>;
  /** Leaves a view. */
  leaveView(id: number): void;
  /** Checks a session's views. */
  checkViews(credential: SealedCredential): Promise<ViewsChecked>;
  /** Appends publications to their logs. */
  append(publications: readonly PublicationParts[]): Promise<Cursor[]>;
  /** Reads what a replica lacks of a topic that the thread has subscribed to. */
  read(topic: string, known: ReplicaPosition, options: ReadOptions): Promise<LogState>;
  /** Starts announcements of a topic. */
  subscribe(topic: string): Promise<void>;
  /** Ends the announcements of a topic. */
  unsubscribe(topic: string): void;
  /** Confirms announcements, so that more are sent. */
  confirmAnnouncements(): void;
  /** Takes a place for a connection, perhaps in exchange for another one. */
  takePlace(userId: string | null, isExchange: boolean): PlaceAnswer;
  /** Gives up a place. */
  leavePlace(userId: string | null): void;
  /** Writes a line to the log. */
  log(line: string): void;
  /** Adds to the metrics. */
  measured(measurements: Measurements): void;
  /** Notes a refusal for the operator. */
  refused(reason: RefusalReason, details: readonly string[]): void;
  /** Reports why the thread should get no more clients; `undefined` if it may get more. */
  strained(reason: string | undefined): void;
  /** Reports that the thread's listener has failed. */
  listenerFailed(reason: string): void;
};

/** What the main thread calls in a thread. */
export type ThreadCalls = {
  /** Starts to serve clients. */
  start(orders: ThreadOrders): Promise<Deno.NetAddr>;
  /** Passes on what was appended to logs. */
  announce(announcements: readonly TopicAnnouncement[]): void;
  /** Reports that a session has lost a view. */
  viewLost(id: number, reason: LossReason): void;
  /** Carries out a revocation on the thread's connections. */
  revoke(revocation: Revocation): Promise<Revoked>;
  /** Checks the sessions of some users at once, or all. */
  checkRights(users: readonly string[] | undefined): void;
  /** Returns the thread's connections and topics, for an operator. */
  status(query: StatusQuery): Promise<StatusPart>;
  /** Sends the metrics at once. */
  measure(): void;
  /** Answers, if the thread's event loop runs. */
  ping(): void;
  /** Drains. */
  stop(timeoutMs: number): Promise<DrainResult>;
};

/** The options of the live server that can be copied to another thread. */
export type CopiedOptions = Omit<
  LiveOptions,
  | "authority"
  | "broker"
  | "logger"
  | "metrics"
  | "onLost"
  | "other"
  | "places"
  | "refusals"
  | "revocationBus"
  | "spares"
  | "views"
  | "viewSource"
>;

/** What a thread needs to start. */
export interface ThreadOrders {
  /** Options of the live server. */
  readonly options: CopiedOptions;
  /** Whether the main thread has an authority and views. */
  readonly hasAuthority: boolean;
  readonly hasViews: boolean;
  /** How many places are taken, as the main thread counts them. */
  readonly placesTaken: Int32Array<SharedArrayBuffer>;
  /** Whether traces are recorded; the thread does not load the code for it otherwise. */
  readonly isTracing: boolean;
  /** Level and format of the log. */
  readonly log: Pick<StdLoggerOptions, "level" | "format" | "fields">;
}
