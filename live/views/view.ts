/**
 * One view: a list that is read again and compared whenever it may have changed.
 *
 * @module
 */

import type { Change, ViewRefused } from "../domain/view_source.ts";
import type { ViewQuery } from "../domain/view_query.ts";
import type { Appended, TopicHistory } from "../history/topic_history.ts";
import { Due } from "./due.ts";
import { readDue } from "./reading.ts";
import { type ViewMember, ViewMembers } from "./view_members.ts";
import { type ReadFailure, RIGHTS_CHANGED, type ViewOptions } from "./view_options.ts";

/**
 * The shortest time from one read to the next, in milliseconds. However many changes are reported, a view
 * is read at most ten times a second, and Directus gets a pause at least as long as the read took.
 */
const MIN_PAUSE_MS = 100;

/** The pause after a read that was refused, in milliseconds. */
const REFUSED_PAUSE_MS = 1_000;

/** How much a regular read may be earlier or later, as a fraction of its interval. */
const JITTER = 0.2;

/**
 * A view has one log for all sessions of an access class. One read is in flight at a time, with the
 * session of one member; changes that are reported meanwhile cause one more read after it.
 *
 * A read that fails does not change the view, and is repeated. While the members' rights are being checked
 * again, the view is suspended: it is not read, so nothing is published that a member might not be allowed
 * to see. A member that joins meanwhile waits for the next read.
 *
 * An **open** view follows all rows that match its query. Rows that changed are read by their keys. The
 * list is read only when a member joins after a change. In the log, only rows of the list have a rank.
 */
export class View {
  /** The query. */
  readonly query: ViewQuery;
  /** The topic's log. */
  readonly log: TopicHistory;
  readonly #options: ViewOptions;
  readonly #pinned: ReadonlySet<string> | undefined;
  readonly #members = new ViewMembers();
  /** Members that wait for a read. */
  readonly #waiting = new Map<ViewMember, (failure?: ReadFailure) => void>();
  readonly #due: Due;
  #isReading = false;
  /** Whether the log holds what was read since the first member joined, or rights changed. */
  #isReady = false;
  /** Whether rows of an open view have changed since its list was read. */
  #isListOld = false;
  /** How often it was suspended. A read that began before the last suspension is outdated. */
  #suspensions = 0;
  /** Whether the last read was refused. */
  #wasRefused = false;
  #nextReadAt = -Infinity;
  #read: ReturnType<typeof setTimeout> | undefined;
  #refresh: ReturnType<typeof setTimeout> | undefined;

  /** Creates a view without members, which is not read. */
  constructor(options: ViewOptions) {
    this.#options = options;
    this.query = options.query;
    this.log = options.log;
    this.#due = new Due(options.query);
    this.#pinned = options.source.pinnedKeys(options.query);
  }

  /** How many members it has. */
  get size(): number {
    return this.#members.size;
  }

  /** Whether it has no members, and has missed too many changes to be kept for a member that comes back. */
  get isOutdated(): boolean {
    return this.size === 0 && this.#due.isMuch;
  }

  /**
   * Adds a member. Resolves once the log holds the rows, or to why they cannot be read. In the second case,
   * it is not a member any more.
   */
  join(member: ViewMember): Promise<ReadFailure | undefined> {
    this.#members.add(member);
    if (this.#isReady && !this.#isListOld) return Promise.resolve(undefined);
    const { promise, resolve } = Promise.withResolvers<ReadFailure | undefined>();
    this.#waiting.set(member, resolve);
    this.#due.addList();
    this.#scheduleRead();
    this.#scheduleRefresh();
    return promise;
  }

  /** Removes a member. Without members, the view is not read. */
  leave(member: ViewMember): void {
    if (!this.#members.delete(member)) return;
    this.#answer(member, RIGHTS_CHANGED);
    if (this.#members.size > 0) return this.#scheduleRead();
    this.#isReady = false;
    this.stop();
  }

  /** Whether a change can affect the view. */
  isTouchedBy({ collection, keys }: Change): boolean {
    const { touched } = this.#options;
    if (touched !== undefined && !touched.has(collection)) return false;
    const isAlone = touched?.size === 1;
    if (this.#pinned === undefined || keys === undefined || !isAlone) return true;
    return keys.some((key) => this.#pinned?.has(key));
  }

  /** Schedules a read of what a change affects; without a change, of everything. */
  markDirty(change?: Change): void {
    this.#due.add(change);
    this.#ageList();
    this.#scheduleRead();
  }

  /**
   * Suspends the view until all members, or all members of some users, are confirmed or have left. Members
   * that wait for the first read leave at once.
   */
  suspend(users?: ReadonlySet<string>): void {
    // A user whose rights change faster than they can be checked must not hold up the other members.
    const late = users === undefined ? [] : this.#members.doubted(users);
    for (const member of late) this.#options.onLost(member, "changed");
    const doubted = this.#members.doubt(users);
    if (doubted.length === 0) return;
    this.#suspensions++;
    this.#isReady = false;
    this.#due.addAll();
    for (const member of doubted) if (this.#waiting.has(member)) this.leave(member);
  }

  /** Begins a check of a member; returns what to call if it still belongs to the view's access class. */
  check(member: ViewMember): () => void {
    return this.#members.check(member, () => this.#scheduleRead());
  }

  /** Stops reading. */
  stop(): void {
    clearTimeout(this.#read);
    clearTimeout(this.#refresh);
    this.#read = this.#refresh = undefined;
  }

  #scheduleRead(): void {
    if (this.#due.isEmpty || this.#isReading || this.#read !== undefined || !this.#mayRead) return;
    const waitMs = Math.max(0, this.#nextReadAt - this.#options.now());
    this.#read = setTimeout(() => {
      this.#read = undefined;
      this.#readNow();
    }, waitMs);
  }

  #scheduleRefresh(): void {
    const { refreshMs, random } = this.#options;
    if (refreshMs === 0 || this.#refresh !== undefined) return;
    this.#refresh = setTimeout(() => {
      this.#refresh = undefined;
      this.markDirty();
      this.#scheduleRefresh();
    }, refreshMs * (1 - JITTER + 2 * JITTER * random()));
  }

  get #mayRead(): boolean {
    return this.#members.size > 0 && this.#members.areConfirmed;
  }

  async #readNow(): Promise<void> {
    const { reader } = this.#members;
    if (reader === undefined || !this.#mayRead) return; // wait until a member joins, or is confirmed
    const { now } = this.#options;
    this.#isReading = true;
    const due = this.#due.take();
    const startedAt = now();
    const suspensions = this.#suspensions;
    const answer = await readDue(due, { ...this.#options, viewer: reader.viewer });
    this.#isReading = false;
    this.#nextReadAt = now() + Math.max(MIN_PAUSE_MS, now() - startedAt);
    // If rights changed during the read, its result may be wrong for the members.
    const isOutdated = !this.#mayRead || suspensions !== this.#suspensions;
    if (!isOutdated && answer.kind === "compared") this.#publish(answer.publications, due.list);
    else this.#due.putBack(due);
    if (!isOutdated && answer.kind !== "compared") this.#fail(answer, reader);
    this.#scheduleRead();
  }

  #publish(publications: readonly Appended[], isList: boolean): void {
    const { log, maxRows, onPublished } = this.#options;
    for (const publication of publications) log.append(publication);
    if (this.query.isOpen) log.forgetUnranked(maxRows);
    if (publications.length > 0) onPublished();
    this.#wasRefused = false;
    if (!isList) return;
    this.#isReady = true;
    this.#isListOld = false;
    if (this.#due.hasKeys) this.#ageList();
    for (const member of [...this.#waiting.keys()]) this.#answer(member, undefined);
  }

  /** Notes that rows have changed, so that the list of an open view is old, if it has one. */
  #ageList(): void {
    this.#isListOld = this.query.isOpen === true && this.query.limit > 0;
  }

  #fail(failure: ReadFailure, reader: ViewMember): void {
    if (failure.kind === "unauthorized") {
      if (this.#waiting.has(reader)) this.#refuse([reader], failure);
      // The client subscribes again, and learns that its session is over.
      else if (this.#members.has(reader)) this.#options.onLost(reader, "changed");
    } else if (failure.kind === "unavailable") {
      this.#nextReadAt = this.#options.now() + failure.retryAfterMs;
      this.#refuse([...this.#waiting.keys()], failure);
    } else {
      this.#refuse([...this.#waiting.keys()], failure);
      this.#checkMembers(failure);
    }
  }

  /** Requests a check of the members' rights. If their rights are unchanged, they lose the view. */
  #checkMembers({ code }: ViewRefused): void {
    const { now, onRefused, onLost } = this.#options;
    this.#nextReadAt = now() + REFUSED_PAUSE_MS;
    if (this.#members.size === 0) return;
    if (!this.#wasRefused) {
      this.#wasRefused = true;
      this.suspend();
      return onRefused();
    }
    const reason = code === "forbidden" ? "forbidden" : "changed";
    for (const member of this.#members.all) onLost(member, reason);
  }

  /** Refuses waiting members, which leave the view. */
  #refuse(members: readonly ViewMember[], failure: ReadFailure): void {
    for (const member of members) {
      this.#answer(member, failure);
      this.leave(member);
    }
  }

  #answer(member: ViewMember, failure: ReadFailure | undefined): void {
    this.#waiting.get(member)?.(failure);
    this.#waiting.delete(member);
  }
}
