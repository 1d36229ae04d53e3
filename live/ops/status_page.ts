/**
 * The status page: one file that loads nothing else.
 *
 * @module
 */

import { createHash } from "node:crypto";
import script from "../page/page.min.js" with { type: "text" };
import dialogs from "../page/dialogs.css" with { type: "text" };
import narrow from "../page/narrow.css" with { type: "text" };
import frame from "../page/page.css" with { type: "text" };
import plots from "../page/plots.css" with { type: "text" };
import tables from "../page/tables.css" with { type: "text" };
import html from "../page/page.html" with { type: "text" };

/** In their order: what is for phones comes last. */
const style = [frame, plots, tables, dialogs, narrow].join("");

/** The page with its style and its script, which a compiled server holds too. */
const PAGE = html
  .replace("<style></style>", () => `<style>${style}</style>`)
  .replace("<script></script>", () => `<script type="module">${script}</script>`);

/**
 * What the page may do. Its own style and script run, and no other: a name that a client chose could
 * otherwise become code in the operator's browser (CWE-79). It can call this server only, no page can
 * frame it (CWE-1021), and nothing can turn a text into markup.
 */
const POLICY = [
  "default-src 'none'",
  `script-src ${hashOf(script)}`,
  `style-src ${hashOf(style)}`,
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": POLICY,
  "x-frame-options": "DENY",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

/** Answers `GET /`. */
export function statusPage(): Response {
  return new Response(PAGE, { headers: HEADERS });
}

function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
