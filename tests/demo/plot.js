/**
 * Small plots of the last minute.
 *
 * @module
 */

/** Points that a plot shows. */
const POINTS = 240;

/** A line over time on a canvas, filled to the bottom. */
export class Plot {
  #canvas;
  #label;
  #unit;
  #values = [];

  /**
   * Draws on a canvas and writes the newest value into a label.
   *
   * @param {HTMLCanvasElement} canvas Where to draw.
   * @param {HTMLElement} label Where to write.
   * @param {string} unit Written after the value.
   */
  constructor(canvas, label, unit) {
    this.#canvas = canvas;
    this.#label = label;
    this.#unit = unit;
  }

  /** Adds the next value; `undefined` leaves a gap. */
  add(value) {
    this.#values.push(value);
    if (this.#values.length > POINTS) this.#values.shift();
    this.#label.textContent = value === undefined
      ? "–"
      : `${Math.round(value).toLocaleString("en")}${this.#unit}`;
    this.#draw();
  }

  /** Removes all values. */
  clear() {
    this.#values.length = 0;
  }

  #draw() {
    const ratio = devicePixelRatio || 1;
    const width = this.#canvas.width = this.#canvas.clientWidth * ratio;
    const height = this.#canvas.height = this.#canvas.clientHeight * ratio;
    const context = this.#canvas.getContext("2d");
    const max = Math.max(10, ...this.#values.map((value) => value ?? 0)) * 1.1;
    const x = (index) => width - (this.#values.length - 1 - index) * width / (POINTS - 1);
    const y = (value) => height - 1 - (value / max) * (height - 2);
    const colour = getComputedStyle(document.documentElement).getPropertyValue("--accent");
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = 1.5 * ratio;
    for (const isArea of [true, false]) {
      context.globalAlpha = isArea ? 0.15 : 1;
      context.beginPath();
      for (const [index, value] of this.#values.entries()) {
        context.lineTo(x(index), y(value ?? 0));
      }
      if (!isArea) return context.stroke();
      context.lineTo(width, height);
      context.lineTo(x(0), height);
      context.fill();
    }
  }
}

/** Collects latencies and returns their median. */
export class Latencies {
  #all = [];

  /** Adds a latency, in milliseconds. */
  add(ms) {
    this.#all.push(ms);
  }

  /** Returns the median since the last call; `undefined` if there were none. */
  take() {
    const sorted = this.#all.sort((a, b) => a - b);
    this.#all = [];
    return sorted[Math.floor(sorted.length / 2)];
  }
}
