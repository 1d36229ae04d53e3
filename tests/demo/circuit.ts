/**
 * The circuit that the demo's vehicles race on.
 *
 * @module
 */

/** A position on the map, in metres, x to the right and y downward. */
export type Point = readonly [x: number, y: number];

/** Corners of the demo's circuit; a smooth closed curve goes through all of them. */
export const CORNERS: readonly Point[] = [
  [180, 500],
  [420, 512],
  [660, 500],
  [850, 508],
  [945, 450],
  [905, 355],
  [780, 330],
  [700, 262],
  [775, 190],
  [900, 160],
  [925, 85],
  [820, 48],
  [640, 62],
  [545, 130],
  [570, 250],
  [515, 355],
  [395, 345],
  [360, 220],
  [290, 90],
  [150, 58],
  [62, 140],
  [110, 260],
  [55, 400],
];

const STEPS_PER_CORNER = 24;
const MAX_SPEED = 84;
const GRIP = 26;
const ACCELERATION = 9;
const BRAKING = 17;

/** A closed track, measured along its middle. */
export class Circuit {
  /** Points of the middle line, in the direction of travel; the last is next to the first. */
  readonly outline: readonly Point[];
  /** Length of a lap, in metres. */
  readonly length: number;
  readonly #distances: number[] = [];
  readonly #speeds: number[];

  /**
   * Lays a track through its corners.
   *
   * @throws {RangeError} If there are fewer than four corners.
   */
  constructor(corners: readonly Point[]) {
    if (corners.length < 4) {
      throw new RangeError(
        `Cannot lay a circuit as it needs four corners: there are ${corners.length}`,
      );
    }
    this.outline = corners.flatMap((_, index) => arc(corners, index));
    let length = 0;
    for (const [index, point] of this.outline.entries()) {
      this.#distances.push(length);
      length += between(point, at(this.outline, index + 1));
    }
    this.length = length;
    this.#speeds = this.#paces();
  }

  /** Returns the point at a distance from the start, `offset` metres to the right of the middle. */
  pointAt(distance: number, offset = 0): Point {
    const { from, to, part } = this.#leg(distance);
    const [x, y] = mix(from, to, part);
    const leg = between(from, to);
    return [x - (to[1] - from[1]) / leg * offset, y + (to[0] - from[0]) / leg * offset];
  }

  /** Returns the speed of a good driver at a distance from the start, in metres per second. */
  speedAt(distance: number): number {
    const { index, part } = this.#leg(distance);
    return at(this.#speeds, index) * (1 - part) + at(this.#speeds, index + 1) * part;
  }

  #leg(distance: number): { index: number; from: Point; to: Point; part: number } {
    const along = ((distance % this.length) + this.length) % this.length;
    let low = 0;
    let high = this.#distances.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (at(this.#distances, middle) <= along) low = middle;
      else high = middle - 1;
    }
    const from = at(this.outline, low);
    const to = at(this.outline, low + 1);
    return { index: low, from, to, part: (along - at(this.#distances, low)) / between(from, to) };
  }

  /** Limits the speed by the grip in bends, by the brakes before them, by the engine after. */
  #paces(): number[] {
    const count = this.outline.length;
    const speeds = this.outline.map((_, index) => {
      const bend = curvature(
        at(this.outline, index - 6),
        at(this.outline, index),
        at(this.outline, index + 6),
      );
      return Math.min(MAX_SPEED, Math.sqrt(GRIP / Math.max(bend, 1e-6)));
    });
    const limit = (index: number, before: number, force: number) => {
      const leg = between(at(this.outline, index), at(this.outline, before));
      const reachable = Math.sqrt(at(speeds, before) ** 2 + 2 * force * leg);
      speeds[(index + count) % count] = Math.min(at(speeds, index), reachable);
    };
    for (let index = 0; index < 2 * count; index++) limit(index % count, index - 1, ACCELERATION);
    for (let index = 2 * count; index > 0; index--) limit(index % count, index + 1, BRAKING);
    return speeds;
  }
}

/** Returns the points from one corner to the next: a Catmull-Rom spline. */
function arc(corners: readonly Point[], index: number): Point[] {
  const [a, b, c, d] = [-1, 0, 1, 2].map((step) => at(corners, index + step)) as [
    Point,
    Point,
    Point,
    Point,
  ];
  const spline = (axis: 0 | 1, t: number) =>
    0.5 * (2 * b[axis] + (c[axis] - a[axis]) * t +
      (2 * a[axis] - 5 * b[axis] + 4 * c[axis] - d[axis]) * t ** 2 +
      (3 * b[axis] - a[axis] - 3 * c[axis] + d[axis]) * t ** 3);
  return Array.from({ length: STEPS_PER_CORNER }, (_, step) => {
    const t = step / STEPS_PER_CORNER;
    return [spline(0, t), spline(1, t)];
  });
}

/** Returns the element at an index that may be beyond either end of a ring. */
function at<T>(ring: readonly T[], index: number): T {
  return ring.at(index % ring.length) as T;
}

function between([ax, ay]: Point, [bx, by]: Point): number {
  return Math.hypot(bx - ax, by - ay);
}

function mix([ax, ay]: Point, [bx, by]: Point, part: number): Point {
  return [ax + (bx - ax) * part, ay + (by - ay) * part];
}

/** Returns the curvature of the circle through three points. */
function curvature(a: Point, b: Point, c: Point): number {
  const area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
  return 2 * Math.abs(area) / (between(a, b) * between(b, c) * between(c, a));
}
