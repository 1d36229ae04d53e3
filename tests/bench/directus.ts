/**
 * The stand-in for Directus in a process of its own, on the clients' core.
 *
 * @module
 */

import { CLIENT_CORE } from "./load_generator.ts";
import { pinned } from "./pinned.ts";
import { flagsOf } from "../support/task_flags.ts";

/** Highest key of an item that everybody may read, and so the number of topics. */
export const MAX_ITEM = 20_000;

/** A stand-in that is running. */
export class Directus implements AsyncDisposable {
  /** Where it listens. */
  readonly url: string;
  /** A pair for the `Cookie` header of each session. */
  readonly cookies: readonly string[];
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess, url: string, cookies: readonly string[]) {
    this.#child = child;
    this.url = url;
    this.cookies = cookies;
  }

  /** Starts one that knows so many sessions. */
  static async start(sessions: number): Promise<Directus> {
    const flags = await flagsOf("imports");
    const script = new URL("./directus_process.ts", import.meta.url).pathname;
    const args = ["run", "-q", ...flags, "--allow-net", script, `${sessions}`, `${MAX_ITEM}`];
    const child = pinned(CLIENT_CORE, Deno.execPath(), args);
    let text = "";
    for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
      text += part;
      if (text.includes("\n")) break;
    }
    const { url, cookies } = JSON.parse(text);
    return new Directus(child, url, cookies);
  }

  /** Resolves to how many calls it has had so far. */
  async calls(): Promise<number> {
    return Number(await (await fetch(`${this.url}/bench/calls`)).text());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#child.status;
  }
}
