/**
 * Formatting numbers and times for people.
 *
 * @module
 */

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

/** A number with at most three significant digits. */
export function number(value) {
  if (value >= 100_000) return compact.format(value);
  if (value >= 100 || Number.isInteger(value)) return whole.format(value);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2).replace(/\.?0+$/, "");
}

/** A whole number with all its digits. */
export function count(value) {
  return whole.format(value);
}

/** A rate, per second. */
export function rate(value) {
  return `${number(value)}/s`;
}

/** A size. */
export function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${number(Math.round(value * 10) / 10)} ${units[unit]}`;
}

/** A short time. */
export function ms(value) {
  return value >= 10_000 ? duration(value) : `${number(value)} ms`;
}

/** A long time, in its two largest units. */
export function duration(value) {
  const seconds = Math.max(0, Math.floor(value / 1000));
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first < 0) return "0 s";
  return parts.slice(first, first + 2).filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`).join(" ");
}

/** A time of day. */
export function time(value) {
  return clock.format(value);
}
