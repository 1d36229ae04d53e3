/**
 * The proxies that SECURITY.md has a configuration block for, and how to run each.
 *
 * @module
 */

import type { Replacement } from "./page.ts";
import { locate } from "../support/program.ts";

/** The host of the configuration blocks. */
export const HOST = "live.example.com";

/** Paths of a proxy's files. */
export interface Files {
  /** A folder of its own. */
  readonly folder: string;
  /** The certificate. */
  readonly certificate: string;
  /** The key of the certificate. */
  readonly key: string;
  /** The certificate and the key in one file. */
  readonly both: string;
}

/** A proxy program. */
export interface Kind {
  /** Its name, which is also the language of its block. */
  readonly name: "nginx" | "haproxy";
  /** Its path; `undefined` if it is not on this machine. */
  readonly path: string | undefined;
  /** Its output once it listens. */
  readonly ready: RegExp;
  /** The address in its block, and its replacement for a port of this machine. */
  readonly listen: (port: number) => Replacement;
  /** The files in its block, and their replacements. */
  readonly files: (files: Files) => readonly Replacement[];
  /** Makes a complete configuration of its block. */
  readonly config: (block: string, files: Files) => string;
  /** Its arguments, to run in the foreground with a configuration. */
  readonly args: (config: string, files: Files) => readonly string[];
  /** The bounds in its block. */
  readonly settings: Readonly<Record<Setting, readonly string[]>>;
}

/** Bounds: time for a request's head, idle time, time without reading, connections per address. */
export type Setting = "head" | "quiet" | "stuck" | "connections";

/** The proxies of SECURITY.md. */
export const kinds: readonly Kind[] = [
  {
    name: "nginx",
    path: locate("nginx", ["-v"]),
    ready: /nginx\/\d/,
    listen: (port) => ["listen 443 ssl;", `listen 127.0.0.1:${port} ssl;`],
    files: ({ certificate, key }) => [
      [`/etc/ssl/${HOST}.pem`, certificate],
      [`/etc/ssl/private/${HOST}.key`, key],
    ],
    config: (block, { folder }) => {
      const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map((name) => `${name}_temp_path ${folder}/${name};`);
      return `
        daemon off; master_process off; pid ${folder}/pid; error_log stderr notice;
        events {}
        http { access_log off; ${paths.join(" ")}
        ${block} }`;
    },
    args: (config, { folder }) => ["-e", "stderr", "-p", folder, "-c", config],
    settings: {
      head: ["client_header_timeout 10s"],
      quiet: ["proxy_read_timeout 60s"],
      stuck: ["send_timeout 30s"],
      connections: ["limit_conn live 100"],
    },
  },
  {
    name: "haproxy",
    path: locate("haproxy", ["-v"]),
    ready: /Loading success/,
    listen: (port) => ["bind :443", `bind 127.0.0.1:${port}`],
    files: ({ both }) => [[`/etc/haproxy/${HOST}.pem`, both]],
    config: (block) => block,
    args: (config) => ["-W", "-db", "-f", config],
    settings: {
      head: ["timeout http-request 10s"],
      quiet: ["timeout tunnel 60s", "timeout server 60s", "timeout client 30s"],
      stuck: ["timeout client 30s", "timeout tunnel 60s"],
      connections: ["sc0_conn_cur gt 100"],
    },
  },
];
