/**
 * The stand-in for Directus in a process of its own, on the clients' core.
 *
 * @module
 */

import { flagsOf } from "../support/task_flags.ts";
import type { DirectusReady, DirectusReport } from "./directus_process.ts";
import { CLIENT_CORE, PinnedProgram } from "./pinned_program.ts";

/** Key of the last item, which is also the number of topics. */
export const MAX_ITEM = 20_000;

/** A stand-in that is running. */
export class Directus implements AsyncDisposable {
  /** Its address. */
  readonly url: string;
  /** A `Cookie` header for each session. */
  readonly cookies: readonly string[];
  readonly #program: PinnedProgram;

  private constructor(program: PinnedProgram, { url, cookies }: DirectusReady) {
    this.#program = program;
    this.url = url;
    this.cookies = cookies;
  }

  /** Starts a stand-in with a number of sessions, which takes some time for each answer. */
  static async start(sessions: number, delayMs = 0): Promise<Directus> {
    const flags = await flagsOf("imports");
    const script = new URL("./directus_process.ts", import.meta.url).pathname;
    const program = new PinnedProgram(CLIENT_CORE, Deno.execPath(), [
      ...["run", "-q", ...flags, "--allow-net", script],
      ...[sessions, MAX_ITEM, delayMs].map(String),
    ], { cwd: new URL("../../", import.meta.url) });
    return new Directus(program, JSON.parse(await program.line()));
  }

  /** Resolves to the calls that it has had so far. */
  async report(): Promise<DirectusReport> {
    return await (await fetch(`${this.url}/bench/report`)).json();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program[Symbol.asyncDispose]();
  }
}
