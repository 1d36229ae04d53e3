/**
 * Draws the track and the vehicles on a canvas, smoothly between two updates.
 *
 * @module
 */

/** How far the picture is behind the newest update, in intervals between two updates. */
const DELAY = 1.4;

const WIDTH_M = 1000;
const HEIGHT_M = 560;

/** The picture of the track. */
export class TrackView {
  #canvas;
  #context;
  #path = new Path2D();
  #start;
  #vehicles = new Map();
  #colors = {};
  #scale = 1;
  #leaders = [];

  /**
   * Starts to draw, at the refresh rate of the screen.
   *
   * @param {HTMLCanvasElement} canvas Where to draw.
   * @param {[number, number][]} outline Middle of the track, in metres.
   */
  constructor(canvas, outline) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
    this.#start = [outline[0], outline[1]];
    for (const [x, y] of outline) this.#path.lineTo(x, y);
    this.#path.closePath();
    this.#readColors();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#readColors());
    new ResizeObserver(() => this.#resize()).observe(canvas);
    this.#resize();
    const frame = (now) => {
      this.#draw(now);
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  /** Updates a vehicle; `hollow` draws it as a ring. */
  update(id, { x, y, number, name, color }, hollow) {
    const now = performance.now();
    const vehicle = this.#vehicles.get(id) ?? { samples: [], period: 100 };
    const last = vehicle.samples.at(-1);
    let time = now;
    if (last && now - last.arrived < 1_000) {
      // Evens out the jitter of the network, which is not the vehicle's own.
      const gap = now - last.arrived;
      vehicle.period += (gap - vehicle.period) * 0.1;
      const even = last.time + vehicle.period;
      time = Math.max(last.time + 1, even + (now - even) * 0.1);
      if (Math.abs(time - now) > 300) time = now;
    } else {
      vehicle.samples.length = 0;
    }
    vehicle.samples.push({ time, arrived: now, x, y });
    if (vehicle.samples.length > 6) vehicle.samples.shift();
    Object.assign(vehicle, { number, name, color, hollow });
    this.#vehicles.set(id, vehicle);
  }

  /** Highlights vehicles; the first gets a label. */
  setLeaders(ids) {
    this.#leaders = ids;
  }

  /** Takes a vehicle off the track. */
  remove(id) {
    this.#vehicles.delete(id);
  }

  /** Takes all vehicles off the track whose ids start with a prefix. */
  clear(prefix = "") {
    for (const id of this.#vehicles.keys()) {
      if (id.startsWith(prefix)) this.#vehicles.delete(id);
    }
  }

  #readColors() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["asphalt", "kerb", "line", "ink", "surface"]) {
      this.#colors[name] = style.getPropertyValue(`--${name}`).trim();
    }
  }

  #resize() {
    const ratio = devicePixelRatio || 1;
    const width = Math.max(1, Math.round(this.#canvas.clientWidth * ratio));
    this.#canvas.width = width;
    this.#canvas.height = Math.round(width * HEIGHT_M / WIDTH_M);
    this.#scale = width / WIDTH_M;
  }

  #draw(now) {
    const context = this.#context;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    context.setTransform(this.#scale, 0, 0, this.#scale, 0, 0);
    this.#drawTrack(context);
    // Keeps dots legible on a phone, where a metre is a third of a pixel.
    const css = this.#canvas.clientWidth / WIDTH_M;
    const radius = Math.max(8.5, 5 / css);
    const vehicles = [...this.#vehicles].sort(([a], [b]) =>
      Number(this.#leaders.includes(a)) - Number(this.#leaders.includes(b))
    );
    for (const [id, vehicle] of vehicles) {
      this.#drawVehicle(context, id, vehicle, now, radius);
    }
  }

  #drawTrack(context) {
    const { kerb, asphalt, line } = this.#colors;
    context.lineJoin = "round";
    for (const [color, width, dash] of [[kerb, 36, []], [asphalt, 31, []], [line, 1, [9, 13]]]) {
      context.strokeStyle = color;
      context.lineWidth = width;
      context.setLineDash(dash);
      context.stroke(this.#path);
    }
    context.setLineDash([]);
    const [[x, y], [nextX, nextY]] = this.#start;
    context.save();
    context.translate(x, y);
    context.rotate(Math.atan2(nextY - y, nextX - x));
    for (let row = 0; row < 8; row++) {
      for (let column = 0; column < 2; column++) {
        context.fillStyle = (row + column) % 2 === 0 ? "#fff" : "#111";
        context.fillRect(column * 4 - 4, row * 4 - 16, 4, 4);
      }
    }
    context.restore();
  }

  #drawVehicle(context, id, vehicle, now, radius) {
    const [x, y] = positionAt(vehicle.samples, now - vehicle.period * DELAY);
    const leads = this.#leaders.includes(id);
    const { ink, surface } = this.#colors;
    context.beginPath();
    context.arc(x, y, leads ? radius * 1.25 : radius, 0, 2 * Math.PI);
    context.fillStyle = vehicle.hollow ? surface : vehicle.color;
    context.fill();
    context.lineWidth = vehicle.hollow ? 3 : leads ? 2.2 : 1.2;
    context.strokeStyle = vehicle.hollow ? vehicle.color : "#fff";
    context.stroke();
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillStyle = vehicle.hollow ? ink : "#fff";
    context.font = `700 ${radius * 1.05}px system-ui, sans-serif`;
    context.fillText(String(vehicle.number), x, y + 0.5);
    if (id !== this.#leaders[0]) return;
    context.font = `600 ${radius * 1.5}px system-ui, sans-serif`;
    context.lineWidth = 4;
    context.strokeStyle = surface;
    context.strokeText(vehicle.name, x, y - radius * 2.4);
    context.fillStyle = ink;
    context.fillText(vehicle.name, x, y - radius * 2.4);
  }
}

/** Returns the position at a time: between two samples, or at the first or the last. */
function positionAt(samples, time) {
  const after = samples.findIndex((sample) => sample.time > time);
  const to = samples[after] ?? samples.at(-1);
  const from = after > 0 ? samples[after - 1] : to;
  const part = to.time > from.time ? (time - from.time) / (to.time - from.time) : 1;
  return [from.x + (to.x - from.x) * part, from.y + (to.y - from.y) * part];
}
