/**
 * Programs that stay on one core, so that the server and its clients do not compete.
 *
 * @module
 */

import { isInstalled, Program } from "../support/program.ts";

/** The core of the servers. */
export const SERVER_CORE = 0;

/** The core of the clients and of the stand-in for Directus. */
export const CLIENT_CORE = 1;

const hasTaskset = isInstalled("taskset");

/** A program on one core, if `taskset` is on this machine. It answers in lines. */
export class PinnedProgram extends Program {
  #read = 0;

  /** Starts a program, on all cores if none is given. */
  constructor(
    core: number | undefined,
    path: string,
    args: readonly string[],
    options: Pick<Deno.CommandOptions, "cwd" | "env"> = {},
  ) {
    const isPinned = hasTaskset && core !== undefined;
    const words = isPinned ? ["taskset", "-c", `${core}`, path, ...args] : [path, ...args];
    const [program = path, ...rest] = words;
    super(program, { ...options, args: rest, stdin: "piped" });
  }

  /** Resolves to the next line of its standard output. */
  async line(): Promise<string> {
    const line = await this.until(() => {
      const end = this.stdout.indexOf("\n", this.#read);
      return end < 0 ? undefined : this.stdout.slice(this.#read, end);
    });
    if (line === undefined) throw new Error(`A program has ended: ${this.stderr}`);
    this.#read += line.length + 1;
    return line;
  }

  /** Writes a line to its standard input, and resolves to the line that it answers. */
  async ask(text: string): Promise<string> {
    await this.write(`${text}\n`);
    return await this.line();
  }
}
