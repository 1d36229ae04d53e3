/**
 * All pages: their links lead somewhere, their JSON is JSON, their commands can be read by a shell, and
 * the tasks that they name exist.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import denoJson from "../deno.json" with { type: "json" };

const ROOT = new URL("../", import.meta.url);

/** Returns the paths of all pages below a folder. */
function pagesIn(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))].flatMap(({ name, isDirectory }) => {
    if (name.startsWith(".") || ["node_modules", "artifacts", "coverage", "dist"].includes(name)) {
      return [];
    }
    if (isDirectory) return pagesIn(`${folder}${name}/`);
    return name.endsWith(".md") ? [`${folder}${name}`] : [];
  });
}

/** Returns the blocks of a language in a page. */
function blocks(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^ *\`\`\`${language}\\n([^]*?)^ *\`\`\``, "gm"))]
    .map(([, block = ""]) => block);
}

const pages = pagesIn("./");

for (const path of pages) {
  const url = new URL(path, ROOT);
  const text = Deno.readTextFileSync(url);

  Deno.test(`${path}: its links lead to files`, () => {
    for (const [, link = ""] of text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
      assert(Deno.statSync(new URL(link, url)), link);
    }
  });

  Deno.test(`${path}: its JSON is JSON`, () => {
    for (const block of blocks(text, "json")) {
      JSON.parse(block.replaceAll(/: \{\{[^}]*\}\}/g, ": null")); // a Flow's template without quotes
    }
  });

  Deno.test(`${path}: its tasks exist`, () => {
    for (const [, name = ""] of text.matchAll(/deno(?:@[\d.]+)? task (?:-q )?([\w:]+)/g)) {
      assert(Object.hasOwn(denoJson.tasks, name), name);
    }
  });

  Deno.test(`${path}: its commands can be read by a shell`, async () => {
    for (const block of blocks(text, "sh")) {
      const { code, stderr } = await new Deno.Command("sh", { args: ["-nc", block] }).output();
      assertEquals(code, 0, `${block}\n${new TextDecoder().decode(stderr)}`);
    }
  });
}

Deno.test("README.md is a front door, and not the whole house", () => {
  assert(Deno.readTextFileSync(new URL("README.md", ROOT)).split("\n").length <= 260);
});
