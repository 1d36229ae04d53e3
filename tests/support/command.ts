/**
 * Running a command without a terminal and without a network.
 *
 * @module
 */

import { assert } from "@std/assert";
import type { Config } from "../../live/config/config.ts";
import { readConfig } from "../../live/config/read_config.ts";
import type { CommandContext } from "../../live/terminal/command.ts";

/** Where Directus is, unless a test says otherwise. */
export const DIRECTUS = "http://directus:8055";

/** What a command wrote, and what it asked for. */
export interface Transcript {
  /** Lines of the result. */
  readonly lines: string[];
  /** Lines beside it. */
  readonly errors: string[];
  /** Questions for a secret. */
  readonly questions: string[];
}

/** The outside of a command, of which a test gives what matters. */
export type ContextOptions = Partial<Omit<CommandContext, "terminal">> & {
  /** The text that is typed when the command asks for a secret. */
  readonly secret?: string;
};

/** Returns the configuration of these variables, and the defaults. */
export function configOf(env: Readonly<Record<string, string>> = {}): Config {
  const result = readConfig({ DIRECTUS_BASE_URL: DIRECTUS, ...env });
  assert(result.ok, result.ok ? "" : result.faults.join("\n"));
  return result.config;
}

/** Creates the context of a command, and a transcript of what it does. */
export function createContext(
  { secret, ...options }: ContextOptions = {},
): [context: CommandContext, transcript: Transcript] {
  const transcript: Transcript = { lines: [], errors: [], questions: [] };
  const context: CommandContext = {
    args: [],
    env: { DIRECTUS_BASE_URL: DIRECTUS },
    fetch: () => Promise.reject(new TypeError("no network")),
    openSocket: () => {
      throw new Error("no network");
    },
    now: () => 0,
    ...options,
    terminal: {
      colours: false,
      print: (line) => void transcript.lines.push(line),
      printError: (line) => void transcript.errors.push(line),
      askSecret(question) {
        transcript.questions.push(question);
        return Promise.resolve(secret);
      },
    },
  };
  return [context, transcript];
}
