/**
 * Views: which session has which view, and which views may have changed.
 *
 * @module
 */

import { concerns, type Unavailable } from "../domain/authority.ts";
import type { Credential } from "../domain/credential.ts";
import type { StatusQuery, Table, ViewRow } from "../domain/status.ts";
import type { ViewQuery } from "../domain/view_query.ts";
import type { Change, Viewer } from "../domain/view_source.ts";
import type { TopicHistory } from "../history/topic_history.ts";
import { viewTable } from "./view_table.ts";
import { type ReadFailure, RIGHTS_CHANGED } from "./view_options.ts";
import type { LossReason, ViewMember } from "./view_members.ts";
import { type ViewEntry, ViewRegistry, type ViewRegistryOptions } from "./view_registry.ts";

/** What views need. */
export type ViewsOptions = ViewRegistryOptions;

/** A view that was opened for a session. */
export interface OpenedView {
  /** Tells the union's members apart. */
  readonly kind: "opened";
  /** Name of the topic that carries it. */
  readonly topic: string;
  /** Whether every deleted row was one of its rows, even if it was never shown. */
  readonly holdsAll?: boolean;
  /** Leaves the view. A second call does nothing. */
  readonly leave: () => void;
}

/** There is no room for another view. */
export interface TooManyViews {
  /** Tells the union's members apart. */
  readonly kind: "full";
}

/** The result of checking a session's views. */
export interface ViewsChecked {
  /** How many views were checked. */
  readonly asked: number;
  /** How many of them the session lost. */
  readonly lost: number;
  /** Why views could not be checked, one reason for each. */
  readonly unanswered: readonly string[];
}

/** Views as sessions use them, whichever thread keeps them. */
export type SharedViews = Pick<Views, "open" | "check" | "rightsChanged" | "changed">;

const STOPPED: Unavailable = {
  kind: "unavailable",
  reason: "server is stopping",
  retryAfterMs: 1_000,
};

/** The shortest time before a check that failed is repeated, in milliseconds. */
const MIN_CHECK_PAUSE_MS = 1_000;

/**
 * Opens views for sessions and keeps them current. A view is a topic on which the server itself publishes.
 * Sessions of one access class share it, and Directus is read once for all of them.
 */
export class Views {
  readonly #options: ViewsOptions;
  readonly #registry: ViewRegistry;
  /** The memberships of each session, by the hash of its credential. */
  readonly #sessions = new Map<string, Map<ViewMember, ViewEntry>>();
  /** Timers of sessions whose check is repeated, by the same hash. */
  readonly #checks = new Map<string, ReturnType<typeof setTimeout>>();
  /** Openings that wait for an access class. If rights change meanwhile, they ask for it again. */
  readonly #openings = new Set<{ readonly viewer: Viewer; isOutdated: boolean }>();
  #isStopped = false;
  #onPublished: (topic: string) => void = () => {};

  /** Creates views; there are none yet. */
  constructor(options: ViewsOptions) {
    this.#options = options;
    this.#registry = new ViewRegistry(options, {
      published: (topic) => this.#onPublished(topic),
      refused: (entry) => this.#checkMembers(entry),
      lost: (member, reason) => this.#lose(member, reason),
    });
  }

  /** Sets what is called when a view's log has grown. */
  listen(onPublished: (topic: string) => void): void {
    this.#onPublished = onPublished;
  }

  /** Returns the log of a view's topic, if there is such a view. */
  logOf(topic: string): TopicHistory | undefined {
    return this.#registry.get(topic)?.log;
  }

  /**
   * Opens a view for a session. Resolves once its log holds what the session may see now.
   *
   * @param onLost Called when the session has lost the view. By then it has left the view.
   */
  async open(
    viewer: Viewer,
    query: ViewQuery,
    onLost: (reason: LossReason) => void,
  ): Promise<OpenedView | ReadFailure | TooManyViews> {
    const opening = { viewer, isOutdated: false };
    this.#openings.add(opening);
    const access = await this.#options.source.classify(viewer, query)
      .finally(() => this.#openings.delete(opening));
    if (opening.isOutdated) return await this.open(viewer, query, onLost);
    if (access.kind !== "class") return access;
    if (this.#isStopped) return STOPPED;
    const entry = this.#registry.open(access, query);
    if (entry === undefined) return { kind: "full" };
    const member: ViewMember = { viewer, onLost };
    this.#add(member, entry);
    const failure = await entry.view.join(member);
    if (failure !== undefined) {
      this.#remove(member);
      return failure === RIGHTS_CHANGED ? await this.open(viewer, query, onLost) : failure;
    }
    const { holdsAll = false } = access;
    return { kind: "opened", topic: entry.topic, holdsAll, leave: () => this.#remove(member) };
  }

  /**
   * Schedules reads of the views that a change may affect.
   *
   * @param change The change. @default {any view may have changed}
   */
  changed(change?: Change): void {
    for (const view of this.#registry.views) {
      if (change === undefined || view.isTouchedBy(change)) view.markDirty(change);
    }
    this.#registry.dropOutdated();
  }

  /**
   * Notes that rights have changed. The views concerned are not read, and so nothing is published on them,
   * until the rights of their members are checked again: see {@linkcode Views.check}.
   *
   * @param users The users whose rights have changed. @default {all users}
   */
  rightsChanged(users?: ReadonlySet<string>): void {
    this.#options.source.forget();
    for (const opening of this.#openings) opening.isOutdated ||= concerns(users, opening.viewer);
    for (const view of this.#registry.views) view.suspend(users);
  }

  /**
   * Checks whether a session still belongs to the access classes of its views; it loses the other views. A
   * failed check is repeated, because the session's views are not read until it succeeds. Each view is
   * checked once, even if the session has it many times, as the public does.
   */
  async check(credential: Credential): Promise<ViewsChecked> {
    const memberships = [...this.#sessions.get(credential.hash()) ?? []];
    const byEntry = Map.groupBy(memberships, ([, entry]) => entry);
    const unanswered: string[] = [];
    let lost = 0;
    await Promise.all([...byEntry].map(async ([entry, looking]) => {
      const members = looking.map(([member]) => member);
      const [{ viewer }] = members as [ViewMember];
      const confirmations = members.map((member) => entry.view.check(member));
      const { source } = this.#options;
      const access = await source.classify(viewer, entry.view.query, { fresh: true });
      const lose = (reason: LossReason) => members.forEach((member) => this.#lose(member, reason));
      if (access.kind === "unavailable") {
        unanswered.push(access.reason);
        this.#checkLater(credential, access.retryAfterMs);
      } else if (access.kind === "unauthorized") {
        lose("changed"); // the client subscribes again, and learns that its session is over
      } else if (access.kind === "class" && access.key === entry.classKey) {
        for (const confirm of confirmations) confirm();
      } else {
        lose(access.kind === "class" ? "changed" : "forbidden");
        lost += members.length;
      }
    }));
    return { asked: memberships.length, lost, unanswered };
  }

  /** Resolves to the busiest queries, for an operator. */
  async status(query: StatusQuery): Promise<Table<ViewRow>> {
    return await viewTable(this.#registry.entries, query);
  }

  /** Ends all memberships and timers. */
  stop(): void {
    this.#isStopped = true;
    for (const members of [...this.#sessions.values()]) {
      for (const member of members.keys()) this.#remove(member);
    }
    for (const timer of this.#checks.values()) clearTimeout(timer);
    this.#checks.clear();
    this.#registry.stop();
  }

  #checkLater(credential: Credential, afterMs: number): void {
    const session = credential.hash();
    if (this.#checks.has(session) || !this.#sessions.has(session)) return;
    const timer = setTimeout(() => {
      this.#checks.delete(session);
      this.check(credential);
    }, Math.max(afterMs, MIN_CHECK_PAUSE_MS));
    this.#checks.set(session, timer);
  }

  #add(member: ViewMember, entry: ViewEntry): void {
    const session = member.viewer.credential.hash();
    const members = this.#sessions.get(session) ?? new Map();
    this.#sessions.set(session, members.set(member, entry));
  }

  /** Removes a member. Returns whether it was one: it may have left while its rights were checked. */
  #remove(member: ViewMember): boolean {
    const session = member.viewer.credential.hash();
    const members = this.#sessions.get(session);
    const entry = members?.get(member);
    if (members === undefined || entry === undefined) return false;
    members.delete(member);
    if (members.size === 0) this.#sessions.delete(session);
    entry.view.leave(member);
    this.#registry.release(entry);
    return true;
  }

  #lose(member: ViewMember, reason: LossReason): void {
    if (this.#remove(member)) member.onLost(reason);
  }

  async #checkMembers(entry: ViewEntry): Promise<void> {
    const sessions = [...this.#sessions.values()]
      .map((members) => [...members].find(([, looked]) => looked === entry)?.[0])
      .filter((member) => member !== undefined);
    await Promise.all(sessions.map(({ viewer }) => this.check(viewer.credential)));
  }
}
