/**
 * A restart of the server under two apps with Directus's SDK: one comes back when the server is there, and
 * one is refused once.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { withChromium } from "../support/chromium.ts";
import { type Frame, type Received, sorted, type Step } from "./sdk_frames.ts";
import { SDK_VERSIONS } from "./sdk_install.ts";
import type { SdkWorld, Target } from "./sdk_world_setup.ts";

const CLOSED = { type: "closed" };
const message = (event: string, data: unknown) => ({
  type: "subscription",
  event,
  data,
  uid: "list",
});
const INIT = message("init", []);
/** What the loop of an app sees. */
const loop = (event: string) => ({ loop: event });

/** What happens, whichever server restarts, step by step. */
function expectedIn(runtime: "node" | "browser"): Record<string, Frame[]> {
  const isBrowser = runtime === "browser";
  return {
    "waiting: subscribe": [INIT, loop("init")],
    "refused: subscribe": [INIT, loop("init")],
    "waiting: the server stops": [CLOSED],
    "refused: the server stops": [
      CLOSED,
      { type: "refused" },
      isBrowser ? CLOSED : { type: "RangeError" },
      loop("end"),
    ],
    "waiting: the server is back": [INIT, INIT, loop("init")],
    "refused: the server is back": isBrowser ? [INIT] : [],
    "waiting: a row is created": [
      message("create", [{ title: `waiting ${runtime}` }]),
      loop("create"),
    ],
    "refused: a row is created": isBrowser
      ? [message("create", [{ title: `refused ${runtime}` }])]
      : [],
  };
}

/** Restarts a server under apps in Node.js and, if it is there, Chromium. */
export async function testRestart(world: SdkWorld, target: Target): Promise<void> {
  const hasBrowser = withChromium.ignore !== true;
  await using control = new Control(hasBrowser ? 2 : 1, {
    "/stop": () => world.stop(target),
    "/start": () => world.start(target),
  });
  const options = { script: "restart", version: SDK_VERSIONS[0], rows: 0, target } as const;
  const [node, chromium] = await Promise.all([
    world.runInNode({ ...options, control: control.url }),
    hasBrowser ? world.runInChromium({ ...options, control: control.url }) : undefined,
  ]);
  compare(node, expectedIn("node"), target);
  if (chromium !== undefined) compare(chromium, expectedIn("browser"), target);
}

function compare({ steps }: Received, expected: Record<string, Frame[]>, target: Target): void {
  const wanted = Object.entries(expected).map(([name, frames]) => sorted({ name, frames }));
  const received = target === "directus" ? steps.map(withoutSecondCreate) : steps;
  assertEquals(received.map(sorted), wanted);
}

/** Directus sometimes keeps both of the equal subscriptions that the SDK sends when it comes back. */
function withoutSecondCreate({ name, frames }: Step): Step {
  const [, ...more] = frames.filter(({ event }) => event === "create");
  return { name, frames: frames.filter((frame) => !more.includes(frame)) };
}

/** Acts when all apps have asked for it, and answers them once that is done. */
class Control implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #asked = new Map<string, number>();
  readonly #done = new Map<string, PromiseWithResolvers<void>>();

  constructor(apps: number, acts: Readonly<Record<string, () => Promise<void>>>) {
    for (const path of Object.keys(acts)) this.#done.set(path, Promise.withResolvers());
    const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
    this.#server = Deno.serve(options, async (request) => {
      const { pathname } = new URL(request.url);
      const asked = (this.#asked.get(pathname) ?? 0) + 1;
      this.#asked.set(pathname, asked);
      const done = this.#done.get(pathname);
      if (asked === apps) acts[pathname]?.().then(done?.resolve, done?.reject);
      await done?.promise;
      return new Response("", { headers: { "access-control-allow-origin": "*" } });
    });
  }

  /** Where it listens. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
