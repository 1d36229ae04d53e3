/**
 * The layouts of HOSTS.md, as tests read them.
 *
 * @module
 */

import { assert } from "@std/assert";

const page = Deno.readTextFileSync(new URL("../../live/docs/HOSTS.md", import.meta.url));

/** A section of HOSTS.md. */
export interface Layout {
  /** Its heading. */
  readonly name: string;
  /** Variables of Directus. */
  readonly directus: Readonly<Record<string, string>>;
  /** Variables of the live server. */
  readonly live: Readonly<Record<string, string>>;
  /** Configuration of Caddy. */
  readonly caddyfile: string;
  /** Configuration of nginx; empty if the section has none. */
  readonly nginx: string;
  /** First lines of the page's script. */
  readonly script: string;
}

/** Reads the layout of a section. */
export function layoutOf(name: string): Layout {
  const text = page.split(/^## /m).find((section) => section.startsWith(`${name}\n`));
  assert(text !== undefined, `HOSTS.md has no section '${name}'`);
  const [directus = {}, live = {}] = [...text.matchAll(/```ini\n([^]*?)```/g)]
    .map(([, lines = ""]) =>
      Object.fromEntries(
        [...lines.matchAll(/^(\w+)="(.*)"$/gm)].map(([, name = "", value = ""]) => [name, value]),
      )
    );
  const [caddyfile, script] = [block(text, "caddy"), block(text, "js ignore")];
  assert(live["LIVE_ALLOWED_ORIGINS"] && caddyfile && script, `${name} has all blocks`);
  return { name, directus, live, caddyfile, nginx: block(text, "nginx"), script };
}

/** Returns the origin of a layout's page. */
export function originOf({ live }: Layout): string {
  return live["LIVE_ALLOWED_ORIGINS"] ?? "";
}

function block(text: string, language: string): string {
  return new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(text)?.[1] ?? "";
}
