/**
 * The client as an npm package.
 *
 * @module
 */

import { compile } from "./compile.ts";
import { declarationsOf, rollUp } from "./declarations.ts";

/** The package and what the server serves beside it. */
export interface ClientPackage {
  /** The files of the package, by their paths. */
  readonly files: ReadonlyMap<string, string>;
  /** The types of the file that pages import. */
  readonly declarations: string;
}

/** The entry points of the package, by what a program imports. */
const ENTRY_POINTS: Readonly<Record<string, string>> = {
  ".": "mod.ts",
  "./react": "hooks/react.ts",
  "./shared": "hooks/shared.ts",
  "./svelte": "hooks/svelte.ts",
  "./vue": "hooks/vue.ts",
};

/** The frameworks that some entry points import, with the versions that they work with. */
const PEERS: Readonly<Record<string, string>> = { react: ">=18", svelte: ">=4", vue: ">=3.3" };

/**
 * Builds the package from the modules of `live/client`.
 *
 * @param sources The modules, by their paths below that folder.
 * @param readme Text of the package's page.
 * @param version Version of the server, which is that of the package as well.
 */
export async function buildPackage(
  sources: ReadonlyMap<string, string>,
  readme: string,
  version: string,
): Promise<ClientPackage> {
  const modules = await compile(sources);
  const files = new Map([["package.json", manifest(version)], ["README.md", readme]]);
  const add = (path: string, ending: string, text: string) =>
    files.set(path.replace(/\.ts$/, ending), text);
  for (const [path, { js, map }] of modules) {
    if (js.replace(/^(?:export \{\};|\/\/#.*)$/gm, "").trim() === "") continue; // only types
    add(path, ".js", js);
    add(path, ".js.map", map);
  }
  for (const entry of Object.values(ENTRY_POINTS)) {
    for (const path of declarationsOf(entry, modules)) {
      add(path, ".d.ts", modules.get(path)?.declarations ?? "");
    }
  }
  return { files, declarations: rollUp("mod.ts", modules) };
}

function manifest(version: string): string {
  const exported = Object.entries(ENTRY_POINTS).map(([name, path]) => {
    const module = `./${path.replace(/\.ts$/, "")}`;
    return [name, { types: `${module}.d.ts`, default: `${module}.js` }];
  });
  const json = {
    name: "@live/client",
    version,
    description: "The client of the live server: topics and views that stay current",
    type: "module",
    license: "UNLICENSED",
    sideEffects: false,
    exports: { ...Object.fromEntries(exported), "./package.json": "./package.json" },
    peerDependencies: PEERS,
    peerDependenciesMeta: Object.fromEntries(
      Object.keys(PEERS).map((name) => [name, { optional: true }]),
    ),
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}
