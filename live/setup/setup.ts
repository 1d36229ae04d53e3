/**
 * `live setup`: creates in Directus what Live needs, or removes it.
 *
 * @module
 */

import type { Config } from "../config/config.ts";
import { readConfig } from "../config/read_config.ts";
import { type CommandContext, ExitCode, UsageError } from "../terminal/command.ts";
import { nearest } from "../terminal/nearest.ts";
import { askForAdmin } from "./admin.ts";
import { advice } from "./advice.ts";
import { flowPieces, userPieces } from "./blueprint.ts";
import type { DirectusApi } from "./directus_api.ts";
import { createHttpCall, type HttpCall } from "./http_call.ts";
import { type Licence, readLicence } from "./licence.ts";
import { planRemoval, planSetup, type Step } from "./plan.ts";
import { readSetupOptions, SETUP_HELP, type SetupOptions } from "./setup_options.ts";
import { collectionNames, readState, refusalOf, RefusedError } from "./state.ts";
import { planToken } from "./token.ts";

/** The steps, and the text to print afterwards. */
interface Plan {
  readonly steps: readonly Step[];
  readonly advice: readonly string[];
}

/** Runs the command; resolves to its exit code. */
export async function setup(context: CommandContext): Promise<number> {
  const { args, env, terminal } = context;
  if (args.includes("--help")) {
    terminal.print(SETUP_HELP);
    return ExitCode.Ok;
  }
  const result = readConfig(env);
  if (!result.ok) {
    for (const fault of result.faults) terminal.printError(fault);
    return ExitCode.Invalid;
  }
  try {
    await run(context, result.config, readSetupOptions(args, result.config));
    return ExitCode.Ok;
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof RefusedError)) throw error;
    terminal.printError(error.message);
    return error instanceof UsageError ? ExitCode.Invalid : ExitCode.Failed;
  }
}

async function run(context: CommandContext, config: Config, options: SetupOptions): Promise<void> {
  const { terminal } = context;
  const call = createHttpCall(context.fetch);
  const admin = await askForAdmin(context, config.DIRECTUS_BASE_URL, call);
  if (!admin.ok) throw new RefusedError(admin.reason);
  const { api } = admin;
  const plan = options.remove
    ? await planToRemove(api)
    : await planToSetUp(api, call, config, options);
  for (const step of plan.steps) {
    if (!options.dryRun) await carryOut(api, step);
    terminal.print(options.dryRun ? `would ${step.text}` : step.text);
  }
  if (plan.steps.length === 0) terminal.print("Nothing to change.");
  for (const line of plan.advice) terminal.print(line);
}

const FOREIGN_TOKEN = "DIRECTUS_TOKEN belongs to a user that setup did not make, so setup makes " +
  "none. Let live doctor check what it may read.";

async function planToRemove(api: DirectusApi): Promise<Plan> {
  const pieces = [...flowPieces([], ""), ...userPieces(true)];
  return { steps: planRemoval(pieces, await readState(api)), advice: [] };
}

async function planToSetUp(
  api: DirectusApi,
  call: HttpCall,
  config: Config,
  options: SetupOptions,
): Promise<Plan> {
  const { collections, ops: opsUrl } = options;
  checkCollections(collections, await collectionNames(api));
  const licence = await readLicence(api);
  const state = await readState(api);
  const user = planSetup(userPieces(licence?.permissionRules ?? true), state);
  const flows = planSetup(flowPieces(collections, opsUrl), state);
  checkLicence(licence, flows);
  const { DIRECTUS_BASE_URL: baseUrl, DIRECTUS_TOKEN: configured } = config;
  const token = await planToken(configured, state, baseUrl, call);
  const newToken = options.dryRun ? undefined : token.newToken;
  const rest = advice(options, config, newToken);
  if (token.isForeign) return { steps: flows, advice: [FOREIGN_TOKEN, ...rest] };
  // The token comes last. It is shown only once, so no step that may fail must follow it.
  return { steps: [...user, ...flows, ...token.steps], advice: rest };
}

function checkCollections(wanted: readonly string[], known: readonly string[]): void {
  for (const name of wanted) {
    if (known.includes(name)) continue;
    const meant = nearest(name, known);
    const hint = meant === undefined ? "" : `. Did you mean ${meant}?`;
    throw new RefusedError(`Directus has no collection ${name}${hint}`);
  }
}

/** Refuses, before anything is changed, if the licence does not allow all the Flows. */
function checkLicence(licence: Licence | undefined, steps: readonly Step[]): void {
  if (licence === undefined) return;
  const { used, limit } = licence.flows;
  const added =
    steps.filter(({ path, body }) => path.startsWith("/flows") && body?.["status"] === "active")
      .length;
  if (used + added <= limit) return;
  throw new RefusedError(
    `Directus's licence allows ${limit} active Flows and ${used} are active; ` +
      `setup needs ${added} more. Deactivate or delete a Flow first`,
  );
}

async function carryOut(api: DirectusApi, { method, path, body }: Step): Promise<void> {
  const answer = await api(method, path, body);
  if (!answer.ok) throw refusalOf(method, path, answer);
}
