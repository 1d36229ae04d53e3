/**
 * The interface between a command such as `live doctor` and the process that runs it.
 *
 * @module
 */

/** Everything that a command uses of its process. */
export interface CommandContext {
  /** Arguments after the command's name. */
  readonly args: readonly string[];
  /** Environment variables by name, at least all whose names begin like ours. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Input and output of the command. */
  readonly terminal: Terminal;
  /** Makes HTTP requests. */
  readonly fetch: typeof fetch;
  /** Opens a WebSocket with headers of the handshake. */
  readonly openSocket: (url: string, headers: Readonly<Record<string, string>>) => WebSocket;
  /** Returns the time of day, in milliseconds since 1970. */
  readonly now: () => number;
}

/** Input and output of a command. */
export interface Terminal {
  /** Whether text may have colours: on a terminal, unless NO_COLOR is set. */
  readonly colours: boolean;
  /** Writes a line of the result. */
  print(line: string): void;
  /** Writes a line about the command itself, apart from the result. */
  printError(line: string): void;
  /** Asks for a secret without showing it. Resolves to `undefined` if there is no terminal. */
  askSecret(question: string): Promise<string | undefined>;
}

/** Variables that only commands read, never the server. */
export const CommandVariable = {
  /** Static token of an administrator of Directus. */
  AdminToken: "DIRECTUS_ADMIN_TOKEN",
  /** Password of the user that a command logs in as. */
  Password: "DIRECTUS_PASSWORD",
} as const;

/** Exit codes of the program. */
export const ExitCode = {
  /** Everything is in order. */
  Ok: 0,
  /** It failed, or found a fault. */
  Failed: 1,
  /** The configuration or the command line is invalid. */
  Invalid: 2,
} as const;

/** A command line that cannot be carried out. The message says what is wrong with it. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
