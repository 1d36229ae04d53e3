/**
 * Programs that a test runs, and what they write.
 *
 * @module
 */

import { isInstalled } from "../support/redis_server.ts";
import { Watch } from "../support/queue.ts";

/** Where Debian has the programs of administrators, which others do not have on their path. */
const SBIN = "/usr/sbin";

/** Returns how to call a program, or `undefined` if it is not on this machine. */
export function find(program: string, versionArgs: readonly string[]): string | undefined {
  return [program, `${SBIN}/${program}`].find((path) => isInstalled(path, versionArgs));
}

/** A program that runs. */
export class Program implements AsyncDisposable {
  /** Resolves to its exit code once it has ended and all its output is read. */
  readonly ended: Promise<number>;
  /** What it has written so far, to standard output and to standard error. */
  output = "";
  readonly #child: Deno.ChildProcess;
  readonly #watch = new Watch();
  #running = true;

  /** Starts a program. */
  constructor(path: string, options: Deno.CommandOptions) {
    const pipes = { stdin: "null", stdout: "piped", stderr: "piped" } as const;
    this.#child = new Deno.Command(path, { ...options, ...pipes }).spawn();
    this.ended = this.#run();
  }

  /** Resolves to what matches in its output once it does, or to `undefined` if it ends before. */
  async find(pattern: RegExp): Promise<RegExpExecArray | undefined> {
    const look = () => pattern.exec(this.output) ?? undefined;
    await this.#watch.until(() => look() !== undefined || !this.#running);
    return look();
  }

  /** Tells it to end, if it has not, and waits for that. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#running) this.#child.kill("SIGTERM");
    await this.ended;
  }

  async #run(): Promise<number> {
    const [{ code }] = await Promise.all([
      this.#child.status,
      this.#read(this.#child.stdout),
      this.#read(this.#child.stderr),
    ]);
    this.#running = false;
    this.#watch.changed();
    return code;
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.output += text;
      this.#watch.changed();
    }
  }
}
