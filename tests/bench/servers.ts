/**
 * The servers that are measured, each in a process of its own on the servers' core.
 *
 * @module
 */

import { takeFreePort } from "../../live/transport/listener.ts";
import { isInstalled } from "../support/program.ts";
import { flagsOf } from "../support/task_flags.ts";
import { Directus } from "./directus.ts";
import type { Publishing } from "./load/orders.ts";
import { PinnedProgram, SERVER_CORE } from "./pinned_program.ts";

const TOKEN = "the-publish-token-of-the-bench";

/** A server that is measured. */
export interface BenchServer extends AsyncDisposable {
  /** Its process id. */
  readonly pid: number;
  /** Port of its WebSockets. */
  readonly port: number;
  /** How to publish. */
  readonly publishing: Publishing;
  /** A `Cookie` header for each session. */
  readonly cookies: readonly string[];
  /** Its Directus, if it has one. */
  readonly directus?: Directus;
  /** Writes a line to its standard input, and resolves to the line that it answers. */
  ask(text: string): Promise<string>;
  /** Stops it. */
  stop(): Promise<void>;
}

/** Starts a server. */
export type StartServer = () => Promise<BenchServer>;

/** How to start the real server. */
export interface LiveOptions {
  /** Environment variables. @default {{}} */
  readonly env?: Readonly<Record<string, string>>;
  /** Its Directus. @default {one of its own, with 500 sessions} */
  readonly directus?: Directus;
  /** Whether it may use all cores. @default {false} */
  readonly usesAllCores?: boolean;
}

/** Sessions of a Directus that a server starts for itself. */
const SESSIONS = 500;

/** Starts the server with the flags of `deno task start`. */
export async function startLive(options: LiveOptions = {}): Promise<BenchServer> {
  const directus = options.directus ?? await Directus.start(SESSIONS);
  const flags = [...await flagsOf("imports"), ...await flagsOf("permissions")];
  const script = new URL("./served.ts", import.meta.url).pathname;
  const core = options.usesAllCores ? undefined : SERVER_CORE;
  const args = ["run", "-q", ...flags, "--allow-read=live,tests/npm_only", script];
  const program = new PinnedProgram(core, Deno.execPath(), args, {
    cwd: new URL("../../", import.meta.url),
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
  });
  const { live: port, ops } = JSON.parse(await program.line());
  const publishing = {
    port: ops,
    path: "/publish",
    headers: `Authorization: Bearer ${TOKEN}\r\n`,
    body: '{"topic":"events:#","data":@}',
  };
  const server = serverOf(program, { port, publishing, cookies: directus.cookies, directus });
  return {
    ...server,
    async [Symbol.asyncDispose]() {
      await server.stop();
      if (options.directus === undefined) await directus[Symbol.asyncDispose]();
    },
  };
}

function serverOf(
  program: PinnedProgram,
  rest: Pick<BenchServer, "port" | "publishing" | "cookies" | "directus">,
): BenchServer {
  const stop = () => program[Symbol.asyncDispose]();
  return {
    ...rest,
    pid: program.pid,
    ask: (text) => program.ask(text),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Servers to compare with, by name, where this machine has what they need. */
export const peers: Readonly<Record<string, StartServer>> = {
  ...(isInstalled("node") && isInstalled("npm")
    ? { "Node ws": () => startPeer("node", "node_ws.mjs") }
    : {}),
  ...(isInstalled("bun") ? { "Bun publish": () => startPeer("bun", "bun_publish.ts") } : {}),
};

async function startPeer(path: string, file: string): Promise<BenchServer> {
  const port = takeFreePort();
  const script = new URL(`./peers/${file}`, import.meta.url).pathname;
  const folder = path === "node" ? [await installWs()] : [];
  const program = new PinnedProgram(SERVER_CORE, path, [script, `${port}`, ...folder]);
  await program.line();
  const publishing = { port, path: "/pub", body: '{"topic":"events:#","data":@}' };
  return serverOf(program, { port, publishing, cookies: [] });
}

let ws: Promise<string> | undefined;

/** Installs npm's `ws` for Node once; resolves to the folder. */
function installWs(): Promise<string> {
  return ws ??= (async () => {
    const cache = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`;
    const folder = `${cache}/live-bench`;
    const { success } = await new Deno.Command("npm", {
      args: [
        "install",
        "--prefix",
        folder,
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
        "ws@8.23.0",
      ],
      stdout: "null",
    }).output();
    if (!success) throw new Error("Cannot install ws from npm");
    return folder;
  })();
}
