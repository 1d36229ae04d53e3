/**
 * Many readers of one topic in a thread of their own, who take nothing apart that they know already.
 *
 * @module
 */

/// <reference lib="deno.worker" />

import { encodeFrame, Opcode } from "../support/frames.ts";
import { each } from "./clients.ts";
import { subscribeFrame, upgradeRequest, Visitor } from "./visitor.ts";

/** What the readers are told first. They answer once all are subscribed. */
export interface CrowdOrder {
  /** Port of the live listener. */
  readonly live: number;
  /** Their session's pair for a `Cookie` header. */
  readonly cookie: string;
  /** What they listen to. The data of its messages must end with `"n":` and the offset. */
  readonly topic: string;
  /** How many they are. */
  readonly count: number;
}

/** The offset up to which they have to read; they answer when all have, or it takes too long. */
export interface CrowdEnd {
  /** Offset of the last message. */
  readonly last: number;
  /** How long they may take, in milliseconds. */
  readonly withinMs: number;
}

/** What they answer then. */
export interface CrowdReport {
  /** Readers that have got every message. */
  readonly complete: number;
  /** Messages that all of them got. */
  readonly delivered: number;
  /** What must not be. */
  readonly faults: readonly string[];
}

/** A frame's head and 64 KiB, twice. */
const BUFFER_BYTES = 262_144;

/** How far into a frame its first offset is, at most, in bytes, and its last from the end. */
const FIRST = 80;
const LAST = 24;

/** First bytes of whole frames, and a pong. */
const TEXT = 0x80 | Opcode.Text;
const PING = 0x80 | Opcode.Ping;
const PONG = encodeFrame({ opcode: Opcode.Pong, payload: new Uint8Array() });

const decoder = new TextDecoder("latin1");

/** One connection: it follows the offsets, and stops at the first that is not the next. */
class Reader {
  offset = 0;
  fault: string | undefined;
  readonly #visitor: Visitor;
  readonly #changed: () => void;
  readonly #bytes = new Uint8Array(BUFFER_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  #from = 0;
  #to = 0;

  constructor(visitor: Visitor, changed: () => void) {
    this.#visitor = visitor;
    this.#changed = changed;
    this.#read();
  }

  async #read(): Promise<void> {
    while (this.fault === undefined) {
      this.#bytes.copyWithin(0, this.#from, this.#to);
      this.#to -= this.#from;
      this.#from = 0;
      const count = await this.#visitor.read(this.#bytes.subarray(this.#to)).catch(() => null);
      if (count === null) this.fault = `ended after ${this.offset}`;
      else this.#to += count;
      while (this.fault === undefined && this.#take());
      this.#changed();
    }
  }

  /** Takes a frame out of the buffer; `false` if none is whole. */
  #take(): boolean {
    const held = this.#to - this.#from;
    const short = (this.#bytes[this.#from + 1] ?? 0) & 127;
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (held < head) return false;
    const length = short < 126
      ? short
      : short === 126
      ? this.#view.getUint16(this.#from + 2)
      : Number(this.#view.getBigUint64(this.#from + 2));
    if (held < head + length) return false;
    const payload = this.#bytes.subarray(this.#from + head, this.#from + head + length);
    this.#from += head + length;
    this.#follow(this.#bytes[this.#from - head - length] ?? 0, payload);
    return true;
  }

  #follow(first: number, payload: Uint8Array): void {
    if (first === PING) return void this.#visitor.write(PONG).catch(() => {});
    const begin = decoder.decode(payload.subarray(0, FIRST));
    const end = decoder.decode(payload.subarray(-LAST));
    const from = Number(/"offset":(\d+)/.exec(begin)?.[1]);
    const upTo = Number(/"n":(\d+)\}+\]?$/.exec(end)?.[1]);
    if (first !== TEXT || from !== this.offset + 1 || !(upTo >= from)) {
      this.fault = `got ${begin} … ${end} after ${this.offset}`;
    } else if (!isWhole(payload, from, upTo)) {
      this.fault = `got ${from} to ${upTo}, not all of them`;
    } else this.offset = upTo;
  }
}

/** Frames that were taken apart: between the same two offsets, all are the same if as long. */
const known = new Map<string, boolean>();

function isWhole(payload: Uint8Array, from: number, upTo: number): boolean {
  const key = `${from} ${upTo} ${payload.length}`;
  const seen = known.get(key);
  if (seen !== undefined) return seen;
  const messages = [JSON.parse(new TextDecoder().decode(payload))].flat();
  const whole = messages.length === upTo - from + 1 &&
    messages.every(({ offset, data, skipped }, index) =>
      offset === from + index && data.n === offset && skipped === undefined
    );
  known.set(key, whole);
  return whole;
}

async function begin({ live, cookie, topic, count }: CrowdOrder): Promise<void> {
  let changed = () => {};
  const request = upgradeRequest(cookie);
  const subscribe = subscribeFrame(topic);
  const readers = await each(count, async () => {
    const visitor = await Visitor.connect(live);
    await visitor.write(request);
    await visitor.see('"welcome"');
    await visitor.write(subscribe);
    await visitor.see('"subscribed"');
    return new Reader(visitor, () => changed());
  });
  self.onmessage = ({ data: { last, withinMs } }: MessageEvent<CrowdEnd>) => {
    const done = () => {
      clearTimeout(timer);
      changed = () => {};
      const late = readers.filter(({ fault, offset }) => fault === undefined && offset < last);
      const faults = readers.flatMap(({ fault }) => fault ?? []);
      const report: CrowdReport = {
        complete: readers.filter(({ offset }) => offset === last).length,
        delivered: readers.reduce((sum, { offset }) => sum + offset, 0),
        faults: [...faults, ...late.map(({ offset }) => `is at ${offset} of ${last} still`)],
      };
      self.postMessage(report);
    };
    const timer = setTimeout(done, withinMs);
    changed = () => {
      if (readers.every(({ fault, offset }) => fault !== undefined || offset === last)) done();
    };
    changed();
  };
  self.postMessage("ready");
}

self.onmessage = ({ data }: MessageEvent<CrowdOrder>) => begin(data);
