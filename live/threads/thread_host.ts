/**
 * What the main thread does for one thread that serves clients.
 *
 * @module
 */

import type { Authority } from "../domain/authority.ts";
import { Publication } from "../domain/publication.ts";
import type { Refusals } from "../domain/refusal_log.ts";
import type { Views } from "../views/views.ts";
import type { Channel } from "./channel.ts";
import type { JoinedMetrics } from "./joined_metrics.ts";
import type { PlaceBook } from "./place_book.ts";
import type { MainCalls, ThreadCalls, ViewAnswer } from "./protocol.ts";
import { unseal } from "./sealed_credential.ts";
import type { TopicHost } from "./topic_host.ts";
import { TopicReader } from "./topic_reader.ts";

/** What exists once per process, and all threads share. */
export interface SharedParts {
  /** Identifies users; `undefined` if all clients are anonymous. */
  readonly authority: Authority | undefined;
  /** Views, if there are any. */
  readonly views: Views | undefined;
  /** The logs. */
  readonly topics: TopicHost;
  /** The limits of connections. */
  readonly places: PlaceBook;
  /** The metrics. */
  readonly metrics: JoinedMetrics;
  /** Takes refusals. */
  readonly refusals: Refusals;
  /** Writes a line to the log. */
  readonly writeLine: (line: string) => void;
}

/** What a thread reports about itself. */
export interface ThreadEvents {
  /**
   * Called with the reason why the thread should get no more clients; with `undefined` once it may get
   * more.
   */
  strained(reason: string | undefined): void;
  /** Called when the thread's listener has failed. */
  listenerFailed(reason: string): void;
}

/** Handles the calls of one thread, and releases everything that the thread holds when it ends. */
export class ThreadHost {
  /** The functions that the thread can call. */
  readonly handlers: MainCalls;
  readonly #shared: SharedParts;
  readonly #channel: () => Channel<ThreadCalls>;
  readonly #reader: TopicReader;
  readonly #leavePlaces: () => void;
  readonly #leaveMetrics: () => void;
  /** The function that leaves each view, by the id that the thread chose. */
  readonly #views = new Map<number, () => void>();
  #hasLeft = false;

  /** Creates the host of a thread that has just started. */
  constructor(shared: SharedParts, channel: () => Channel<ThreadCalls>, events: ThreadEvents) {
    const { authority, views, topics } = shared;
    const places = shared.places.join();
    const metrics = shared.metrics.join();
    const reader = new TopicReader(topics, () => channel().touch());
    this.#shared = shared;
    this.#channel = channel;
    this.#reader = reader;
    this.#leavePlaces = () => places.leaveAll();
    this.#leaveMetrics = () => metrics.leave();
    this.handlers = {
      authenticate: async (credential, options) =>
        await authority?.authenticate(unseal(credential), options) ?? { kind: "unauthorized" },
      authorise: async (credential, topic, options) =>
        await authority?.authorise(unseal(credential), topic, options) ?? { kind: "allowed" },
      openView: (id, ...viewer) => this.#openView(id, ...viewer),
      leaveView: (id) => this.#leaveView(id),
      checkViews: async (credential) =>
        await views?.check(unseal(credential)) ?? { asked: 0, lost: 0, unanswered: [] },
      append: (publications) => topics.broker.publish(publications.map(Publication.received)),
      read: (topic, known, options) => reader.read(topic, known, options),
      subscribe: (topic) => reader.subscribe(topic),
      unsubscribe: (topic) => reader.unsubscribe(topic),
      confirmAnnouncements: () => reader.confirm(),
      takePlace: (userId, isExchange) => places.take(userId, isExchange),
      leavePlace: (userId) => places.leave(userId),
      log: shared.writeLine,
      measured: (measurements) => metrics.add(measurements),
      refused: (reason, details) => shared.refusals.note(reason, ...details),
      strained: events.strained,
      listenerFailed: events.listenerFailed,
    };
  }

  /** Sends what was appended to the thread's topics. Called before each batch. */
  announce(): void {
    const announcements = this.#reader.take();
    if (announcements !== undefined) this.#channel().tell("announce", announcements);
  }

  /** Releases everything that the thread held. Called when it has ended, and its connections with it. */
  leave(): void {
    this.#hasLeft = true;
    this.#reader.leave();
    for (const id of [...this.#views.keys()]) this.#leaveView(id);
    this.#leavePlaces();
    this.#leaveMetrics();
  }

  async #openView(
    id: number,
    ...[credential, user, query]: [
      ...Parameters<MainCalls["openView"]> extends [number, ...infer Rest] ? Rest : never,
    ]
  ): Promise<ViewAnswer> {
    const { views } = this.#shared;
    if (views === undefined) return { kind: "unauthorized" };
    const viewer = { credential: unseal(credential), user };
    let isLost = false;
    const answer = await views.open(viewer, query, (reason) => {
      isLost = true;
      this.#views.delete(id);
      this.#channel().tell("viewLost", id, reason);
    });
    if (answer.kind !== "opened") return answer;
    const { leave, ...opened } = answer;
    if (this.#hasLeft || isLost) leave(); // no session uses it any more
    else this.#views.set(id, leave);
    return opened;
  }

  #leaveView(id: number): void {
    this.#views.get(id)?.();
    this.#views.delete(id);
  }
}
