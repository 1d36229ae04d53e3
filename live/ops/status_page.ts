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

/** The style sheets in their order: rules for narrow screens come last. */
const style = [frame, plots, tables, dialogs, narrow].join("");

/** The page with its style and its script, imported as text so that a compiled server contains them. */
const PAGE = html
  .replace("<style></style>", () => `<style>${style}</style>`)
  .replace("<script></script>", () => `<script type="module">${script}</script>`);

/**
 * The content security policy. Only the page's own style and script run: otherwise a name that a client
 * chose could become code in the operator's browser (CWE-79). The page can call only this server, no page
 * can frame it (CWE-1021), and nothing can turn a text into markup.
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
