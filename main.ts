/**
 * The program: reads the environment, runs the server or a command, and traps signals.
 *
 * @module
 */

import { type Application, compose } from "./live/application.ts";
import type { Config } from "./live/config/config.ts";
import { FORMER_VARIABLES, readConfig } from "./live/config/read_config.ts";
import { variables } from "./live/config/variables.ts";
import type { Logger } from "./live/domain/logger.ts";
import { surviveErrors } from "./live/telemetry/survive_errors.ts";
import { usage } from "./live/config/usage.ts";
import { type CommandContext, ExitCode } from "./live/terminal/command.ts";
import { askSecret } from "./live/terminal/secret_prompt.ts";
import * as stdLog from "@std/log/logger";
import denoJson from "./deno.json" with { type: "json" };

/** Set by Deno Deploy. */
const DEPLOY_VARIABLE = "DENO_DEPLOYMENT_ID";

/** Runs the server until a signal. The first signal drains it, a second one ends the process at once. */
async function run(config: Config, maxOpenFiles: number | undefined): Promise<void> {
  const application = compose(config, { maxOpenFiles });
  surviveErrors(application.logger);
  warnOfStandIns(application.logger);
  stopOnSignal(application);
  exitWhenLost(application);
  await application.start();
}

/** Runs the server on Deno Deploy: one port, no signals. The platform ends the process. */
async function runOnDeploy(config: Config): Promise<void> {
  const application = compose(config, { onePort: true });
  surviveErrors(application.logger);
  warnOfStandIns(application.logger);
  await application.start();
}

/** Ends the process if a listener fails, so that the process manager starts it again. */
async function exitWhenLost(application: Application): Promise<void> {
  await application.lost;
  await application.stop();
  Deno.exit(ExitCode.Failed);
}

/** Warns operators that JSR could not be reached, so that the server runs with stand-ins for `@std`. */
function warnOfStandIns(logger: Logger): void {
  if ("isStandIn" in stdLog) logger.warn("stand-ins of @std are in use");
}

const SIGNALS: readonly (readonly [Deno.Signal, number])[] = Deno.build.os === "windows"
  ? [["SIGINT", 2]]
  : [["SIGHUP", 1], ["SIGINT", 2], ["SIGTERM", 15]];

function stopOnSignal({ logger, stop }: { logger: Logger; stop(): Promise<unknown> }): void {
  let signals = 0;
  for (const [signal, number] of SIGNALS) {
    Deno.addSignalListener(signal, async () => {
      if (++signals > 1) Deno.exit(128 + number);
      logger.info("signal received", { signal });
      await stop();
      Deno.exit(0); // breaks sockets that do not close
    });
  }
}

/** The commands of the program. The server does not load their code. */
const COMMANDS: Readonly<Record<string, (context: CommandContext) => Promise<number>>> = {
  check: async (context) => (await import("./live/doctor/doctor.ts")).check(context),
  doctor: async (context) => await (await import("./live/doctor/doctor.ts")).doctor(context),
  setup: async (context) => await (await import("./live/setup/setup.ts")).setup(context),
};

/** Returns what a command needs of the process. */
function commandContext(args: readonly string[]): CommandContext {
  return {
    args,
    env: readVariables(),
    terminal: {
      colours: Deno.stdout.isTerminal() && !Deno.noColor,
      print,
      printError,
      askSecret: (question) => askSecret(question, Deno.stdin, writeError),
    },
    fetch,
    openSocket: (url, headers) => new WebSocket(url, { headers: { ...headers } }),
    now: Date.now,
  };
}

/**
 * Takes `--open-files <limit>`, which the task `start` passes first: how many files the process may open.
 * The program itself could read the limit only with all permissions. A limit that is not a number counts as
 * unknown.
 */
function takeOpenFiles(
  words: readonly string[],
): [limit: number | undefined, rest: readonly string[]] {
  const [option, limit = "", ...rest] = words;
  if (option !== "--open-files") return [undefined, words];
  return [/^\d{1,10}$/.test(limit) ? Number(limit) : undefined, rest];
}

/**
 * Some editors put this at the start of a file, so that the name of the first variable in `.env` begins
 * with it.
 */
const BYTE_ORDER_MARK = "\uFEFF";

function readVariable(name: string): string | undefined {
  const variable = BYTE_ORDER_MARK + name;
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return Deno.env.get(name) || (state === "granted" ? Deno.env.get(variable) : undefined);
}

/** Returns all variables that the permissions allow to read: those whose names begin like ours. */
function readVariables(): Record<string, string> {
  const entries = Object.entries(Deno.env.toObject());
  return Object.fromEntries(
    entries.map(([name, value]) => [name.replace(BYTE_ORDER_MARK, ""), value]),
  );
}

async function main(words: readonly string[]): Promise<void> {
  const [maxOpenFiles, [option, ...args]] = takeOpenFiles(words);
  if (option === "--help" || option === "-h") return print(usage(denoJson.version));
  if (option === "--version" || option === "-V") return print(`live ${denoJson.version}`);
  if (option !== undefined && Object.hasOwn(COMMANDS, option)) {
    Deno.exit(await COMMANDS[option]?.(commandContext(args)));
  }
  if (option !== undefined) {
    fail(ExitCode.Invalid, `Unknown option ${option}: try --help`);
  }
  // Read one by one, because the permission covers only these variables.
  const names = [...Object.keys(variables), ...Object.keys(FORMER_VARIABLES)];
  const env = Object.fromEntries(names.map((name) => [name, readVariable(name)]));
  const result = readConfig(env);
  if (!result.ok) fail(ExitCode.Invalid, ...result.faults);
  const { config } = result;
  const start = Deno.env.get(DEPLOY_VARIABLE) ? runOnDeploy : run;
  try {
    await start(config, maxOpenFiles);
  } catch (error) {
    fail(ExitCode.Failed, error instanceof Error ? error.message : String(error));
  }
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

function printError(line: string): void {
  writeError(`${line}\n`);
}

function writeError(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(text));
}

function fail(code: number, ...lines: readonly string[]): never {
  printError(lines.join("\n"));
  Deno.exit(code);
}

if (import.meta.main) await main(Deno.args);
