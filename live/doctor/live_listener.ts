/**
 * Whether pages reach Live, including through proxies.
 *
 * @module
 */

import { CloseCode } from "../domain/close_codes.ts";
import type { HttpCall } from "../setup/http_call.ts";
import type { CommandContext } from "../terminal/command.ts";
import { type Finding, findingsOf } from "./finding.ts";
import { LiveConnection, type Next } from "./live_connection.ts";

const { ok, warning, fault } = findingsOf("Live");

/**
 * Connects without a session, as a page of each origin. If Live is reached and allows the origin, it closes
 * with 4501: log in first.
 */
export async function checkListener(
  url: URL,
  origins: readonly string[],
  openSocket: CommandContext["openSocket"],
  call: HttpCall,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const origin of origins) {
    using connection = new LiveConnection(openSocket, url, { origin });
    const next = await connection.next();
    findings.push(judgeConnection(url, origin, next) ?? await explain(url, call));
  }
  return findings;
}

/** Judges the end of a connection without a session; `undefined` if Live did not end it. */
export function judgeConnection(url: URL, origin: string, next: Next): Finding | undefined {
  if (next.kind !== "closed") return undefined;
  switch (next.code) {
    case CloseCode.Unauthorized:
      return ok(`pages of ${origin} reach ${url.href}`);
    case CloseCode.OriginForbidden:
      return fault(
        `the server at ${url.href} does not allow ${origin}`,
        "Restart it with this configuration",
      );
    case CloseCode.TryAgainLater:
      return warning(
        `the server at ${url.href} accepts no connections now`,
        "See /readyz of the ops listener",
      );
    default:
      return undefined;
  }
}

/** Finds out why there was no WebSocket. */
async function explain(url: URL, call: HttpCall): Promise<Finding> {
  const http = url.href.replace(/^ws/, "http");
  const reply = await call(http);
  if (reply.kind === "none") {
    return fault(
      `nothing answers at ${url.href}: ${reply.reason}`,
      "Start the server, or its proxy",
    );
  }
  return fault(
    `no WebSocket at ${url.href}: a request gets status ${reply.status}`,
    "Let the proxy pass Upgrade, Connection and Origin on: SECURITY.md has blocks that do",
  );
}
