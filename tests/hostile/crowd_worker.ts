/**
 * Many readers of one topic in a separate thread. Each frame is decoded once for all readers.
 *
 * @module
 */

/// <reference lib="deno.worker" />

import { encodeFrame, Opcode } from "../support/frames.ts";
import { repeat } from "./attackers.ts";
import { LightClient, upgradeRequest } from "./light_client.ts";

/** The first message to the thread. It answers once all readers are subscribed. */
export interface CrowdOrder {
  /** Port of the live listener. */
  readonly live: number;
  /** `Cookie` header of their session. */
  readonly cookie: string;
  /** Their topic. The data of its messages must end with `"n":` and the offset. */
  readonly topic: string;
  /** Number of readers. */
  readonly count: number;
}

/** The answer to each later message, an offset, once all readers have reached it or have failed. */
export interface CrowdReport {
  /** Number of readers that have received every message up to that offset. */
  readonly complete: number;
  /** Disconnects, and messages that were lost or out of order. */
  readonly faults: readonly string[];
}

/** Room for two frames of 64 KiB and their heads. */
const BUFFER_BYTES = 262_144;

/**
 * The place of the first offset in a frame, from its start, and of the last offset, from its end, in bytes.
 */
const FIRST = 80;
const LAST = 24;

/** First bytes of unfragmented frames, and a pong. */
const TEXT = 0x80 | Opcode.Text;
const PING = 0x80 | Opcode.Ping;
const PONG = encodeFrame({ opcode: Opcode.Pong, payload: new Uint8Array() });

const decoder = new TextDecoder("latin1");

/** One connection. It checks the offsets, and stops at the first one that is out of order. */
class Reader {
  offset = 0;
  fault: string | undefined;
  readonly #client: LightClient;
  readonly #changed: () => void;
  readonly #bytes = new Uint8Array(BUFFER_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  #from = 0;
  #to = 0;

  constructor(client: LightClient, changed: () => void) {
    this.#client = client;
    this.#changed = changed;
    this.#read();
  }

  async #read(): Promise<void> {
    while (this.fault === undefined) {
      this.#bytes.copyWithin(0, this.#from, this.#to);
      this.#to -= this.#from;
      this.#from = 0;
      const count = await this.#client.readInto(this.#bytes.subarray(this.#to)).catch(() => null);
      if (count === null) this.fault = `ended after ${this.offset}`;
      else this.#to += count;
      while (this.fault === undefined && this.#take());
      this.#changed();
    }
  }

  /** Takes a frame out of the buffer; returns `false` if none is complete. */
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
    if (first === PING) return void this.#client.write(PONG).catch(() => {});
    const begin = decoder.decode(payload.subarray(0, FIRST));
    const end = decoder.decode(payload.subarray(-LAST));
    const from = Number(/"offset":(\d+)/.exec(begin)?.[1]);
    const upTo = Number(/"n":(\d+)\}+\]?$/.exec(end)?.[1]);
    if (first !== TEXT || from !== this.offset + 1 || !(upTo >= from)) {
      this.fault = `received ${begin} … ${end} after ${this.offset}`;
    } else if (!isComplete(payload, from, upTo)) {
      this.fault = `did not receive all of ${from} to ${upTo}`;
    } else this.offset = upTo;
  }
}

/** Decoded frames: those with the same first and last offset and the same length are equal. */
const known = new Map<string, boolean>();

function isComplete(payload: Uint8Array, from: number, upTo: number): boolean {
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

async function start({ live, cookie, topic, count }: CrowdOrder): Promise<void> {
  let changed = () => {};
  const request = upgradeRequest(cookie);
  const readers = await repeat(count, async () => {
    const client = await LightClient.subscribe(live, request, topic);
    return new Reader(client, () => changed());
  });
  self.onmessage = ({ data: last }: MessageEvent<number>) => {
    changed = () => {
      if (!readers.every(({ fault, offset }) => fault !== undefined || offset >= last)) return;
      changed = () => {};
      const report: CrowdReport = {
        complete: readers.filter(({ offset }) => offset >= last).length,
        faults: readers.flatMap(({ fault }) => fault ?? []),
      };
      self.postMessage(report);
    };
    changed();
  };
  self.postMessage("ready");
}

self.onmessage = ({ data }: MessageEvent<CrowdOrder>) => start(data);
