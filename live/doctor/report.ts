/**
 * The report of `live doctor`.
 *
 * @module
 */

import { styleText } from "node:util";
import type { Finding, Level } from "./finding.ts";

const COLOURS = { ok: "green", warning: "yellow", fault: "red", skipped: "gray" } as const;

const LEVEL_WIDTH = "warning".length;

/** Returns the line of a finding for people: its level, the check, the message and the cure. */
export function renderFinding({ check, level, message, cure }: Finding, colours: boolean): string {
  const name = level.padEnd(LEVEL_WIDTH);
  const shown = colours ? styleText(COLOURS[level], name, { validateStream: false }) : name;
  const text = cure === undefined ? message : `${message.replace(/\.$/, "")}. ${cure}`;
  return `${shown}  ${check}: ${text}`;
}

/** Returns the last line for people: the number of findings of each level. */
export function renderCounts(findings: readonly Finding[]): string {
  const count = (level: Level) => findings.filter((finding) => finding.level === level).length;
  const counts = [
    counted(count("fault"), "fault"),
    counted(count("warning"), "warning"),
    `${count("ok")} ok`,
    `${count("skipped")} skipped`,
  ];
  return counts.join(", ");
}

/** Returns the report for programs. */
export function renderJson(findings: readonly Finding[]): string {
  return JSON.stringify({ ok: !hasFault(findings), findings }, null, 2);
}

/** Tells whether there is a fault. */
export function hasFault(findings: readonly Finding[]): boolean {
  return findings.some(({ level }) => level === "fault");
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
