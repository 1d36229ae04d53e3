/**
 * A topic that the program listens to, as the server knows it: one subscription on the wire.
 *
 * @module
 */

import type { LiveError } from "./error.ts";
import type { Subscriber } from "./subscriber.ts";
import type { Message } from "./types.ts";
import type { SubscribedMessage } from "./wire.ts";

/**
 * Shares one subscription among subscribers who came at different times.
 *
 * Whoever is new needs a snapshot, for which the server moves this client to the head of the log.
 * So those who were there before and stand behind that head wait until a second question, with
 * `since`, has brought what lies between. One question is on its way at a time.
 */
export class Topic {
  /** Who listens. */
  readonly subscribers: Set<Subscriber> = new Set();
  readonly #name: string;
  readonly #send: (question: object) => string;
  /** Id of the question that waits for its answer, or for its time to be asked again. */
  #asked: string | undefined;
  /** Whether it asks for a snapshot. */
  #forSnapshot = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Creates a topic nobody listens to.
   *
   * @param send Sends a question on the open connection and returns the id that it gave it.
   */
  constructor(name: string, send: (question: object) => string) {
    this.#name = name;
    this.#send = send;
  }

  /** Asks for what is lacking, if anything is and no question is on its way. */
  ask(): void {
    const cursors = [...this.subscribers].filter(({ live }) => !live).map(({ cursor }) => cursor);
    if (this.#asked !== undefined || cursors.length === 0) return;
    this.#forSnapshot = cursors.includes(undefined);
    const since = this.#forSnapshot
      ? undefined
      : cursors.reduce((a, b) => a && b && b.offset < a.offset ? b : a);
    this.#asked = this.#send({ type: "subscribe", topic: this.#name, since });
  }

  /** Tells whether the question that waits for its answer has this id. */
  awaits(id: string | undefined): boolean {
    return id !== undefined && id === this.#asked;
  }

  /** Takes the answer to a question, or an unasked start. */
  begin(message: SubscribedMessage): void {
    const isAnswer = this.awaits(message.id);
    if (!isAnswer && message.id !== undefined) return; // to a question of an earlier life
    if (isAnswer) this.#asked = undefined;
    const forNewcomers = isAnswer && this.#forSnapshot;
    for (const subscriber of [...this.subscribers]) subscriber.begin(message, forNewcomers);
    this.ask();
  }

  /** Takes a live message. */
  deliver(message: Message): void {
    for (const subscriber of [...this.subscribers]) subscriber.deliver(message);
  }

  /** Asks again after so many milliseconds, as the server could not answer. */
  askLater(delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.#asked = undefined;
      this.ask();
    }, delayMs);
  }

  /** Stops, as the connection is gone: nobody is live, no answer will come. */
  pause(): void {
    clearTimeout(this.#timer);
    this.#asked = undefined;
    for (const subscriber of this.subscribers) subscriber.live = false;
  }

  /** Ends all subscriptions. */
  end(error?: LiveError): void {
    this.pause();
    for (const subscriber of [...this.subscribers]) subscriber.end(error);
  }
}
