/**
 * One subscription of a client that speaks Directus's realtime protocol.
 *
 * @module
 */

import { BrokerUnavailable, type Cursor, type LoggedPublication } from "../domain/broker.ts";
import { canonicalText, type ViewQuery } from "../domain/view_query.ts";
import type { Viewer } from "../domain/view_source.ts";
import type { ServerMessage } from "../domain/messages.ts";
import type { LogName, Wire } from "../domain/wire.ts";
import type { Hub, SubscriptionStart } from "../hub/hub.ts";
import type { Subscriber } from "../hub/subscriber.ts";
import type { LossReason } from "../views/view_members.ts";
import type { OpenedView, Views } from "../views/views.ts";
import { type DirectusFault, errorFrame, FORBIDDEN } from "./answers.ts";
import { SubscriptionFrames } from "./frames.ts";
import type { SubscribeMessage } from "./messages.ts";
import type { PacedConnection } from "./paced_connection.ts";

/** What a subscription needs. */
export interface DirectusSubscriptionOptions {
  /** The client's connection. */
  readonly connection: PacedConnection;
  /** Knows topics and their subscribers. */
  readonly hub: Hub;
  /** Opens views. */
  readonly views: Pick<Views, "open">;
  /** The client's message. */
  readonly message: SubscribeMessage;
  /** The view that the message describes. */
  readonly query: ViewQuery;
  /** How many rows are remembered for the client. */
  readonly maxKnownRows: number;
  /** Called when Directus says that the session is over. */
  readonly onSessionOver: () => void;
  /** Called when it was refused, or has ended because the right to it is gone. */
  readonly onEnd: () => void;
  /** Called when it could not be opened because of an unexpected error. */
  readonly onFailure: (error: unknown) => void;
}

/** Delay before trying again if a view's log was dropped while it was opened, in milliseconds. */
const RETRY_MS = 1_000;

/**
 * A subscriber of the topic that carries an open view. It is its own wire: publications of the log become
 * `create`, `update` and `delete` of rows, depending on the rows that the client has. Each frame holds one
 * message, about consecutive rows with the same event.
 *
 * It waits while Directus cannot be reached. Once it has begun, it continues or ends with `unsubscribe`,
 * but sends no error, because the SDK ends all subscriptions of a client at the first error.
 */
export class DirectusSubscription implements Subscriber, Wire {
  readonly wire: Wire = this;
  readonly startsWhole = true;
  readonly #options: DirectusSubscriptionOptions;
  readonly #frames: SubscriptionFrames;
  /** How many messages asked for it. Each is answered with a start. */
  #starts = 1;
  #hasBegun = false;
  #hasEnded = false;
  /** Number of the current attempt to open the view. Attempts with a lower number are outdated. */
  #attempt = 0;
  /**
   * The newest attempt. Attempts run one after the other, because two at a time could end each other's
   * subscription to the view's topic.
   */
  #opening = Promise.resolve();
  #view: OpenedView | undefined;
  /** Position in the view's log. */
  #cursor: Cursor | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;

  /** Creates a subscription that has not begun. */
  constructor(options: DirectusSubscriptionOptions) {
    this.#options = options;
    this.#frames = new SubscriptionFrames(options.message, options.maxKnownRows);
  }

  get ended(): boolean {
    return this.#hasEnded || this.#options.connection.ended;
  }

  get hasRoom(): boolean {
    return this.#options.connection.hasRoom;
  }

  /** Whether the client was sent its start. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Whether a message asks for the same subscription. */
  isFor({ event, item }: SubscribeMessage, query: ViewQuery): boolean {
    const { message } = this.#options;
    return message.event === event && message.item === item &&
      canonicalText(query) === canonicalText(this.#options.query);
  }

  /** Notes that the client asked for it again before it has begun, so that it gets one more start. */
  askAgain(): void {
    this.#starts++;
  }

  /** Opens the view with a session. It leaves the view that was opened before. */
  open(viewer: Viewer): Promise<void> {
    this.pause();
    const attempt = this.#attempt;
    return this.#opening = this.#opening.then(() => this.#tryToOpen(viewer, attempt))
      .catch(this.#options.onFailure);
  }

  async #tryToOpen(viewer: Viewer, attempt: number): Promise<void> {
    const { views, query, onSessionOver } = this.#options;
    if (this.ended || attempt !== this.#attempt) return;
    const view = await views.open(viewer, query, (reason) => {
      // An older attempt was made with a session that the client may have replaced.
      if (attempt === this.#attempt) this.#lose(reason, viewer);
    });
    if (this.ended || attempt !== this.#attempt) {
      return view.kind === "opened" ? view.leave() : undefined;
    }
    switch (view.kind) {
      case "opened":
        this.#view = view;
        return await this.#follow(view, viewer, attempt);
      case "refused":
        return this.#refuse({
          code: view.code === "forbidden" ? "FORBIDDEN" : "INVALID_QUERY",
          message: view.reason,
        });
      case "full":
      case "unavailable":
        return this.#openLater(viewer, "retryAfterMs" in view ? view.retryAfterMs : RETRY_MS);
      case "unauthorized":
        return onSessionOver();
    }
  }

  /** Subscribes to the topic of a view that was opened. */
  async #follow(view: OpenedView, viewer: Viewer, attempt: number): Promise<void> {
    try {
      await this.#options.hub.subscribe(this, view.topic, {
        since: this.#cursor,
        onStart: (start) => this.#begin(attempt, view.topic, start),
      });
    } catch (error) {
      if (!(error instanceof BrokerUnavailable)) throw error;
      if (attempt !== this.#attempt) return;
      this.pause();
      this.#openLater(viewer, RETRY_MS);
    }
  }

  /**
   * Stops following the view until it is opened again. Meanwhile nothing is sent. The view is left at once:
   * a member whose session is not monitored would never be checked again, and so would suspend the view for
   * all members.
   */
  pause(): void {
    clearTimeout(this.#retry);
    this.#attempt++;
    const view = this.#view;
    this.#view = undefined;
    if (view === undefined) return;
    this.#options.hub.unsubscribe(this, view.topic);
    view.leave();
  }

  /** Ends it without a message. */
  end(): void {
    this.#hasEnded = true;
    this.pause();
  }

  answer(message: ServerMessage): string {
    if (message.type !== "subscribed") return "";
    const { epoch, offset, messages } = message;
    this.#cursor = { epoch, offset };
    const frame = this.#frames.start(messages);
    if (frame !== undefined) return frame;
    this.#endWith(this.#frames.gone());
    return "";
  }

  joins(publication: LoggedPublication): boolean {
    return this.#frames.joins(publication, this.#holdsAll);
  }

  /** Returns an empty text, because the message is written when all its rows are known. */
  publication({ epoch }: LogName, publication: LoggedPublication): string {
    this.#cursor = { epoch, offset: publication.offset };
    this.#frames.add(publication, this.#holdsAll);
    return "";
  }

  frame(): string {
    return this.#frames.finish();
  }

  deliver(frame: string): boolean {
    return frame === "" ? !this.ended : this.#options.connection.deliver(frame);
  }

  #begin(attempt: number, topic: string, { recovered, messages, ...cursor }: SubscriptionStart) {
    const { hub } = this.#options;
    if (this.ended || attempt !== this.#attempt) return void hub.unsubscribe(this, topic);
    if (recovered) return; // the missed messages follow
    const frame = this.#frames.start(messages);
    this.#cursor = cursor;
    if (frame !== undefined) {
      for (; this.#starts > 0; this.#starts--) this.deliver(frame);
      this.#starts = 1;
      this.#hasBegun = true;
    } else if (this.#hasBegun) this.#endWith(this.#frames.gone());
    else this.#refuse(FORBIDDEN);
  }

  #lose(reason: LossReason, viewer: Viewer): void {
    if (reason === "changed") this.open(viewer);
    else this.#refuse(FORBIDDEN);
  }

  /** Refuses it, or ends it if it has begun. */
  #refuse(fault: DirectusFault): void {
    if (this.#hasBegun) return this.#endWith(this.#frames.gone());
    this.#endWith([errorFrame("subscribe", fault, this.#options.message.uid)]);
  }

  #endWith(frames: readonly string[]): void {
    for (const frame of frames) this.#options.connection.deliverAfterPause(frame);
    this.end();
    this.#options.onEnd();
  }

  #openLater(viewer: Viewer, afterMs: number): void {
    this.#retry = setTimeout(() => this.open(viewer), afterMs);
  }

  get #holdsAll(): boolean {
    return this.#view?.holdsAll === true;
  }
}
