/**
 * Marks in a message, which are found in raw bytes without decoding frames or JSON:
 * `{"t":"0000123456789","pad":"…","s":"000000042"}`, the time when it was due in microseconds, and its
 * sequence number.
 *
 * @module
 */

const TIME_DIGITS = 13;
const SEQUENCE_DIGITS = 9;

const TIME = Array.from('"t":"', (char) => char.charCodeAt(0));
const SEQUENCE = Array.from('"s":"', (char) => char.charCodeAt(0));

/** Longest end of a frame from its last sequence number on: `"s":"…"}}]`. */
const TAIL = SEQUENCE.length + SEQUENCE_DIGITS + 4;

/** Bytes to keep if a read ends within a mark. */
export const MAX_CARRY = 64;

/** Returns the microseconds since the start of this process. */
export function nowUs(): number {
  return Math.round(performance.now() * 1000);
}

/** Returns a message's data, padded to a length. */
export function dataOf(sequence: number, dueUs: number, length: number): string {
  const time = String(dueUs).padStart(TIME_DIGITS, "0");
  const number = String(sequence).padStart(SEQUENCE_DIGITS, "0");
  const bare = `{"t":"${time}","pad":"","s":"${number}"}`;
  return bare.replace('"pad":"', `"pad":"${"x".repeat(Math.max(0, length - bare.length))}`);
}

/** Returns the sequence number at the end of some bytes; 0 if they do not end with a message. */
export function lastSequence(bytes: Uint8Array, length: number): number {
  const from = Math.max(0, length - TAIL);
  for (let at = length - SEQUENCE.length - SEQUENCE_DIGITS; at >= from; at--) {
    if (matches(bytes, at, SEQUENCE)) return digits(bytes, at + SEQUENCE.length, SEQUENCE_DIGITS);
  }
  return 0;
}

/** Calls back with the time of each message. */
export function eachTime(bytes: Uint8Array, length: number, tell: (dueUs: number) => void): void {
  const last = length - TIME.length - TIME_DIGITS;
  for (let at = 0; at <= last; at++) {
    if (bytes[at] !== TIME[0] || !matches(bytes, at, TIME)) continue;
    at += TIME.length;
    tell(digits(bytes, at, TIME_DIGITS));
    at += TIME_DIGITS;
  }
}

function matches(bytes: Uint8Array, at: number, pattern: readonly number[]): boolean {
  for (let i = 0; i < pattern.length; i++) if (bytes[at + i] !== pattern[i]) return false;
  return true;
}

function digits(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i++) value = value * 10 + ((bytes[i] ?? 48) - 48);
  return value;
}
