/**
 * A registry like JSR, which may be out of order or serve manipulated content, and a project that
 * depends on one package of it.
 *
 * @module
 */

import { createHash } from "node:crypto";

/** How a registry behaves. */
export type Behaviour =
  | "what is locked"
  | "a manipulated package"
  | "a manipulated module"
  | "a network's login page"
  | "a gateway's error"
  | "a proxy's refusal"
  | "no such package"
  | "no answer"
  | "no connection";

/** How a program ended and what it wrote. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const ROOT = new URL("../../", import.meta.url);
const MODULE = "export const origin = 'the registry';\n";
const MANIPULATED = "export const origin = 'an attacker';\n";
/** Status of each answer, by behaviours that are errors of HTTP. */
const STATUSES: { readonly [name in Behaviour]?: number } = {
  "a gateway's error": 502,
  "a proxy's refusal": 403,
  "no such package": 404,
};

const HTML = { headers: { "content-type": "text/html" } };

/** A registry on a port of this machine. */
export class Registry implements AsyncDisposable {
  readonly #stopping = Promise.withResolvers<void>();
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    ({ url }) => this.#answer(new URL(url).pathname),
  );
  #behaviour: Behaviour = "what is locked";

  /** Its address. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Behaves differently from now on. */
  async behave(behaviour: Behaviour): Promise<void> {
    this.#behaviour = behaviour;
    if (behaviour === "no connection") await this.#server.shutdown();
  }

  /** Stops it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.resolve();
    await this.#server.shutdown();
  }

  async #answer(path: string): Promise<Response> {
    const behaviour = this.#behaviour;
    if (behaviour === "no answer") await this.#stopping.promise;
    if (behaviour === "a network's login page") return new Response("<html>", HTML);
    const status = STATUSES[behaviour];
    if (status !== undefined) return new Response(null, { status });
    if (path.endsWith("/meta.json")) {
      // The versions of the small project below, and of this one.
      return Response.json({
        versions: { "1.0.0": {}, "1.0.19": {}, "1.1.2": {}, "0.224.14": {} },
      });
    }
    if (path.endsWith("_meta.json")) {
      return Response.json(
        manifestOf(behaviour === "a manipulated package" ? MANIPULATED : MODULE),
      );
    }
    return new Response(behaviour === "what is locked" ? MODULE : MANIPULATED);
  }
}

/** The manifest of a package's version, which lists its files. */
function manifestOf(text: string): unknown {
  const checksum = `sha256-${createHash("sha256").update(text).digest("hex")}`;
  return { manifest: { "/mod.ts": { size: text.length, checksum } }, exports: { ".": "./mod.ts" } };
}

/** A folder with a project whose lock file and cache are complete. */
export class Project implements AsyncDisposable {
  /** Where its dependency comes from. */
  readonly registry: Registry = new Registry();
  readonly #folder: string;
  #caches = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes a project. */
  static async create(): Promise<Project> {
    const folder = await Deno.makeTempDir({ prefix: "live_npm_only_" });
    const project = new Project(folder);
    await Deno.writeTextFile(
      `${folder}/deno.json`,
      '{"imports":{"@std/assert":"jsr:@std/assert@^1.0.0"}}',
    );
    await Deno.mkdir(`${folder}/tests/npm_only`, { recursive: true });
    await Deno.writeTextFile(`${folder}/tests/npm_only/probe.ts`, 'import "@std/assert";');
    const { code, stderr } = await project.run("install");
    if (code !== 0) throw new Error(stderr);
    return project;
  }

  /** Empties its cache. */
  clearCache(): void {
    this.#caches++;
  }

  /** Runs Deno in it. */
  run(...args: readonly string[]): Promise<Ended> {
    const env = { JSR_URL: this.registry.url, DENO_DIR: `${this.#folder}/cache-${this.#caches}` };
    return runDeno(this.#folder, env, args);
  }

  /** Removes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.registry[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** Runs a task of this project with a cache of its own, which is empty. */
export async function runTask(
  task: string,
  env: Readonly<Record<string, string>>,
): Promise<Ended> {
  const cache = await Deno.makeTempDir({ prefix: "live_npm_only_" });
  try {
    return await runDeno(ROOT, { ...env, DENO_DIR: cache }, ["task", "-q", task]);
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}

/** Runs Deno in a folder. */
async function runDeno(
  cwd: string | URL,
  env: Readonly<Record<string, string>>,
  args: readonly string[],
): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}
