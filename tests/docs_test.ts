/**
 * Every page: its links lead somewhere, its JSON parses, a shell can read its commands, and the tasks
 * and variables that it names exist.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import denoJson from "../deno.json" with { type: "json" };
import { FORMER_VARIABLES } from "../live/config/read_config.ts";
import { variables } from "../live/config/variables.ts";
import { CommandVariable } from "../live/terminal/command.ts";

const ROOT = new URL("../", import.meta.url);

/** Folders that hold no page of ours. */
const SKIPPED = [".git", "artifacts", "coverage", "dist", "node_modules"];

/** The only files and folders in the root, beside dot files and what is not committed. */
const TOP_LEVEL = ["Dockerfile", "README.md", "deno.json", "deno.lock", "live", "main.ts", "tests"];

/** Variables of Directus and of the deployment files. */
const FOREIGN = ["DIRECTUS_SECRET", "DIRECTUS_UPSTREAM", "LIVE_SITE", "LIVE_UPSTREAM"];

/** Every variable that a page may name. */
const known = [
  ...Object.keys(variables),
  ...Object.keys(FORMER_VARIABLES),
  ...Object.values(CommandVariable),
  ...FOREIGN,
];

/** Files that name tasks or the version of Deno, beside the pages. */
const SCRIPTS = [
  ".ci/run",
  ".github/workflows/ci.yml",
  ".github/workflows/release.yml",
  "Dockerfile",
];

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT));
}

/** Returns the paths of all pages below a folder. */
function pagesIn(folder: string): string[] {
  return [...Deno.readDirSync(new URL(`./${folder}`, ROOT))].flatMap(({ name, isDirectory }) => {
    if (SKIPPED.includes(name)) return [];
    if (isDirectory) return pagesIn(`${folder}${name}/`);
    return name.endsWith(".md") ? [`${folder}${name}`] : [];
  });
}

/** Returns the blocks of a language in a page. */
function blocks(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^ *\`\`\`${language}\\n([^]*?)^ *\`\`\``, "gm"))]
    .map(([, block = ""]) => block);
}

/** Returns the anchors of a page's headings, as GitHub makes them. */
function anchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading.toLowerCase().replace(/[^\w\- ]/g, "").replaceAll(" ", "-")
  );
}

const pages = pagesIn("");

for (const path of pages) {
  const url = new URL(path, ROOT);
  const text = read(path);

  Deno.test(`${path}: its links lead to files and headings`, () => {
    for (const [, link = ""] of text.matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
      const target = new URL(link, url);
      const anchor = target.hash.slice(1);
      target.hash = "";
      assert(Deno.statSync(target), link);
      if (anchor) assert(anchors(Deno.readTextFileSync(target)).includes(anchor), link);
    }
  });

  Deno.test(`${path}: its JSON parses`, () => {
    for (const block of blocks(text, "json")) {
      JSON.parse(block.replaceAll(/: \{\{[^}]*\}\}/g, ": null")); // a Flow's template without quotes
    }
  });

  Deno.test(`${path}: a shell can read its commands`, async () => {
    for (const block of blocks(text, "sh")) {
      const { code, stderr } = await new Deno.Command("sh", { args: ["-nc", block] }).output();
      assertEquals(code, 0, `${block}\n${new TextDecoder().decode(stderr)}`);
    }
  });

  Deno.test(`${path}: its variables exist`, () => {
    for (
      const [name] of text.matchAll(/\b(?:LIVE|DIRECTUS|OPS|REDIS|LOG)_[A-Z_]*[A-Z]\b(?!\.md)/g)
    ) {
      assert(known.includes(name), name);
    }
  });
}

/** Creates a function from its text, and so parses it; its import declarations have to be left out. */
const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;

for (const path of pages) {
  const scripts = blocks(read(path), "html")
    .flatMap((html) => [...html.matchAll(/<script type="module">([^]*?)<\/script>/g)]);
  if (scripts.length === 0) continue;
  Deno.test(`${path}: the scripts of its HTML can be parsed`, () => {
    for (const [, script = ""] of scripts) {
      new AsyncFunction(script.replaceAll(/^ *import .*$/gm, ""));
    }
  });
}

for (const path of [...pages, ...SCRIPTS]) {
  Deno.test(`${path}: its tasks exist, and it means the same Deno as .ci/run`, () => {
    const text = read(path);
    for (const [, name = ""] of text.matchAll(/deno(?:@[\d.]+)? task (?:-q )?([\w:]+)/g)) {
      assert(Object.hasOwn(denoJson.tasks, name), name);
    }
    const [, version] = /^version=(.+)$/m.exec(read(".ci/run")) ?? [];
    for (const [, named] of text.matchAll(/deno(?:@|:|-version: )(\d[\d.]+\d)/g)) {
      assertEquals(named, version);
    }
  });
}

Deno.test("the root holds the program, its lock, two folders, the image and the README only", () => {
  const names = [...Deno.readDirSync(ROOT)].map(({ name }) => name)
    .filter((name) => !name.startsWith(".") && !SKIPPED.includes(name));
  assertEquals(names.toSorted(), TOP_LEVEL);
});
