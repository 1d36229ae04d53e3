/**
 * What was published and what each client got, held against each other.
 *
 * @module
 */

import type { Message, Start } from "../../live/client/mod.ts";

/** Where a publication stands. */
export interface Place {
  /** Name of the log's life. */
  readonly epoch: string;
  /** Its number. */
  readonly offset: number;
}

/** What all clients saw. */
export class Ledger {
  /** Messages that were delivered, those of snapshots not counted. */
  delivered = 0;
  /** Messages of snapshots. */
  inSnapshots = 0;
  /** Times that a client came back and missed nothing. */
  recovered = 0;
  /** Times that a client was told that the history had ended, its first start not counted. */
  ended = 0;
  /** Messages that clients were told they missed. */
  skipped = 0;
  /** What must not be. */
  readonly faults: string[] = [];
  readonly #contents = new Map<string, number>();
  readonly #epochs = new Map<string, Set<string>>();

  /** Notes what stands at a place; two must not differ about it. */
  note(topic: string, { epoch, offset }: Place, sequence: number): void {
    const place = `${topic} ${epoch} ${offset}`;
    const known = this.#contents.get(place);
    if (known !== undefined && known !== sequence) {
      this.fault(`${place} is message ${known} for some and ${sequence} for others`);
    }
    this.#contents.set(place, sequence);
    this.#epochs.set(topic, (this.#epochs.get(topic) ?? new Set()).add(epoch));
  }

  /** The most lives that any topic's log had. */
  get mostEpochs(): number {
    return Math.max(...[...this.#epochs.values()].map(({ size }) => size));
  }

  /** Notes what must not be. */
  fault(text: string): void {
    this.faults.push(text);
  }
}

/** One client's view of one topic. */
export class View {
  readonly #ledger: Ledger;
  readonly #who: string;
  readonly #topic: string;
  readonly #historySize: number;
  #start: Start | undefined;
  #last = 0;

  /** Creates the view of a client that has just begun to listen. */
  constructor(ledger: Ledger, who: string, topic: string, historySize: number) {
    this.#ledger = ledger;
    this.#who = who;
    this.#topic = topic;
    this.#historySize = historySize;
  }

  /** Whether the client has got everything up to a place. */
  hasReached({ epoch, offset }: Place): boolean {
    return this.#start?.epoch === epoch && this.#last >= offset;
  }

  /** Where it stands, for people. */
  toString(): string {
    return `${this.#who} ${this.#topic} at ${this.#start?.epoch} ${this.#last}`;
  }

  /** Takes a start. */
  start(start: Start): void {
    const former = this.#start;
    this.#start = start;
    if (former === undefined) {
      this.#last = 0;
      return;
    }
    const isSame = former.epoch === start.epoch;
    if (start.recovered) {
      this.#ledger.recovered++;
      if (!isSame) this.#fault(`was recovered in another epoch`);
      return;
    }
    this.#ledger.ended++;
    const missed = start.offset - this.#last;
    if (isSame && missed <= this.#historySize) {
      this.#fault(`was told that the history had ended, ${missed} messages behind`);
    }
    this.#last = 0;
  }

  /** Takes a message. */
  take({ offset, skipped = 0, data }: Message<{ sequence: number }>): void {
    const start = this.#start;
    if (start === undefined) return this.#fault(`got ${offset} before any start`);
    if (data === undefined) return this.#fault(`got a removal that was not published`);
    this.#ledger.note(this.#topic, { epoch: start.epoch, offset }, data.sequence);
    const isSnapshot = !start.recovered && offset <= start.offset;
    if (isSnapshot) {
      this.#ledger.inSnapshots++;
      if (offset <= this.#last) this.#fault(`got ${offset} of a snapshot after ${this.#last}`);
    } else {
      this.#ledger.delivered++;
      this.#ledger.skipped += skipped;
      const from = start.recovered ? this.#last : Math.max(this.#last, start.offset);
      if (offset !== from + skipped + 1) {
        this.#fault(`got ${offset} after ${from}, ${skipped} skipped`);
      }
    }
    this.#last = offset;
  }

  #fault(what: string): void {
    this.#ledger.fault(`${this.#who} ${this.#topic} ${this.#start?.epoch}: ${what}`);
  }
}
