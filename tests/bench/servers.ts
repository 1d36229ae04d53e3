/**
 * The servers that are measured, each in a process on a core of its own.
 *
 * @module
 */

import { pinned } from "./pinned.ts";
import { Directus } from "./directus.ts";
import type { Publishing } from "./load/orders.ts";
import { takeFreePort } from "../../live/transport/listener.ts";
import { isInstalled } from "../support/program.ts";
import { flagsOf } from "../support/task_flags.ts";

/** The core that servers run on. */
export const SERVER_CORE = 0;

const TOKEN = "the-publish-token-of-the-bench";

/** A server that is measured. */
export interface BenchServer extends AsyncDisposable {
  readonly pid: number;
  /** Port of its WebSockets. */
  readonly port: number;
  readonly publishing: Publishing;
  readonly cookies: readonly string[];
  /** The stand-in that it asks, if it asks any. */
  readonly directus: Directus | undefined;
  /** Says something to its standard input, and resolves to the next line of its output. */
  ask(text: string): Promise<string>;
  /** Ends it with SIGTERM. */
  stop(): Promise<void>;
}

/** Starts a server. */
export type StartServer = () => Promise<BenchServer>;

/** How to start the real one. */
export interface LiveOptions {
  /** Variables of its own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Sessions that the stand-in knows. @default {500} */
  readonly sessions?: number;
  /** A stand-in that is running already. */
  readonly directus?: Directus;
}

/** Starts the server as `deno task start` does, with a stand-in for Directus on the clients' core. */
export async function startLive(options: LiveOptions = {}): Promise<BenchServer> {
  const directus = options.directus ?? await Directus.start(options.sessions ?? 500);
  const flags = [...await flagsOf("imports"), ...await flagsOf("permissions")];
  const script = new URL("./served.ts", import.meta.url).pathname;
  const child = pinned(
    SERVER_CORE,
    Deno.execPath(),
    ["run", "-q", ...flags, script],
    {
      cwd: new URL("../../", import.meta.url),
      stdin: "piped",
      env: {
        DIRECTUS_BASE_URL: directus.url,
        LIVE_WS_HOST: "127.0.0.1",
        LIVE_WS_PORT: "0",
        OPS_PORT: "0",
        LIVE_MAX_CONNECTIONS_PER_USER: "50000",
        LIVE_WS_PING_INTERVAL_MS: "60000",
        LIVE_PUBLISH_TOKEN: TOKEN,
        LOG_LEVEL: "ERROR",
        ...options.env,
      },
    },
  );
  const process = new Process(child);
  const { live, ops } = JSON.parse(await process.line());
  return process.server({
    port: live,
    publishing: {
      port: ops,
      path: "/publish",
      headers: `Authorization: Bearer ${TOKEN}\r\n`,
      body: '{"topic":"events:#","data":@}',
    },
    cookies: directus.cookies,
    directus,
    dispose: () => options.directus === undefined ? directus[Symbol.asyncDispose]() : undefined,
  });
}

/** Servers of others, by name, where this machine has what they need. */
export const peers: Readonly<Record<string, StartServer>> = {
  ...(isInstalled("node") && isInstalled("npm")
    ? { "Node ws": () => startPeer("node", "node_ws.mjs") }
    : {}),
  ...(isInstalled("bun") ? { "Bun publish": () => startPeer("bun", "bun_publish.ts") } : {}),
};

async function startPeer(program: string, file: string): Promise<BenchServer> {
  const port = takeFreePort();
  const script = new URL(`./peers/${file}`, import.meta.url).pathname;
  const folder = program === "node" ? [await installWs()] : [];
  const process = new Process(pinned(SERVER_CORE, program, [script, `${port}`, ...folder]));
  await process.line();
  const publishing = { port, path: "/pub", body: '{"topic":"events:#","data":@}' };
  return process.server({ port, publishing, cookies: [], directus: undefined, dispose() {} });
}

let ws: Promise<string> | undefined;

/** Installs npm's `ws` for Node, once; resolves to the folder. */
function installWs(): Promise<string> {
  return ws ??= (async () => {
    const cache = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`;
    const folder = `${cache}/live-bench`;
    const { success } = await new Deno.Command("npm", {
      args: ["install", "--prefix", folder, "--no-audit", "--no-fund", "--loglevel=error", "ws@8"],
      stdout: "null",
    }).output();
    if (!success) throw new Error("Cannot install ws from npm");
    return folder;
  })();
}

/** A server's process. */
class Process {
  readonly #child: Deno.ChildProcess;
  readonly #output: ReadableStreamDefaultReader<string>;
  #rest = "";
  #ended = false;

  constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  async line(): Promise<string> {
    while (!this.#rest.includes("\n")) {
      const { value, done } = await this.#output.read();
      if (done) throw new Error("A server has ended");
      this.#rest += value;
    }
    const end = this.#rest.indexOf("\n");
    const line = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + 1);
    return line;
  }

  server(
    { dispose, ...rest }:
      & Pick<BenchServer, "port" | "publishing" | "cookies" | "directus">
      & { dispose(): unknown },
  ): BenchServer {
    const stop = async () => {
      if (this.#ended) return;
      this.#ended = true;
      this.#child.kill("SIGTERM");
      await this.#child.status;
    };
    return {
      ...rest,
      pid: this.#child.pid,
      ask: async (text) => {
        const input = this.#child.stdin.getWriter();
        await input.write(new TextEncoder().encode(`${text}\n`));
        input.releaseLock();
        return await this.line();
      },
      stop,
      async [Symbol.asyncDispose]() {
        await stop();
        await dispose();
      },
    };
  }
}
