/**
 * The proxies that the page has a block for, and how each is run.
 *
 * @module
 */

import type { Replacement } from "./page.ts";
import { locate } from "../support/program.ts";

/** The host that the page's blocks serve. */
export const HOST = "live.example.com";

/** Files that a proxy is given, by path. */
export interface Files {
  /** Its own folder. */
  readonly folder: string;
  /** The certificate. */
  readonly certificate: string;
  /** The certificate's key. */
  readonly key: string;
  /** Both in one. */
  readonly both: string;
}

/** A program that stands in front of the server. */
export interface Kind {
  /** Its name, and that of its block's language. */
  readonly name: "nginx" | "haproxy";
  /** How to call it; `undefined` where it is missing. */
  readonly path: string | undefined;
  /** What it writes once it listens. */
  readonly ready: RegExp;
  /** Where its block listens, and what must stand there to listen on a port of this machine. */
  readonly listen: (port: number) => Replacement;
  /** Names of files in its block, and those that are there instead. */
  readonly files: (files: Files) => readonly Replacement[];
  /** Makes a whole configuration of its block. */
  readonly config: (block: string, files: Files) => string;
  /** Its arguments, to run in the foreground with a configuration. */
  readonly args: (config: string, files: Files) => readonly string[];
  /** The block's settings by what they bound. */
  readonly settings: Readonly<Record<Setting, readonly string[]>>;
}

/** What a proxy bounds: time to send a head, quiet time, time to read, connections of an address. */
export type Setting = "head" | "quiet" | "stuck" | "connections";

/** The proxies that the page has a block for. */
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
