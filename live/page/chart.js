/**
 * A plot of the last minutes: a title, the newest values, and lines.
 *
 * @module
 */

import { element, shape, write } from "./dom.js";
import { time } from "./format.js";

/** Size of the drawing, in its own units. It is stretched to the card. */
const WIDTH = 300;
const HEIGHT = 80;

/** The shortest time that a plot spans, in milliseconds, so that a few samples do not fill the whole plot. */
const MIN_SPAN_MS = 60_000;

/** How many lines one plot shows. */
const MAX_LINES = 6;

/** A card with a plot. */
export class Chart {
  /** The card. */
  root;
  #plot;
  #values;
  #max;
  #svg;
  #cursor;
  #when;
  #lines = [];
  #times = [];

  /** @param plot What it shows: see `plots.js`. */
  constructor(plot) {
    this.#plot = plot;
    this.#values = element("dl");
    this.#max = element("span", { className: "max" });
    this.#when = element("span", { className: "when" });
    this.#cursor = shape("line", { class: "cursor", y1: 0, y2: HEIGHT });
    this.#svg = shape("svg", {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: "none",
      role: "img",
    });
    this.#svg.addEventListener("pointermove", (event) => this.#point(event));
    this.#svg.addEventListener("pointerleave", () => this.#show());
    this.root = element(
      "article",
      { className: "card" },
      element("h3", { title: plot.about }, plot.title),
      this.#values,
      element("div", { className: "plot" }, this.#svg, this.#max, this.#when),
    );
  }

  /** Draws the samples. */
  update(samples) {
    this.#times = samples.all.map(({ at }) => at);
    const named = this.#plot.lines(samples);
    const lines = named.map(([label, valueAt]) => ({
      label,
      values: samples.all.map((_, n) => valueAt(n)),
    }));
    // If there are many lines, only lines with recent values are shown.
    const totals = new Map(lines.map((line) => [line, line.values.reduce((a, b = 0) => a + b, 0)]));
    this.#lines = this.#plot.isOpen
      ? lines.filter((line) => totals.get(line) > 0)
        .sort((a, b) => totals.get(b) - totals.get(a)).slice(0, MAX_LINES)
      : lines;
    this.#draw();
    this.#show();
  }

  #draw() {
    const all = this.#lines.flatMap(({ values }) => values).filter((value) => value !== undefined);
    const max = niceMax(Math.max(this.#plot.least ?? 0, ...all));
    write(this.#max, this.#lines.length === 0 ? "" : this.#plot.format(max));
    const x = (n) => this.#x(n);
    const y = (value) => HEIGHT - 1 - value / max * (HEIGHT - 3);
    const shapes = this.#lines.flatMap(({ values }, index) => {
      const points = pathOf(values, x, y);
      const line = shape("path", { class: `line c${index}`, d: points.line });
      return index === 0 ? [shape("path", { class: "area c0", d: points.area }), line] : [line];
    });
    this.#svg.replaceChildren(...shapes.reverse(), this.#cursor);
  }

  get #spanMs() {
    return Math.max(MIN_SPAN_MS, this.#times.at(-1) - this.#times[0]);
  }

  #x(n) {
    return WIDTH - (this.#times.at(-1) - this.#times[n]) / this.#spanMs * WIDTH;
  }

  /** Writes the values of sample n, or the newest ones. */
  #show(n = this.#times.length - 1) {
    const isNewest = n === this.#times.length - 1;
    write(this.#when, isNewest ? "" : time(this.#times[n]));
    this.#cursor.style.display = isNewest ? "none" : "";
    const { format, none = "nothing yet" } = this.#plot;
    const shown = this.#lines.map(({ label, values }) => [label, values[n]]);
    const rows = shown.map(([label, value], index) =>
      element(
        "div",
        { className: `c${index}` },
        element("dt", {}, label),
        element("dd", {}, value === undefined ? "–" : format(value)),
      )
    );
    this.#values.replaceChildren(
      ...rows.length > 0 ? rows : [element("div", {}, element("dd", { className: "none" }, none))],
    );
    const texts = shown.map(([label, value]) =>
      `${label} ${value === undefined ? "–" : format(value)}`
    );
    this.#svg.setAttribute("aria-label", `${this.#plot.title}: ${texts.join(", ") || none}`);
  }

  #point({ offsetX }) {
    if (this.#times.length < 2) return;
    const at = this.#times.at(-1) - (1 - offsetX / this.#svg.clientWidth) * this.#spanMs;
    let nearest = 0;
    this.#times.forEach((time, n) => {
      if (Math.abs(time - at) < Math.abs(this.#times[nearest] - at)) nearest = n;
    });
    this.#cursor.setAttribute("x1", this.#x(nearest));
    this.#cursor.setAttribute("x2", this.#x(nearest));
    this.#show(nearest);
  }
}

/** Returns a line through the values that are known, and the area below it. */
function pathOf(values, x, y) {
  let line = "";
  let area = "";
  let first;
  let last;
  const close = () => {
    if (last !== undefined && first === last) line += "h0.1"; // a point alone is a dot
    if (last !== undefined) area += `L${x(last)},${HEIGHT}L${x(first)},${HEIGHT}Z`;
    first = last = undefined;
  };
  values.forEach((value, n) => {
    if (value === undefined) return close();
    const point = `${first === undefined ? "M" : "L"}${x(n).toFixed(1)},${y(value).toFixed(1)}`;
    line += point;
    area += point;
    first ??= n;
    last = n;
  });
  close();
  return { line, area };
}

/** Returns a round number that is not below a value. */
function niceMax(value) {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((step) => step * power >= value * 1.05) ?? 15;
  return step * power;
}
