/**
 * A Directus with its own WebSockets, the live server in front of it, and an app with Directus's SDK.
 *
 * @module
 */

import { takeFreePort } from "../../live/transport/listener.ts";
import { launchChromium } from "../support/chromium.ts";
import { ServerProcess } from "../support/process.ts";
import { createFlow, FLOW_SETTINGS, recipe } from "./flow_setup.ts";
import { install } from "./install.ts";
import { ADMIN_TOKEN, RealDirectus } from "./real_directus.ts";
import type { Received } from "./sdk_frames.ts";
import { installSdk, type SdkVersion } from "./sdk_install.ts";
import { TOKEN } from "./server_setup.ts";
import { createPolicy, createUser } from "./world_setup.ts";

/** Static token of the app's user. */
const USER_TOKEN = "the-token-of-the-user-of-the-app";

/** The script's files. */
const SCRIPTS = new URL("sdk/", import.meta.url);

/** A Directus whose answers all take less than this time is idle. */
const QUICK_ANSWERS = 20;
const QUICK_MS = 100;

/** A server under test. */
export type Target = "directus" | "live";

/** How clients authenticate: the setting of both servers. */
export type AuthMode = "handshake" | "public";

/** How the app is run. */
export interface AppOptions {
  /** Which script. */
  readonly script: "app" | "lifecycle" | "public" | "restart";
  /** With which server. */
  readonly target: Target;
  /** Version of the SDK. */
  readonly version: SdkVersion;
  /** Rows that are created at once. */
  readonly rows: number;
  /** URL that stops the server and starts it again. @default {none} */
  readonly control?: string;
}

const key = {
  field: "id",
  type: "integer",
  meta: {},
  schema: { is_primary_key: true, has_auto_increment: true },
};
const text = (field: string) => ({ field, type: "string", meta: {}, schema: {} });

/** Directus, the live server, and what runs the app. */
export class SdkWorld implements AsyncDisposable {
  readonly directus: RealDirectus;
  readonly #stack: AsyncDisposableStack;
  readonly #env: Readonly<Record<string, string>>;
  readonly #livePort: number;
  #live: ServerProcess | undefined;

  private constructor(directus: RealDirectus, stack: AsyncDisposableStack, auth: AuthMode) {
    const opsPort = takeFreePort();
    this.directus = directus;
    this.#stack = stack;
    this.#livePort = takeFreePort();
    this.#env = {
      DIRECTUS_BASE_URL: directus.url,
      LIVE_DIRECTUS_AUTH: auth,
      LIVE_WS_PORT: `${this.#livePort}`,
      OPS_PORT: `${opsPort}`,
      LIVE_ALLOWED_ORIGINS: "*",
      LIVE_PUBLISH_TOKEN: TOKEN,
      LIVE_REVALIDATE_INTERVAL_MS: "1000",
      LIVE_MAX_MESSAGES_PER_SECOND: "1000000",
      DIRECTUS_AUTH_TIMEOUT_MS: "60000", // the tests' machine may be busy
      DIRECTUS_CACHE_TTL_MS: "0",
    };
  }

  /** Starts everything. */
  static async start(auth: AuthMode = "handshake"): Promise<SdkWorld> {
    await using stack = new AsyncDisposableStack();
    const directus = stack.use(
      await RealDirectus.start("sdk", {
        ...FLOW_SETTINGS,
        WEBSOCKETS_ENABLED: "true",
        WEBSOCKETS_REST_AUTH: auth,
        CORS_ENABLED: "true",
        CORS_ORIGIN: "true",
        ACCESS_TOKEN_TTL: "4s",
      }),
    );
    const world = new SdkWorld(directus, stack.move(), auth);
    await world.#create();
    await world.start("live");
    const ops = `http://127.0.0.1:${world.#env["OPS_PORT"]}`;
    const flow = { ...recipe("What changed in a collection"), collections: ["tasks"] };
    const scope = ["items.create", "items.update", "items.delete"];
    await createFlow(directus, { ops }, { ...flow, scope, script: undefined });
    return world;
  }

  /** URL of the live server. */
  get live(): string {
    return `http://127.0.0.1:${this.#livePort}`;
  }

  /** Stops a server as an operator does. */
  async stop(target: Target): Promise<void> {
    if (target === "directus") return await this.directus.stop();
    this.#live?.kill("SIGTERM");
    await this.#live?.ended;
  }

  /** Starts a server that was stopped; resolves once it responds. */
  async start(target: Target): Promise<void> {
    if (target === "directus") return await this.directus.restart({});
    this.#live = await ServerProcess.spawn(this.#env);
    await this.#live.ports();
  }

  /** Runs the app in Node.js. */
  async runInNode(options: AppOptions): Promise<Received> {
    const [{ node }, sdk] = await Promise.all([install(), installSdk(options.version)]);
    await this.#reset();
    const code = `import * as sdk from "file://${sdk}/index.js";
      import { run } from "${new URL(`${options.script}.js`, SCRIPTS)}";
      const received = JSON.stringify(await run(sdk, ${JSON.stringify(this.#optionsOf(options))}));
      process.stdout.write(received, () => process.exit(0)); // a pipe takes 64 KiB at a time`;
    const output = await new Deno.Command(node, {
      args: ["--input-type=module", "-e", code],
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    if (!output.success) throw new Error(decoder.decode(output.stderr));
    return JSON.parse(decoder.decode(output.stdout));
  }

  /** Runs the app in Chromium. */
  async runInChromium(options: AppOptions): Promise<Received> {
    await using stack = new AsyncDisposableStack();
    const sdk = await installSdk(options.version);
    await this.#reset();
    const pages = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/") {
        return new Response("<!doctype html>", { headers: { "content-type": "text/html" } });
      }
      const [, folder, ...path] = pathname.split("/");
      const base = folder === "sdk" ? new URL(`file://${sdk}/`) : SCRIPTS;
      const script = await Deno.readTextFile(new URL(path.join("/"), base)).catch(() => "");
      return new Response(script, { headers: { "content-type": "text/javascript" } });
    });
    stack.defer(() => pages.shutdown());
    const browser = await launchChromium(stack);
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${pages.addr.port}/`);
    const code = `(async () => {
      const sdk = await import("/sdk/index.js");
      const { run } = await import("/app/${options.script}.js");
      return await run(sdk, ${JSON.stringify(this.#optionsOf(options))});
    })()`;
    return await page.evaluate(code);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#live?.[Symbol.asyncDispose]();
    await this.#stack.disposeAsync();
  }

  #optionsOf({ target, rows, control }: AppOptions): Record<string, unknown> {
    return {
      control,
      directus: this.directus.url,
      live: target === "live" ? this.live : this.directus.url,
      adminToken: ADMIN_TOKEN,
      token: USER_TOKEN,
      email: "ada@example.com",
      password: "demo",
      endsAtLogout: target === "live",
      rows,
    };
  }

  /** Creates the collections, the user and what that user may read. */
  async #create(): Promise<void> {
    const { directus } = this;
    for (
      const [collection, ...fields] of [
        ["authors", "name"],
        ["secrets", "title"],
        ["tasks", "title", "status", "note"],
      ]
    ) {
      const columns = [key, ...fields.map(text)];
      await directus.admin("POST", "/collections", {
        collection,
        meta: {},
        schema: {},
        fields: columns,
      });
    }
    const author = { field: "author", type: "integer", meta: {}, schema: {} };
    await directus.admin("POST", "/fields/tasks", author);
    const relation = { collection: "tasks", field: "author", related_collection: "authors" };
    await directus.admin("POST", "/relations", { ...relation, schema: {} });
    const role = await directus.admin("POST", "/roles", { name: "App" });
    const { policy } = await createPolicy(directus, "App", { tasks: {}, authors: {} });
    await directus.admin("POST", "/access", { role: role.id, policy });
    await createUser(directus, "ada", { role: role.id, token: USER_TOKEN });
    const [open] = await directus.admin("GET", "/policies?filter[name][_contains]=public");
    const permission = { policy: open.id, collection: "tasks", action: "read" };
    await directus.admin("POST", "/permissions", {
      ...permission,
      fields: ["id", "title", "status"],
      permissions: { status: { _eq: "open" } },
    });
  }

  /** Resolves once Directus has dealt with what many rows at once caused, Flows and events included. */
  async #settled(): Promise<void> {
    for (let quick = 0; quick < QUICK_ANSWERS;) {
      const startedAt = Date.now();
      await this.directus.admin("GET", "/items/tasks?limit=1");
      quick = Date.now() - startedAt < QUICK_MS ? quick + 1 : 0;
    }
  }

  /** Sets the rows back to those that each run begins with. */
  async #reset(): Promise<void> {
    await this.directus.admin("DELETE", "/items/tasks", { query: { limit: -1 } });
    await this.#settled();
    for (const [title, status] of [["a", "open"], ["b", "open"], ["c", "done"]]) {
      await this.directus.admin("POST", "/items/tasks", { title, status });
    }
  }
}

/** Returns the URL of a raw connection to a server, with the app's user. */
export function socketUrl(base: string): string {
  return `${base.replace("http", "ws")}/websocket?access_token=${USER_TOKEN}`;
}
