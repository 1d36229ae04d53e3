/**
 * Type declarations: which of them a package needs, and all of an entry point's as one file.
 *
 * @module
 */

import type { Compiled } from "./compile.ts";

/** An import of another module of the client, or a re-export. */
const STATEMENT = /^(?:import|export)\b[^;]*?\bfrom "(\.[^"]*)";\n/gm;

/** A re-export of names. */
const RE_EXPORT = /^export (?:type )?\{([^}]*)\} from "\.[^"]*";\n/gm;

/** An exported declaration: all of it but `export`, and its name. */
const EXPORT =
  /^export ((?:declare )?(?:abstract )?(?:class|const|function|interface|type) (\w+))/gm;

/** The comment of a module. Other comments describe what follows them. */
const MODULE_COMMENT = /^\/\*\*(?:(?!\*\/)[^])*@module\s*\*\/\n/;

/**
 * Returns the paths of the modules whose declarations an entry point needs: each after those that it
 * imports, and the entry point last.
 */
export function declarationsOf(entry: string, modules: ReadonlyMap<string, Compiled>): string[] {
  const found = new Set<string>();
  const visited = new Set<string>();
  const visit = (path: string) => {
    if (visited.has(path)) return;
    visited.add(path);
    for (const [, name = ""] of textOf(path, modules).matchAll(STATEMENT)) {
      visit(resolve(name, path));
    }
    found.add(path);
  };
  visit(entry);
  return [...found];
}

/**
 * Returns the declarations of an entry point as one file, which exports what the entry point does.
 * Its modules must not declare a name twice.
 */
export function rollUp(entry: string, modules: ReadonlyMap<string, Compiled>): string {
  const text = textOf(entry, modules);
  const comment = MODULE_COMMENT.exec(text)?.[0] ?? "";
  const reExported = [...text.matchAll(RE_EXPORT)].flatMap(([, names = ""]) =>
    [...names.matchAll(/\w+/g)].map(([name]) => name)
  );
  const parts = declarationsOf(entry, modules).map((path) => {
    const declarations = textOf(path, modules).replace(MODULE_COMMENT, "").replace(STATEMENT, "")
      .replace(/^export \{\};\n/gm, "");
    if (path === entry) return declarations;
    return declarations.replace(
      EXPORT,
      (found, declared, name) => reExported.includes(name) ? found : declared,
    );
  });
  // With this last line, only what is marked so is exported.
  return `${comment}${parts.join("")}export {};\n`;
}

function textOf(path: string, modules: ReadonlyMap<string, Compiled>): string {
  const compiled = modules.get(path);
  if (compiled === undefined) throw new Error(`There is no module ${path}`);
  return compiled.declarations;
}

/** Returns the path of the source that a compiled module imports by its name. */
function resolve(name: string, from: string): string {
  return new URL(name, `file:///${from}`).pathname.slice(1).replace(/\.js$/, ".ts");
}
