/**
 * Tests that TROUBLESHOOTING.md quotes texts of the program.
 *
 * @module
 */

import { assert } from "@std/assert";
import { quotedIn } from "./support/troubleshooting.ts";

const ROOT = new URL("../", import.meta.url);

/** Words that are not in our code: words of Deno, and names of variables beside a text. */
const FOREIGN = ["Requires read access", "LIVE_THREADS", "/readyz"];

/** Returns the code of a folder, without what browsers run minified. */
function sources(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return sources(`${folder}${name}/`);
    return name.endsWith(".ts") ? [Deno.readTextFileSync(new URL(folder + name, ROOT))] : [];
  });
}

/** All code, in which `…` stands for what is filled in, as on the page. */
const code = [...sources("live/"), Deno.readTextFileSync(new URL("main.ts", ROOT))].join("\n")
  .replaceAll("${name} accepts", "live listener accepts").replaceAll(/\$\{[^}]*\}/g, "…");

for (
  const heading of [
    "On the page",
    "In the server's log",
    "Refusals in the log",
    "In answers of the ops listener",
    "At start",
  ]
) {
  for (const text of quotedIn(heading).filter((text) => !FOREIGN.includes(text))) {
    Deno.test(`TROUBLESHOOTING.md, ${heading}: the program says ${text}`, () => {
      assert(code.includes(text));
    });
  }
}
