/**
 * The example apps in a folder of their own, with the client installed as an npm package.
 *
 * @module
 */

import { assert } from "@std/assert";
import { Program } from "../../support/program.ts";
import { installDependencies, NPM_FLAGS, run } from "./install.ts";

/** The frameworks of the example apps. */
export const FRAMEWORKS = ["react", "vue", "svelte"] as const;

/** One of them. */
export type Framework = typeof FRAMEWORKS[number];

/** Checks the types of an app. */
const CHECKERS: Readonly<Record<Framework, readonly string[]>> = {
  react: ["typescript/bin/tsc"],
  vue: ["vue-tsc/bin/vue-tsc.js"],
  svelte: ["svelte-check/bin/svelte-check", "--fail-on-warnings"],
};

/** A folder below that of the apps' dependencies, so that Node.js finds them. */
export class Workspace implements AsyncDisposable {
  /** Its path. */
  readonly folder: string;
  readonly #dependencies: string;

  private constructor(folder: string, dependencies: string) {
    this.folder = folder;
    this.#dependencies = dependencies;
  }

  /** Creates a folder in which the client is installed from what npm takes: a path or an address. */
  static async create(client: string): Promise<Workspace> {
    const dependencies = await installDependencies();
    const folder = await Deno.makeTempDir({ dir: dependencies, prefix: "run-" });
    const workspace = new Workspace(folder, dependencies);
    await Deno.writeTextFile(`${folder}/package.json`, '{ "private": true, "type": "module" }');
    await run("npm", ["install", ...NPM_FLAGS, client], folder);
    return workspace;
  }

  /** Copies an app into the folder, and resolves to its path. */
  async copy(framework: Framework): Promise<string> {
    const target = `${this.folder}/${framework}`;
    const source = new URL(`${framework}/`, import.meta.url);
    await copyFolder(source.pathname, target);
    return target;
  }

  /** Runs a program of the dependencies in a folder. */
  async node(
    script: string,
    args: readonly string[],
    cwd = this.folder,
    env: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    return await run("node", [this.path(script), ...args], cwd, env);
  }

  /** Returns the path of a file of the dependencies. */
  path(name: string): string {
    return `${this.#dependencies}/node_modules/${name}`;
  }

  /** Checks the types of an app that was copied. */
  async check(framework: Framework): Promise<void> {
    const [script = "", ...args] = CHECKERS[framework];
    await this.node(script, args, `${this.folder}/${framework}`);
  }

  /**
   * Builds an app that was copied.
   *
   * @param mode React runs effects twice in StrictMode only in a build for development.
   * @returns The folder with the built page.
   */
  async build(framework: Framework, mode: "production" | "development"): Promise<string> {
    const out = `dist-${mode}`;
    const args = ["build", "--mode", mode, "--outDir", out, "--logLevel", "warn"];
    const app = `${this.folder}/${framework}`;
    await this.node("vite/bin/vite.js", args, app, { NODE_ENV: mode });
    return `${app}/${out}`;
  }

  /** Runs Vite's development server on an app that was copied. Resolves to the page's address. */
  async serve(stack: AsyncDisposableStack, framework: Framework): Promise<string> {
    const server = stack.use(
      new Program("node", {
        args: [this.path("vite/bin/vite.js"), "--host", "127.0.0.1", "--port", "0"],
        cwd: `${this.folder}/${framework}`,
        env: { NO_COLOR: "1" },
      }),
    );
    const [, address] = await server.find(/(http:\/\/127\.0\.0\.1:\d+)\//) ?? [];
    assert(address !== undefined, server.output);
    return address;
  }

  /** Replaces a text in a file of an app that was copied. */
  async edit(framework: Framework, file: string, from: string, to: string): Promise<void> {
    const path = `${this.folder}/${framework}/src/${file}`;
    const text = await Deno.readTextFile(path);
    assert(text.includes(from));
    await Deno.writeTextFile(path, text.replace(from, to));
  }

  /**
   * Renders an app that was copied, as a server does, in a Node.js without WebSockets.
   *
   * @returns The HTML of the page's content.
   */
  async render(framework: Framework): Promise<string> {
    const app = `${this.folder}/${framework}`;
    const entry = `src/server.${framework === "react" ? "tsx" : "ts"}`;
    const args = ["build", "--ssr", entry, "--outDir", "dist-server", "--logLevel", "warn"];
    await this.node("vite/bin/vite.js", args, app, { NODE_ENV: "production" });
    const script = `globalThis.WebSocket = class { constructor() { process.exit(3); } };
      const { render } = await import("./dist-server/server.js");
      console.log(await render());`;
    // It ends by itself only if nothing is left open.
    return (await run("node", ["--input-type=module", "--eval", script], app, {
      NODE_ENV: "production",
    })).trimEnd();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

async function copyFolder(source: string, target: string): Promise<void> {
  await Deno.mkdir(target, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(source)) {
    if (isDirectory) await copyFolder(`${source}/${name}`, `${target}/${name}`);
    else await Deno.copyFile(`${source}/${name}`, `${target}/${name}`);
  }
}
