/**
 * A real Directus on SQLite in a temporary folder.
 *
 * @module
 */

import { type DirectusVersion, install, type Installation } from "./install.ts";
import { takeFreePort } from "../../live/transport/listener.ts";

/** Secret that it signs sessions with. */
export const SECRET = "the-secret-of-the-tests";

/** Static token of the administrator. */
export const ADMIN_TOKEN = "the-token-of-the-administrator";

/** How long it may take to start, in milliseconds. */
const START_MS = 120_000;

/** How often to look whether it has started, in milliseconds. */
const POLL_MS = 200;

/** Settings that differ from the defaults. */
const SETTINGS = {
  DB_CLIENT: "sqlite3",
  DB_FILENAME: "./data.db",
  SECRET,
  ADMIN_EMAIL: "admin@example.com",
  ADMIN_PASSWORD: "admin",
  ADMIN_TOKEN,
  HOST: "127.0.0.1",
  TELEMETRY: "false",
  LOG_LEVEL: "warn",
  LOGIN_STALL_TIME: "0", // by default a login takes half a second, against timing attacks
  PRESSURE_LIMITER_ENABLED: "false", // the tests' machine may be busy
  SESSION_REFRESH_GRACE_PERIOD: "1s", // 10s by default
  IMPORT_IP_DENY_LIST: "169.254.169.254", // lets Flows call the server on loopback
};

/** Environment variables of Directus; `undefined` leaves one out. */
export type Settings = Readonly<Record<string, string | undefined>>;

/** A running Directus. Its log stays in the folder of the installation. */
export class RealDirectus implements AsyncDisposable {
  /** Base URL. */
  readonly url: string;
  /** Path of its log. */
  readonly log: string;
  readonly #installation: Installation;
  readonly #folder: string;
  #settings: Settings;
  #child: Deno.ChildProcess | undefined;

  private constructor(
    installation: Installation,
    folder: string,
    log: string,
    settings: Settings,
    port: number,
  ) {
    this.url = `http://127.0.0.1:${port}`;
    this.#installation = installation;
    this.#folder = folder;
    this.log = log;
    this.#settings = { ...SETTINGS, PORT: `${port}`, PUBLIC_URL: this.url, ...settings };
  }

  /**
   * Installs, bootstraps and starts a Directus; resolves once it responds.
   *
   * @param name Name of its log, which replaces the log of the last run.
   * @param settings Environment variables of Directus.
   * @param version Version of Directus.
   * @param port Port to listen on. @default {a free one}
   * @throws {Error} If any of that fails; the message contains the end of its log.
   */
  static async start(
    name: string,
    settings: Settings = {},
    version: DirectusVersion = "11.17.4",
    port = takeFreePort(),
  ): Promise<RealDirectus> {
    const installation = await install({ version });
    const folder = await Deno.makeTempDir({ prefix: "live-directus-" });
    const log = `${installation.folder}/${name}.log`;
    await Deno.writeTextFile(log, "");
    const directus = new RealDirectus(installation, folder, log, settings, port);
    try {
      await directus.#bootstrap();
      await directus.#start();
      return directus;
    } catch (error) {
      await directus[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Its process id; `undefined` while it does not run. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Sends a request. */
  fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(this.url + path, { redirect: "manual", ...init });
  }

  /**
   * Sends a request as the administrator.
   *
   * @returns The response's `data`.
   * @throws {Error} If the status is not 2xx.
   */
  // deno-lint-ignore no-explicit-any -- each route returns something else
  async admin(method: string, path: string, body?: unknown): Promise<any> {
    const response = await this.fetch(path, {
      method,
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} responded ${response.status}: ${text}`);
    return text === "" ? undefined : JSON.parse(text).data;
  }

  /** Freezes the process: it accepts connections and does not respond. */
  hang(): void {
    this.#child?.kill("SIGSTOP");
  }

  /** Lets the process go on. */
  goOn(): void {
    this.#child?.kill("SIGCONT");
  }

  /** Restarts the process with these settings beside the others; its data stays. */
  async restart(settings: Settings): Promise<void> {
    await this.stop();
    this.#settings = { ...this.#settings, ...settings };
    await this.#start();
  }

  /** Ends the process; from then on connections are refused. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    child.kill("SIGCONT"); // if it is frozen
    child.kill("SIGTERM");
    await child.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #bootstrap(): Promise<void> {
    const { success } = await (await this.#run("bootstrap")).status;
    if (!success) throw await this.#failure("bootstrap");
  }

  async #start(): Promise<void> {
    const child = await this.#run("start");
    this.#child = child;
    child.status.then(() => {
      if (this.#child === child) this.#child = undefined;
    });
    for (const deadline = Date.now() + START_MS; !await this.#responds();) {
      const hasEnded = this.#child === undefined;
      if (hasEnded || Date.now() > deadline) throw await this.#failure("start");
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  async #responds(): Promise<boolean> {
    try {
      return await (await this.fetch("/server/ping")).text() === "pong";
    } catch {
      return false;
    }
  }

  /** Runs a command of Directus with its settings, and with its output in the log. */
  async #run(command: string): Promise<Deno.ChildProcess> {
    const { node, cli } = this.#installation;
    const lines = Object.entries(this.#settings)
      .flatMap(([name, value]) => value === undefined ? [] : [`${name}="${value}"\n`]);
    await Deno.writeTextFile(`${this.#folder}/.env`, lines.join(""));
    return new Deno.Command("sh", {
      args: ["-c", `exec "$0" "$1" ${command} >>"$2" 2>&1`, node, cli, this.log],
      cwd: this.#folder,
      stdin: "null",
    }).spawn();
  }

  async #failure(what: string): Promise<Error> {
    const log = await Deno.readTextFile(this.log);
    return new Error(`Directus could not ${what}; ${this.log} ends with:\n${log.slice(-4_000)}`);
  }
}
