/**
 * WebSocket frames by hand (RFC 6455, section 5.2).
 *
 * @module
 */

/** Opcodes of frames. */
export const Opcode = {
  /** A further fragment. */
  Continuation: 0,
  /** Text, or its first fragment. */
  Text: 1,
  /** Bytes, or their first fragment. */
  Binary: 2,
  /** The closing handshake. */
  Close: 8,
  /** Asks for a pong. */
  Ping: 9,
  /** Answers a ping. */
  Pong: 10,
} as const;

/** A frame. */
export interface Frame {
  /** Its opcode. */
  readonly opcode: number;
  /** Its payload. */
  readonly payload: Uint8Array;
  /** Whether it is the last fragment. @default {true} */
  readonly fin?: boolean;
  /** Whether it is masked, as a client's frames must be. @default {true} */
  readonly masked?: boolean;
  /** The three reserved bits. @default {0} */
  readonly rsv?: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Returns a text frame. */
export function textFrame(text: string): Frame {
  return { opcode: Opcode.Text, payload: encoder.encode(text) };
}

/** Returns a close frame. */
export function closeFrame(code: number): Frame {
  return { opcode: Opcode.Close, payload: new Uint8Array([code >> 8, code & 255]) };
}

/** Reads a close frame's payload. */
export function readClose({ payload }: Frame): { code: number; reason: string } {
  const [high = 0, low = 0] = payload;
  return { code: high << 8 | low, reason: decoder.decode(payload.subarray(2)) };
}

/** Returns a frame's bytes. */
export function encodeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  const { opcode, payload, fin = true, masked = true, rsv = 0 } = frame;
  const mask = masked ? [0x37, 0xfa, 0x21, 0x3d] : [];
  const { length } = payload;
  const lengthBytes = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const start = 2 + lengthBytes + mask.length;
  const bytes = new Uint8Array(start + length);
  const view = new DataView(bytes.buffer);
  bytes[0] = (fin ? 128 : 0) | rsv << 4 | opcode;
  bytes[1] = (masked ? 128 : 0) | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) view.setUint16(2, length);
  if (lengthBytes === 8) view.setBigUint64(2, BigInt(length));
  bytes.set(mask, 2 + lengthBytes);
  bytes.set(masked ? payload.map((byte, i) => byte ^ (mask[i % 4] ?? 0)) : payload, start);
  return bytes;
}

/** Decodes a server's frame at the start of some bytes; `undefined` if it is incomplete. */
export function decodeFrame(bytes: Uint8Array): { frame: Frame; length: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return undefined;
  const lengthBytes = second === 126 ? 2 : second === 127 ? 8 : 0;
  const start = 2 + lengthBytes;
  if (bytes.length < start) return undefined;
  const length = start +
    (lengthBytes === 0
      ? second
      : lengthBytes === 2
      ? view.getUint16(2)
      : Number(view.getBigUint64(2)));
  if (bytes.length < length) return undefined;
  const frame = {
    opcode: first & 15,
    fin: first > 127,
    rsv: first >> 4 & 7,
    masked: false,
    payload: bytes.slice(start, length),
  };
  return { frame, length };
}
