/**
 * The server as a process of its own, with the permissions that it is shipped with.
 *
 * @module
 */

import denoJson from "../../deno.json" with { type: "json" };
import { Queue } from "./queue.ts";

/** The repository's folder. */
const ROOT = new URL("../../", import.meta.url);

/** How a process ended and all that it wrote. */
export interface Ended {
  /** Its exit code. */
  readonly code: number;
  /** What it wrote to standard output. */
  readonly stdout: string;
  /** What it wrote to standard error. */
  readonly stderr: string;
}

/** The flags that every task takes from the helper task: none where JSR is in reach. */
async function importFlags(): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "-q", "imports"],
    cwd: ROOT,
    stderr: "null",
  }).output();
  return words(new TextDecoder().decode(stdout));
}

/** Asked for once: where JSR is out of reach the answer can take seconds. */
const IMPORT_FLAGS = await importFlags();

/** A running server. Tests wait for lines of its log. */
export class ServerProcess implements AsyncDisposable {
  /** Resolves once it has ended. */
  readonly ended: Promise<Ended>;
  readonly #child: Deno.ChildProcess;
  readonly #lines = new Queue<string>();

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.ended = this.#end();
  }

  /** Starts `main.ts`. */
  static start(
    env: Readonly<Record<string, string>>,
    args: readonly string[] = [],
  ): ServerProcess {
    const permissions = words(denoJson.tasks.permissions.command.replace(/^echo /, ""));
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", "-q", ...IMPORT_FLAGS, ...permissions, "main.ts", ...args],
      cwd: ROOT,
      env: { ...env, NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
    return new ServerProcess(command.spawn());
  }

  /** Resolves to the next line of the log that has a text; those before it are passed over. */
  async line(text: string): Promise<string> {
    for (;;) {
      const line = await this.#lines.next();
      if (line.includes(text)) return line;
    }
  }

  /** Resolves to the ports of both listeners, once both listen. */
  async ports(): Promise<{ ops: number; live: number }> {
    const port = (line: string) => Number(/port"?[:=](\d+)/.exec(line)?.[1]);
    const ops = port(await this.line("ops listener started"));
    return { ops, live: port(await this.line("live listener started")) };
  }

  /** Sends a signal. */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Ends the process, if that has not happened, without a drain. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.ended;
  }

  async #end(): Promise<Ended> {
    const stderr = new Response(this.#child.stderr).text();
    const stdout = await this.#read();
    const { code } = await this.#child.status;
    this.#lines.end(new Error(`Process ended with code ${code}: ${await stderr}`));
    return { code, stdout, stderr: await stderr };
  }

  async #read(): Promise<string> {
    let text = "";
    let rest = "";
    for await (const chunk of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#lines.push(line);
    }
    return text;
  }
}

/** Runs `main.ts` until it ends by itself. */
export async function runServer(
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Promise<Ended> {
  await using process = ServerProcess.start(env, args);
  return await process.ended;
}

function words(text: string): string[] {
  return text.trim().split(/\s+/).filter((word) => word !== "");
}
