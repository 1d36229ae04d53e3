/**
 * The application's start and stop, in any order.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { type Application, compose } from "../live/application.ts";
import { readConfig } from "../live/config/read_config.ts";
import { takeFreePort } from "../live/transport/listener.ts";

/** An application that is not started, and its ports, which were free a moment ago. */
interface Setup {
  readonly application: Application;
  readonly ports: { readonly live: number; readonly ops: number };
}

function setUp(env: Readonly<Record<string, string>>): Setup {
  const ports = { live: takeFreePort(), ops: takeFreePort() };
  const result = readConfig({
    DIRECTUS_BASE_URL: "http://127.0.0.1:9",
    LIVE_WS_HOST: "127.0.0.1",
    LIVE_WS_PORT: `${ports.live}`,
    OPS_PORT: `${ports.ops}`,
    LOG_LEVEL: "ERROR",
    ...env,
  });
  assert(result.ok);
  return { application: compose(result.config), ports };
}

/** Starts an application on a port that is taken. */
async function startOnTaken(name: "live" | "ops", { application, ports }: Setup): Promise<void> {
  using _taken = Deno.listen({ hostname: "127.0.0.1", port: ports[name] });
  await assertRejects(
    () => application.start(),
    Deno.errors.AddrInUse,
    `Cannot start the ${name} listener as the port is taken: 127.0.0.1:${ports[name]}`,
  );
}

const NONE = { stragglers: 0 };

/** Each case ends with an application that is stopped. */
const cases: Record<string, (setup: Setup) => Promise<void>> = {
  async "start, then stop"({ application, ports }) {
    const { live, ops } = await application.start();
    assertEquals({ live: live.port, ops: ops.port }, ports);
    assertEquals(await application.stop(), NONE);
  },
  async "stop without a start"({ application }) {
    assertEquals(await application.stop(), NONE);
  },
  async "stop, then start"({ application }) {
    await application.stop();
    await assertRejects(() => application.start(), TypeError, "after it was stopped");
  },
  async "stop during the start"({ application }) {
    const started = application.start();
    assertEquals(await application.stop(), NONE);
    await started;
  },
  async "stop twice"({ application }) {
    await application.start();
    const stopped = application.stop();
    assertStrictEquals(application.stop(0), stopped);
    await stopped;
  },
  async "start twice"({ application }) {
    const started = application.start();
    await assertRejects(() => application.start(), TypeError, "twice");
    await started;
    await application.stop();
  },
  async "the live port is taken"(setup) {
    await startOnTaken("live", setup);
  },
  async "the ops port is taken"(setup) {
    await startOnTaken("ops", setup);
  },
  async "the live port is taken, and a stop during the start"(setup) {
    const stopped = Promise.resolve().then(() => setup.application.stop());
    await startOnTaken("live", setup);
    assertEquals(await stopped, NONE);
  },
};

const variants: Record<string, Record<string, string>> = {
  "deno": { LIVE_TRANSPORT: "deno" },
  "ws": { LIVE_TRANSPORT: "ws" },
  "Redis out of reach": { REDIS_URL: "redis://127.0.0.1:9", REDIS_INGEST_STREAM: "positions" },
};

for (const [variant, env] of Object.entries(variants)) {
  for (const [name, run] of Object.entries(cases)) {
    Deno.test(`[${variant}] compose() leaves nothing open: ${name}`, async () => {
      const setup = setUp(env);

      await run(setup);

      for (const port of Object.values(setup.ports)) {
        Deno.listen({ hostname: "127.0.0.1", port }).close(); // throws if something still listens
      }
    });
  }
}
