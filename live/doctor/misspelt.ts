/**
 * Variables with misspelt names.
 *
 * @module
 */

import { nearest } from "../terminal/nearest.ts";
import { type Finding, findingsOf } from "./finding.ts";

const PREFIX = /^(?:LIVE|DIRECTUS|OPS|REDIS)_/;

/** Variables that Kubernetes sets for each Service, such as one with the name `live` or `redis`. */
const KUBERNETES = /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT|PORT_\d+_(?:TCP|UDP)(?:_\w+)?)$/;

const { ok, warning, fault } = findingsOf("variables");

/** Variables by name. */
type Env = Readonly<Record<string, string | undefined>>;

/** Finds variables that were meant for the server, but that the server does not read. */
export function checkVariables(env: Env, known: readonly string[]): Finding[] {
  const unknown = Object.keys(env).filter((name) =>
    PREFIX.test(name) && !KUBERNETES.test(name) && !known.includes(name)
  ).toSorted();
  const findings = unknown.flatMap((name) => judge(name, env, known));
  return findings.length > 0 ? findings : [ok("no name is misspelt")];
}

function judge(name: string, env: Env, known: readonly string[]): Finding[] {
  const misspelt = nearest(name, known);
  const meant = misspelt ?? shortened(name, known);
  if (meant === undefined) return [];
  const message = `the server does not read ${name}`;
  const cure = `Did you mean ${meant}?`;
  const isMistake = misspelt !== undefined && !env[meant];
  return [isMistake ? fault(message, cure) : warning(message, cure)];
}

/**
 * Returns the known name that contains the words of this one and the fewest others: DIRECTUS_URL lacks
 * BASE.
 */
function shortened(name: string, known: readonly string[]): string | undefined {
  const words = name.split("_");
  const [best, second] = known.map((candidate) => candidate.split("_"))
    .filter((candidate) => isWithin(words, candidate))
    .toSorted((a, b) => a.length - b.length);
  return best?.length === second?.length ? undefined : best?.join("_");
}

/** Tells whether words occur in others, in their order. */
function isWithin(words: readonly string[], others: readonly string[]): boolean {
  let found = 0;
  for (const other of others) if (other === words[found]) found++;
  return found === words.length;
}
