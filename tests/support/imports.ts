/**
 * What the server's files import. They are read as text, so that type-only imports count as well.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url);

/** Removes comments, whose examples import as well. */
export function codeOf(text: string): string {
  return text.replace(/\/\*[^]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}

/** Returns what a file imports or re-exports, statically or dynamically, in no particular order. */
export function importsOf(text: string): string[] {
  const patterns = [
    /^\s*(?:import|export)\b[^"';=]*?\bfrom\s*["']([^"']+)["']/gm,
    /^\s*import\s*["']([^"']+)["']/gm,
    /\bimport\(\s*["']([^"']+)["']/g,
  ];
  const code = codeOf(text);
  return patterns.flatMap((pattern) => [...code.matchAll(pattern)].map(([, name = ""]) => name));
}

/** Returns the path of what a file imports by a relative name; another name as it is. */
export function targetOf(name: string, from: string): string {
  if (!name.startsWith(".")) return name;
  return new URL(name, new URL(from, ROOT)).href.slice(ROOT.href.length);
}

/** Returns the paths of a folder's TypeScript files, from the root. */
function filesOf(folder: string): string[] {
  return [...Deno.readDirSync(new URL(`${folder}/`, ROOT))].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    if (isDirectory) return filesOf(path);
    return name.endsWith(".ts") ? [path] : [];
  });
}

/** The texts of `main.ts` and of the TypeScript files of `live/`, by their paths from the root. */
export const sources: ReadonlyMap<string, string> = new Map(
  ["main.ts", ...filesOf("live")].map((path) => [path, Deno.readTextFileSync(new URL(path, ROOT))]),
);
