/**
 * The limit of open files, which bounds connections.
 *
 * @module
 */

import { RESERVED_DESCRIPTORS as RESERVED } from "../transport/spare_descriptors.ts";
import { type Finding, findingsOf } from "./finding.ts";

const { ok, warning, fault, skipped } = findingsOf("open files");

/**
 * Compares the limit with the connections that the server may have. Each connection is an open file;
 * at the limit the server accepts no more clients, and calls to Directus fail.
 *
 * @param limit What `ulimit -Hn` prints: a number, `unlimited`, or nothing where there is no shell.
 * @param isChosen Whether the configuration sets the number of connections. A limit below the default is
 * not reported, because the default is more than most need.
 */
export function checkOpenFiles(
  limit: string | undefined,
  maxConnections: number,
  isChosen: boolean,
): Finding {
  const needed = maxConnections + RESERVED;
  if (limit === "unlimited") return ok("no limit");
  if (limit === undefined || !/^[1-9]\d*$/.test(limit)) {
    return skipped("the limit is not known", 'Pass --open-files "$(ulimit -Hn)"');
  }
  if (Number(limit) >= needed) {
    return ok(`up to ${limit}, enough for LIVE_MAX_CONNECTIONS=${maxConnections}`);
  }
  return (isChosen ? fault : warning)(
    `up to ${limit}, but LIVE_MAX_CONNECTIONS=${maxConnections} needs ${needed}`,
    `Raise the limit (ulimit -n, LimitNOFILE= of systemd), or set LIVE_MAX_CONNECTIONS=${
      Math.max(1, Number(limit) - RESERVED)
    } or less`,
  );
}
