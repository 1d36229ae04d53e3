/**
 * Writes the client as an npm package to a folder, and what the server serves of it to another:
 * `deno task client:npm`. The same sources give the same files.
 *
 * @module
 */

import denoJson from "../../../deno.json" with { type: "json" };
import { buildPackage } from "./package.ts";
import { pack } from "./tarball.ts";

const CLIENT = new URL("../../../live/client/", import.meta.url);

/** Adds the modules below a folder, by their paths below `live/client`, in a fixed order. */
async function addSources(sources: Map<string, string>, folder = ""): Promise<Map<string, string>> {
  const entries = await Array.fromAsync(Deno.readDir(new URL(`./${folder}`, CLIENT)));
  for (const { name, isDirectory } of entries.toSorted((a, b) => a.name < b.name ? -1 : 1)) {
    const path = folder + name;
    if (isDirectory) await addSources(sources, `${path}/`);
    else if (/(?<!\.d)\.ts$/.test(name)) {
      sources.set(path, await Deno.readTextFile(new URL(path, CLIENT)));
    }
  }
  return sources;
}

const [packageFolder, servedFolder] = Deno.args;
if (packageFolder === undefined || servedFolder === undefined) {
  throw new Error("Name the folder of the package, and that of the files that the server serves");
}
const readme = await Deno.readTextFile(new URL("README.md", CLIENT));
const sources = await addSources(new Map());
const { files, declarations } = await buildPackage(sources, readme, denoJson.version);

await Deno.remove(packageFolder, { recursive: true }).catch((error) => {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
});
for (const [path, text] of files) {
  const file = `${packageFolder}/${path}`;
  await Deno.mkdir(file.replace(/[^/]*$/, ""), { recursive: true });
  await Deno.writeTextFile(file, text);
}
await Deno.writeTextFile(`${servedFolder}/client.d.ts.txt`, declarations);
await Deno.writeTextFile(`${servedFolder}/client.tgz.txt`, await pack(files));
