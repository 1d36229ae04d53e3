/**
 * Runs everything on one machine: a stand-in for Directus with the page, the live server, and a
 * feed of moving vehicles.
 *
 * @module
 */

import { readConfig } from "../../live/config/read_config.ts";
import { compose } from "../../live/application.ts";
import { Database } from "../directus/stand_in/database.ts";
import { Circuit, CORNERS } from "./circuit.ts";
import { Entries } from "./entries.ts";
import { startFeed } from "./feed.ts";
import { startFlow } from "./flow.ts";
import { Race } from "./race.ts";
import { Lines } from "./lines.ts";
import {
  BALLAST_TOPIC,
  createDemoDirectus,
  createDemoHandler,
  type DemoInfo,
  PRACTICE_READERS,
  PRACTICE_TOPIC,
  RACE_TOPIC,
  USERS,
} from "./server.ts";

const HOST = "127.0.0.1";
const STOP_TIMEOUT_MS = 2_000;

/** How many vehicles have an entry in the live list. */
const ENTRIES = 12;

/** The variables that set the demo's three ports, with their defaults: not 8055, a Directus's own. */
const PORTS = { DEMO_PORT: 8070, LIVE_WS_PORT: 8080, OPS_PORT: 9090 };

type Ports = typeof PORTS;

/** A reason not to start, for the person at the terminal. */
class StartError extends Error {}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

function warn(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}

function readPorts(env: Record<string, string | undefined>): Ports {
  const ports = { ...PORTS };
  for (const name of Object.keys(PORTS) as (keyof Ports)[]) {
    const text = env[name]?.trim() || String(PORTS[name]);
    const port = Number(text);
    if (!/^\d+$/.test(text) || port > 65_535) {
      throw new StartError(`${name} must be a port from 0 to 65535: it is '${text}'.`);
    }
    const twin = (Object.keys(PORTS) as (keyof Ports)[])
      .slice(0, Object.keys(PORTS).indexOf(name))
      .find((other) => port !== 0 && ports[other] === port);
    if (twin) throw new StartError(`${name} and ${twin} are both ${port}: set ${name} to another.`);
    ports[name] = port;
  }
  return ports;
}

/** Fails if a port is taken, before anything is started. */
function checkPorts(ports: Ports): void {
  for (const [name, port] of Object.entries(ports)) {
    try {
      Deno.listen({ hostname: HOST, port }).close();
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      throw new StartError(`Port ${port} is taken: set ${name} to a free one.`);
    }
  }
}

function liveEnv(
  env: Record<string, string | undefined>,
  ports: Ports,
  token: string,
): Record<string, string | undefined> {
  return {
    DIRECTUS_BASE_URL: `http://${HOST}:${ports.DEMO_PORT}`,
    LIVE_TOPICS: "event=events",
    LIVE_ALLOWED_ORIGINS: `http://localhost:${ports.DEMO_PORT},http://${HOST}:${ports.DEMO_PORT}`,
    LIVE_PUBLISH_TOKEN: token,
    LIVE_WS_HOST: HOST,
    LIVE_WS_PORT: String(ports.LIVE_WS_PORT),
    OPS_HOST: HOST,
    OPS_PORT: String(ports.OPS_PORT),
    LIVE_HISTORY_SIZE: "4096", // ten seconds of the race, so that a slow machine recovers a cut too
    LIVE_WS_BACKPRESSURE_THRESHOLD_BYTES: "262144", // so that a slow client is conflated soon
    LIVE_REVALIDATE_INTERVAL_MS: "3000", // so that a log-out in another tab takes effect soon
    LOG_FORMAT: env.LOG_FORMAT ?? "pretty",
    LOG_LEVEL: env.LOG_LEVEL ?? "WARN",
  };
}

/** Adds 800 KB to each of ten beats a second, of which a slow line carries a quarter. */
const ballast = Array.from({ length: 8 }, (_, index) => ({
  topic: BALLAST_TOPIC,
  key: `sensor-${index}`,
  data: "x".repeat(100_000),
}));

/** Starts all three parts. Returns the function that stops them. */
async function start(env: Record<string, string | undefined>): Promise<() => Promise<void>> {
  const wanted = readPorts(env);
  checkPorts(wanted);
  const circuit = new Circuit(CORNERS);
  let info: DemoInfo | undefined = undefined;
  let lines: Lines | undefined = undefined;
  const race = new Race({ circuit, vehicles: 40, retireEveryS: 10 });
  const database = new Database();
  const entries = new Entries(database, race.states().slice(0, ENTRIES).map(({ name }) => name));
  const handler = createDemoHandler({
    directus: createDemoDirectus(database),
    info: () => info,
    order: (order) => lines?.order(order),
  });
  const closing = new AbortController();
  const web = Deno.serve({
    hostname: HOST,
    port: wanted.DEMO_PORT,
    signal: closing.signal,
    onListen() {},
  }, handler);
  const token = crypto.randomUUID();
  const ports = { ...wanted, DEMO_PORT: web.addr.port };
  const read = readConfig(liveEnv(env, ports, token));
  if (!read.ok) throw new StartError(read.faults.join("\n"));
  const application = compose(read.config);
  const { live, ops } = await application.start();
  lines = new Lines(HOST, live.port);
  info = {
    livePort: lines.port,
    race: RACE_TOPIC,
    practice: PRACTICE_TOPIC,
    ballast: BALLAST_TOPIC,
    practiceReaders: PRACTICE_READERS,
    users: USERS,
    outline: circuit.outline,
  };
  const feed = startFeed({
    url: `http://${HOST}:${ops.port}/publish`,
    token,
    sources: [
      { topic: RACE_TOPIC, race },
      { topic: PRACTICE_TOPIC, race: new Race({ circuit, vehicles: 6 }), everyBeats: 3 },
    ],
    more: () => lines?.anySlow ? ballast : [],
    onFault: (message) => warn(`The feed cannot publish: ${message}`),
  });
  const flow = startFlow({
    url: `http://${HOST}:${ops.port}/directus`,
    token,
    entries,
    onFault: (message) => warn(`The Flow cannot report a change: ${message}`),
  });
  print(
    `Open http://localhost:${ports.DEMO_PORT}  (log in as ada@example.com, password: demo)`,
  );
  return async () => {
    await Promise.all([feed.stop(), flow.stop()]);
    lines?.stop();
    await application.stop(STOP_TIMEOUT_MS);
    closing.abort();
    await web.finished;
  };
}

/** Resolves on SIGINT (Ctrl-C) or SIGTERM. A second signal exits at once. */
function stopSignal(): Promise<void> {
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  return new Promise((resolve) => {
    let received = false;
    for (const signal of signals) {
      Deno.addSignalListener(signal, () => {
        if (received) Deno.exit(130);
        received = true;
        resolve();
      });
    }
  });
}

if (import.meta.main) {
  const signal = stopSignal();
  try {
    const stop = await start(Deno.env.toObject());
    await signal;
    await stop();
    Deno.exit(0);
  } catch (error) {
    const known = error instanceof StartError || error instanceof Deno.errors.AddrInUse;
    if (!known) throw error;
    warn(error.message);
    Deno.exit(1);
  }
}
