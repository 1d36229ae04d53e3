/**
 * The chart of the README: latency over rate, as SVG that is readable on light and dark pages.
 *
 * @module
 */

import type { Curve } from "./scenarios/scenario.ts";

const WIDTH = 420;
const HEIGHT = 300;
const MARGIN = { left: 56, right: 16, top: 40, bottom: 44 };
const COLOURS = ["#2f81f7", "#d29922", "#3fb950", "#f85149"];
const MS = [1, 3, 10, 30, 100, 300];

/** Draws charts side by side, both axes logarithmic. */
export function drawCharts(charts: ReadonlyMap<string, readonly Curve[]>): string {
  const panels = [...charts].map(([title, curves], index) =>
    `<g transform="translate(${index * WIDTH} 0)">${panel(title, curves)}</g>`
  );
  const width = WIDTH * charts.size;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${HEIGHT}" width="${width}" ` +
    `font-family="system-ui, sans-serif" font-size="12" fill="#848d97">\n${
      panels.join("\n")
    }\n</svg>\n`;
}

function panel(title: string, curves: readonly Curve[]): string {
  const rates = [...new Set(curves.flatMap(({ points }) => points.map(([rate]) => rate)))]
    .sort((a, b) => a - b);
  const [first = 1, last = 2] = [rates.at(0), rates.at(-1)];
  const x = (rate: number) => scale(rate, first, last, MARGIN.left, WIDTH - MARGIN.right);
  const y = (ms: number) => scale(ms, 1, 300, HEIGHT - MARGIN.bottom, MARGIN.top);
  const parts = [
    `<text x="${MARGIN.left}" y="16" font-weight="600">${title}</text>`,
    ...MS.map((ms) =>
      `<path d="M${MARGIN.left} ${y(ms)}H${WIDTH - MARGIN.right}" stroke="#848d9740"/>` +
      `<text x="${MARGIN.left - 6}" y="${y(ms) + 4}" text-anchor="end">${ms}</text>`
    ),
    ...rates.map((rate) =>
      `<text x="${x(rate)}" y="${HEIGHT - MARGIN.bottom + 16}" text-anchor="middle">${rate}</text>`
    ),
    `<text x="${WIDTH / 2}" y="${HEIGHT - 8}" text-anchor="middle">messages a second</text>`,
    `<text transform="translate(14 ${HEIGHT / 2}) rotate(-90)" text-anchor="middle">p99, ms</text>`,
    ...curves.map(({ server, points }, index) => {
      const colour = COLOURS[index % COLOURS.length];
      const dotted = points.map(([rate, ms]) => [x(rate).toFixed(1), y(ms).toFixed(1)]);
      const line = `<polyline points="${
        dotted.map((point) => point.join()).join(" ")
      }" fill="none" ` +
        `stroke="${colour}" stroke-width="2"/>`;
      const dots = dotted.map(([cx, cy]) =>
        `<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"/>`
      );
      const name = `<text x="${
        MARGIN.left + index * 110
      }" y="32" fill="${colour}">${server}</text>`;
      return line + dots.join("") + name;
    }),
  ];
  return parts.join("\n");
}

function scale(value: number, min: number, max: number, from: number, to: number): number {
  const part = Math.log(value / min) / Math.log(max / min);
  return from + Math.min(1, Math.max(0, part)) * (to - from);
}
