/**
 * Asking for a password on a terminal.
 *
 * @module
 */

/** The part of `Deno.stdin` that a prompt needs. */
export interface TerminalInput {
  /** Tells whether the input is a terminal. */
  isTerminal(): boolean;
  /** Switches echo and line editing off or on. */
  setRaw(raw: boolean): void;
  /** Reads what was typed; resolves to `null` at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
}

const ENTER = /[\r\n]/;
const ERASE = /[\b\x7f]/;
/** Ctrl-C and Ctrl-D. With echo off, the terminal no longer turns Ctrl-C into a signal. */
// deno-lint-ignore no-control-regex
const CANCEL = /[\x03\x04]/;

/**
 * Asks for a secret and reads it without echo, up to Enter.
 *
 * @param write Writes the question, and the end of its line.
 * @returns The secret; `undefined` if the input is no terminal, ends, or is cancelled by Ctrl-C.
 */
export async function askSecret(
  question: string,
  input: TerminalInput,
  write: (text: string) => void,
): Promise<string | undefined> {
  if (!input.isTerminal()) return undefined;
  write(`${question}: `);
  input.setRaw(true);
  try {
    return await readLine(input);
  } finally {
    input.setRaw(false);
    write("\n");
  }
}

async function readLine(input: TerminalInput): Promise<string | undefined> {
  const typed: string[] = [];
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(256);
  for (;;) {
    const size = await input.read(buffer);
    if (size === null) return undefined;
    for (const character of decoder.decode(buffer.subarray(0, size), { stream: true })) {
      if (ENTER.test(character)) return typed.join("");
      if (CANCEL.test(character)) return undefined;
      if (ERASE.test(character)) typed.pop();
      else typed.push(character);
    }
  }
}
