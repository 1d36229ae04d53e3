/**
 * Stands in for `@std/log/levels`: the levels of a log line.
 *
 * @module
 */

/** Numbers the levels: a higher one is more severe. */
export const LogLevels = {
  NOTSET: 0,
  DEBUG: 10,
  INFO: 20,
  WARN: 30,
  ERROR: 40,
  CRITICAL: 50,
} as const;

/** The name of a level. */
export type LevelName = keyof typeof LogLevels;

/** The number of a level. */
export type LogLevel = typeof LogLevels[LevelName];

/** Lists the names, least severe first. */
export const LogLevelNames: LevelName[] = Object.keys(LogLevels) as LevelName[];

/**
 * Finds the number of a level.
 *
 * @param name The level's name.
 * @returns The level's number.
 * @throws {Error} If there is no such level.
 */
export function getLevelByName(name: LevelName): LogLevel {
  if (!Object.hasOwn(LogLevels, name)) {
    throw new Error(`Cannot get log level: no level named ${name}`);
  }
  return LogLevels[name];
}

/**
 * Finds the name of a level.
 *
 * @param level The level's number.
 * @returns The level's name.
 * @throws {Error} If there is no such level.
 */
export function getLevelName(level: LogLevel): LevelName {
  const name = LogLevelNames.find((name) => LogLevels[name] === level);
  if (name === undefined) throw new Error(`Cannot get log level: no name for level: ${level}`);
  return name;
}
