/**
 * `live doctor` and `live check`, which say whether a configuration works, and what to do if it does not.
 *
 * @module
 */

import type { Config } from "../config/config.ts";
import { readConfig } from "../config/read_config.ts";
import { variables } from "../config/variables.ts";
import { type CommandContext, CommandVariable, ExitCode, UsageError } from "../terminal/command.ts";
import { DOCTOR_HELP, type DoctorOptions, readDoctorOptions } from "./doctor_options.ts";
import { examine } from "./examination.ts";
import { type Finding, findingsOf } from "./finding.ts";
import { checkVariables } from "./misspelt.ts";
import { checkOpenFiles } from "./open_files.ts";
import { hasFault, renderCounts, renderFinding, renderJson } from "./report.ts";

const configuration = findingsOf("configuration");

/** Checks the configuration against the real Directus and Redis; resolves to the exit code. */
export async function doctor(context: CommandContext): Promise<number> {
  const { terminal } = context;
  if (context.args.includes("--help")) {
    terminal.print(DOCTOR_HELP);
    return ExitCode.Ok;
  }
  const findings: Finding[] = [];
  try {
    const options = readDoctorOptions(context.args);
    for await (const finding of findAll(context, options)) {
      findings.push(finding);
      if (!options.json) terminal.print(renderFinding(finding, terminal.colours));
    }
    terminal.print(options.json ? renderJson(findings) : renderCounts(findings));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    terminal.printError(error.message);
    return ExitCode.Invalid;
  }
  return hasFault(findings) ? ExitCode.Failed : ExitCode.Ok;
}

/**
 * Checks only the configuration, without the network. Returns the exit code: 2 for an invalid
 * configuration, as when the server starts.
 */
export function check({ args, env, terminal }: CommandContext): number {
  if (args.length > 0) {
    terminal.printError(`live check takes no options: ${args.join(" ")}`);
    return ExitCode.Invalid;
  }
  const findings = checkConfiguration(env).findings;
  for (const finding of findings) terminal.print(renderFinding(finding, terminal.colours));
  return hasFault(findings) ? ExitCode.Invalid : ExitCode.Ok;
}

async function* findAll(
  context: CommandContext,
  options: DoctorOptions,
): AsyncGenerator<Finding, void, undefined> {
  const { config, findings } = checkConfiguration(context.env);
  yield* findings;
  if (config === undefined) return;
  yield checkOpenFiles(
    options["open-files"],
    config.LIVE_MAX_CONNECTIONS,
    Boolean(context.env["LIVE_MAX_CONNECTIONS"]),
  );
  yield* examine(context, config, options);
}

function checkConfiguration(
  env: CommandContext["env"],
): { config?: Config; findings: Finding[] } {
  const result = readConfig(env);
  const known = [...Object.keys(variables), ...Object.values(CommandVariable)];
  const names = checkVariables(env, known);
  if (result.ok) return { config: result.config, findings: [configuration.ok("valid"), ...names] };
  const faults = result.faults.map((fault) =>
    configuration.fault(fault, "CONFIGURATION.md describes each variable")
  );
  return { findings: [...faults, ...names] };
}
