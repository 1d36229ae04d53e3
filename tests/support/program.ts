/**
 * Programs that a test runs, and what they write.
 *
 * @module
 */

import { Watch } from "./queue.ts";

/** How a program ended, and everything it wrote. */
export interface Ended {
  /** Its exit code. */
  readonly code: number;
  /** All of its standard output. */
  readonly stdout: string;
  /** All of its standard error. */
  readonly stderr: string;
}

/** Where a program's standard output goes. */
export type Stdout =
  /** To the test, which reads it. */
  | "read"
  /** Into a pipe that is never read, so that it fills up. */
  | "unread"
  /** Into a pipe whose other end is closed. */
  | "closed"
  /** To a device that is full. */
  | "full";

/** How to run a program. */
export interface ProgramOptions extends Omit<Deno.CommandOptions, "stdout" | "stderr"> {
  /** Where its standard output goes. @default {"read"} */
  readonly stdout?: Stdout;
  /** The signal that ends it. @default {"SIGTERM"} */
  readonly endSignal?: Deno.Signal;
}

/** Where Debian has the programs of administrators, which other users do not have on their path. */
const SBIN = "/usr/sbin";

/** Returns how to call a program, or `undefined` if it is not on this machine. */
export function locate(program: string, versionArgs: readonly string[]): string | undefined {
  return [program, `${SBIN}/${program}`].find((path) => isInstalled(path, versionArgs));
}

/** Tells whether a program can be run: it succeeds with some arguments that only print. */
export function isInstalled(program: string, args: readonly string[] = ["--version"]): boolean {
  try {
    return new Deno.Command(program, { args: [...args], stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch {
    return false;
  }
}

/** A program that runs, or has run. */
export class Program implements AsyncDisposable {
  /** Resolves once it has ended and its output is complete. */
  readonly ended: Promise<Ended>;
  readonly #child: Deno.ChildProcess;
  readonly #stdout: Stdout;
  readonly #endSignal: Deno.Signal;
  readonly #watch = new Watch();
  readonly #texts = { stdout: "", stderr: "" };
  #isRunning = true;
  /** False once its output is complete. Processes that it started may outlive it and write. */
  #isWriting = true;

  /** Starts a program. */
  constructor(path: string, { stdout = "read", endSignal = "SIGTERM", ...rest }: ProgramOptions) {
    const options = { stdin: "null", ...rest, stdout: "piped", stderr: "piped" } as const;
    this.#child = new Deno.Command(...redirected(path, options, stdout)).spawn();
    this.#stdout = stdout;
    this.#endSignal = endSignal;
    this.ended = this.#end();
  }

  /** Its process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Whether the process itself runs. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Its standard output so far. */
  get stdout(): string {
    return this.#texts.stdout;
  }

  /** Its standard error so far. */
  get stderr(): string {
    return this.#texts.stderr;
  }

  /** Everything it has written so far. */
  get output(): string {
    return this.#texts.stdout + this.#texts.stderr;
  }

  /** Resolves to what `look` returns once that is defined, or to `undefined` if it ends before. */
  async until<T>(look: () => T | undefined): Promise<T | undefined> {
    await this.#watch.until(() => look() !== undefined || !this.#isWriting);
    return look();
  }

  /** Resolves to the first match in its output, or to `undefined` if it ends before. */
  async find(pattern: RegExp): Promise<RegExpExecArray | undefined> {
    return await this.until(() => pattern.exec(this.output) ?? undefined);
  }

  /** Writes to its standard input, which must be piped. */
  async write(text: string): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(text));
    writer.releaseLock();
  }

  /** Sends a signal, if the process runs. */
  kill(signal: Deno.Signal): void {
    if (this.#isRunning) this.#child.kill(signal);
  }

  /** Ends it if it still runs, and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill(this.#endSignal);
    await this.ended;
  }

  async #end(): Promise<Ended> {
    const { stdout, stderr, status } = this.#child;
    if (this.#stdout === "closed") await stdout.cancel();
    const [{ code }] = await Promise.all([
      status.finally(() => this.#isRunning = false),
      this.#stdout === "read" ? this.#read("stdout", stdout) : undefined,
      this.#read("stderr", stderr),
    ]);
    if (this.#stdout !== "read") await stdout.cancel();
    this.#isWriting = false;
    this.#watch.changed();
    return { code, ...this.#texts };
  }

  async #read(
    name: "stdout" | "stderr",
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  ): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.#texts[name] += text;
      this.#watch.changed();
    }
  }
}

/** Has a shell redirect the standard output, if it goes to the full device. */
function redirected(
  path: string,
  options: Deno.CommandOptions,
  stdout: Stdout,
): [path: string, options: Deno.CommandOptions] {
  if (stdout !== "full") return [path, options];
  return ["sh", {
    ...options,
    args: ["-c", 'exec "$0" "$@" >/dev/full', path, ...options.args ?? []],
  }];
}
