/**
 * Comparing what was published with what each client received.
 *
 * @module
 */

import type { Message, Start } from "../../live/client/mod.ts";
import type { Cursor } from "../../live/domain/broker.ts";

/** What was published at a position. */
export interface Content {
  readonly key: string;
  /** Number of the publication, counted over all topics; `undefined` for a removal. */
  readonly sequence: number | undefined;
}

/** Kinds of faults. */
export type FaultKind = "lost" | "duplicated" | "out of order" | "other";

/** Everything that was published or received, and every contradiction. */
export class Ledger {
  /**
   * How many positions a second publication got. The first one was confirmed, and then lost with a master
   * that had not copied it to its replica. Redis does not promise more.
   */
  reused = 0;
  /** Faults by kind. */
  readonly counts: Record<FaultKind, number> = {
    lost: 0,
    duplicated: 0,
    "out of order": 0,
    other: 0,
  };
  readonly #isCopied: boolean;

  /**
   * Creates an empty ledger.
   *
   * @param isCopied Whether Redis copies its data to another server, which may take over.
   */
  constructor({ isCopied = false }: { readonly isCopied?: boolean } = {}) {
    this.#isCopied = isCopied;
  }

  /** Messages that were delivered, without those of snapshots. */
  delivered = 0;
  /** Messages of snapshots. */
  inSnapshots = 0;
  /** How often a client reconnected and had missed nothing. */
  recovered = 0;
  /** How often a client had to start over. Its first start does not count. */
  restarts = 0;
  /** Messages that were reported as skipped. */
  skipped = 0;
  /** Everything that happened and must not happen. */
  readonly faults: string[] = [];
  /** Contents by offset, by topic and epoch. */
  readonly #logs = new Map<string, Map<string, Content[]>>();

  /** Records the content of a position. The publisher and all clients must agree about it. */
  note(topic: string, { epoch, offset }: Cursor, content: Content): void {
    const epochs = this.#logs.get(topic) ?? new Map<string, Content[]>();
    const log = epochs.get(epoch) ?? [];
    this.#logs.set(topic, epochs.set(epoch, log));
    const [known, seen] = [log[offset] ?? content, content].map((each) => JSON.stringify(each));
    if (known !== seen && this.#isCopied) this.reused++;
    else if (known !== seen) {
      this.fault(`${topic} ${epoch} ${offset} is ${known} for some and ${seen} for others`);
    }
    log[offset] = content;
  }

  /** Returns the state of a topic at a position: the latest of each key. */
  stateAt(topic: string, { epoch, offset }: Cursor): Map<string, number> {
    const state = new Map<string, number>();
    const log = this.#logs.get(topic)?.get(epoch) ?? [];
    for (const content of log.slice(0, offset + 1)) if (content) apply(state, content);
    return state;
  }

  /** The most epochs that any topic had. */
  get maxEpochs(): number {
    return Math.max(...[...this.#logs.values()].map(({ size }) => size));
  }

  /** Records a fault. */
  fault(text: string, kind: FaultKind = "other"): void {
    this.faults.push(text);
    this.counts[kind]++;
  }
}

/** One client's view of one topic. */
export class View {
  /** What the client holds: the latest of each key. */
  readonly state = new Map<string, number>();
  readonly #ledger: Ledger;
  readonly #client: string;
  readonly #topic: string;
  readonly #historySize: number;
  #start: Start | undefined;
  /** Offset of the last message. */
  #last = 0;

  /** Creates the view of a client that subscribes. */
  constructor(ledger: Ledger, client: string, topic: string, historySize: number) {
    this.#ledger = ledger;
    this.#client = client;
    this.#topic = topic;
    this.#historySize = historySize;
  }

  /** Returns whether the client has received everything up to a position. */
  hasReached({ epoch, offset }: Cursor): boolean {
    return this.#start?.epoch === epoch && this.#position >= offset;
  }

  /** Client, topic and position, for people. */
  toString(): string {
    return `${this.#client} ${this.#topic} at ${this.#start?.epoch} ${this.#position}`;
  }

  /**
   * The offset up to which the client has received everything. A snapshot may end before its offset,
   * because its last messages can be removals.
   */
  get #position(): number {
    const { recovered = true, offset = 0 } = this.#start ?? {};
    return recovered ? this.#last : Math.max(this.#last, offset);
  }

  /** Takes a start. */
  start(start: Start): void {
    const former = this.#start;
    const position = this.#position;
    this.#start = start;
    if (former !== undefined && start.recovered) {
      this.#last = position;
      this.#ledger.recovered++;
      if (former.epoch !== start.epoch) this.#fault("was recovered in another epoch");
      return;
    }
    this.state.clear();
    const missed = start.offset - position;
    this.#last = 0;
    if (former === undefined) return;
    this.#ledger.restarts++;
    if (former.epoch === start.epoch && missed <= this.#historySize) {
      this.#fault(`had to start over, ${missed} messages behind`, "lost");
    }
  }

  /** Takes a message. */
  take({ offset, key = "", skipped = 0, data }: Message<{ sequence: number }>): void {
    const start = this.#start;
    if (start === undefined) return this.#fault(`received ${offset} before any start`);
    const content = { key, sequence: data?.sequence };
    this.#ledger.note(this.#topic, { epoch: start.epoch, offset }, content);
    apply(this.state, content);
    if (!start.recovered && offset <= start.offset) {
      this.#ledger.inSnapshots++;
      const isEarlier = offset <= this.#last;
      if (isEarlier) {
        this.#fault(`received ${offset} of a snapshot after ${this.#last}`, "out of order");
      }
    } else {
      this.#ledger.delivered++;
      this.#ledger.skipped += skipped;
      const from = this.#position;
      if (offset !== from + skipped + 1) {
        const kind = offset > from ? "lost" : offset === from ? "duplicated" : "out of order";
        this.#fault(`received ${offset} after ${from}, ${skipped} skipped`, kind);
      }
    }
    this.#last = offset;
  }

  #fault(what: string, kind?: FaultKind): void {
    this.#ledger.fault(`${this.#client} ${this.#topic} ${this.#start?.epoch}: ${what}`, kind);
  }
}

function apply(state: Map<string, number>, { key, sequence }: Content): void {
  if (sequence === undefined) state.delete(key);
  else state.set(key, sequence);
}
