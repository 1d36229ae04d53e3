/**
 * A real Directus on SQLite in a temporary folder.
 *
 * @module
 */

import { install, type Installation } from "./install.ts";

/** A static token of the administrator. */
const ADMIN_TOKEN = "the-token-of-the-administrator";

/** How long it may take to start, in milliseconds. */
const START_MS = 120_000;

/** How often it is asked whether it has, in milliseconds. */
const POLL_MS = 200;

/** Settings of its own; everything else is as it is out of the box. */
const SETTINGS = {
  DB_CLIENT: "sqlite3",
  DB_FILENAME: "./data.db",
  SECRET: "the-secret-of-the-tests",
  ADMIN_EMAIL: "admin@example.com",
  ADMIN_PASSWORD: "admin",
  ADMIN_TOKEN,
  HOST: "127.0.0.1",
  TELEMETRY: "false",
  LOG_LEVEL: "warn",
  PRESSURE_LIMITER_ENABLED: "false", // the tests' machine may be busy
  SESSION_REFRESH_GRACE_PERIOD: "1s", // ten out of the box
  IMPORT_IP_DENY_LIST: "169.254.169.254", // Flows call the server on this very machine
};

/** A Directus that is running. */
export class RealDirectus implements AsyncDisposable {
  /** Where it is. */
  readonly url: string;
  readonly #folder: string;
  readonly #child: Deno.ChildProcess;

  private constructor(url: string, folder: string, child: Deno.ChildProcess) {
    this.url = url;
    this.#folder = folder;
    this.#child = child;
  }

  /**
   * Installs, bootstraps and starts one; resolves once it answers.
   *
   * @param settings Environment variables of Directus.
   * @throws {Error} If any of that fails; the end of its log is in the message.
   */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<RealDirectus> {
    const installation = await install();
    const folder = await Deno.makeTempDir({ prefix: "live-directus-" });
    const port = freePort();
    const url = `http://127.0.0.1:${port}`;
    const all = { ...SETTINGS, PORT: `${port}`, PUBLIC_URL: url, ...settings };
    const lines = Object.entries(all).map(([name, value]) => `${name}="${value}"\n`);
    await Deno.writeTextFile(`${folder}/.env`, lines.join(""));
    const bootstrap = run(installation, folder, "bootstrap");
    if (!(await bootstrap.status).success) throw await failure(folder, "bootstrap");
    const directus = new RealDirectus(url, folder, run(installation, folder, "start"));
    let ended = false;
    directus.#child.status.then(() => ended = true);
    for (const deadline = Date.now() + START_MS; !await directus.#answers();) {
      if (ended || Date.now() > deadline) throw await failure(folder, "start");
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return directus;
  }

  /** Asks it something as anybody. */
  fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(this.url + path, { redirect: "manual", ...init });
  }

  /**
   * Has the administrator do something.
   *
   * @returns What the answer's `data` is.
   * @throws {Error} If it is refused.
   */
  // deno-lint-ignore no-explicit-any -- each route answers something else
  async admin(method: string, path: string, body?: unknown): Promise<any> {
    const response = await this.fetch(path, {
      method,
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${text}`);
    return text === "" ? undefined : JSON.parse(text).data;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#child.status;
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #answers(): Promise<boolean> {
    try {
      return await (await this.fetch("/server/ping")).text() === "pong";
    } catch {
      return false;
    }
  }
}

/** Runs a command of Directus, whose output goes to its log. */
function run({ node, cli }: Installation, cwd: string, command: string): Deno.ChildProcess {
  return new Deno.Command("sh", {
    args: ["-c", `exec "$0" "$1" ${command} >>directus.log 2>&1`, node, cli],
    cwd,
    stdin: "null",
  }).spawn();
}

async function failure(folder: string, what: string): Promise<Error> {
  const log = await Deno.readTextFile(`${folder}/directus.log`).catch(() => "");
  return new Error(`Directus could not ${what}:\n${log.slice(-4_000)}`);
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
