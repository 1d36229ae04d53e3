/**
 * The vehicles of the demo, each with its own name, colour, skill and line.
 *
 * @module
 */

import type { Circuit } from "./circuit.ts";

/** What is published about a vehicle. */
export interface VehicleState {
  /** Number on its side. */
  number: number;
  /** Name of the vehicle. */
  name: string;
  /** Colour, as CSS writes it. */
  color: string;
  /** Position on the map, in metres. */
  x: number;
  /** Position on the map, in metres. */
  y: number;
  /** The current lap, from 1. */
  lap: number;
  /** How much of that lap it has completed, from 0 to 1. */
  progress: number;
  /** Kilometres per hour. */
  speed: number;
}

/** Options of a `Race`. */
export interface RaceOptions {
  /** Where the race takes place. */
  circuit: Circuit;
  /** How many vehicles there are, at most as many as there are names: 40. */
  vehicles: number;
  /**
   * How often a vehicle retires, in seconds.
   *
   * @default {Infinity}
   */
  retireEveryS?: number;
  /**
   * Returns a random number from 0 to 1.
   *
   * @default {Math.random}
   */
  random?: () => number;
}

interface Vehicle {
  readonly number: number;
  readonly name: string;
  readonly color: string;
  readonly skill: number;
  readonly weave: number;
  form: number;
  distance: number;
  speed: number;
  /** Seconds until a vehicle that retired is back; 0 while it races. */
  outS: number;
}

const NAMES =
  ("Albatross Bittern Buzzard Condor Cormorant Crane Curlew Dunlin Eagle Egret Falcon Fulmar Gannet " +
    "Goshawk Grebe Harrier Heron Hobby Ibis Jackdaw Kestrel Kingfisher Kite Lapwing Magpie Martin " +
    "Merlin Nightjar Osprey Owl Petrel Plover Raven Shearwater Skua Snipe Sparrow Starling Swift Tern")
    .split(" ");

/** How much of the circuit the field covers at the start. */
const FIELD = 0.8;

/** How far from the middle of the track a vehicle goes, in metres. */
const LANE_M = 7;

/** How long a vehicle that retired is away, in seconds. */
export const OUT_S = 30;

/** Moves vehicles around a circuit. Now and then one retires, and is back later. */
export class Race {
  readonly #circuit: Circuit;
  readonly #random: () => number;
  readonly #vehicles: Vehicle[];
  readonly #retireEveryS: number;
  #untilRetirementS: number;

  /**
   * Puts the vehicles on the track, for a rolling start.
   *
   * @throws {RangeError} If there are more vehicles than names.
   */
  constructor(
    { circuit, vehicles, retireEveryS = Infinity, random = Math.random }: RaceOptions,
  ) {
    if (vehicles > NAMES.length) {
      throw new RangeError(
        `Cannot start a race as there are ${NAMES.length} names: vehicles is ${vehicles}`,
      );
    }
    this.#circuit = circuit;
    this.#random = random;
    this.#retireEveryS = this.#untilRetirementS = retireEveryS;
    this.#vehicles = NAMES.slice(0, vehicles).map((name, index) => ({
      number: index + 1,
      name,
      color: `oklch(${index % 2 === 0 ? 52 : 60}% 0.17 ${Math.round(index * 137.5) % 360})`,
      skill: 0.93 + 0.1 * random(),
      weave: 300 + 400 * random(),
      form: 0,
      distance: circuit.length * (1 + FIELD * ((index * 17) % vehicles) / vehicles),
      speed: 0,
      outS: 0,
    }));
  }

  /** Lets time pass. */
  advance(seconds: number): void {
    this.#retire(seconds);
    for (const vehicle of this.#vehicles) {
      if (vehicle.outS > 0) continue;
      vehicle.form += (this.#random() - 0.5) * 0.12 * seconds - vehicle.form * 0.05 * seconds;
      const pace = this.#circuit.speedAt(vehicle.distance) * vehicle.skill * (1 + vehicle.form);
      vehicle.speed += (pace - vehicle.speed) * Math.min(1, 3 * seconds);
      vehicle.distance += vehicle.speed * seconds;
    }
  }

  /** Returns the vehicles that race, in the order of their numbers. */
  states(): VehicleState[] {
    const { length } = this.#circuit;
    return this.#vehicles.filter(({ outS }) => outS === 0).map(
      ({ number, name, color, distance, speed, weave }) => {
        const [x, y] = this.#circuit.pointAt(
          distance,
          LANE_M * Math.sin(distance / weave + number),
        );
        const lap = Math.floor(distance / length);
        return {
          number,
          name,
          color,
          x: round(x, 1),
          y: round(y, 1),
          lap,
          progress: round(distance / length - lap, 4),
          speed: Math.round(speed * 3.6),
        };
      },
    );
  }

  #retire(seconds: number): void {
    for (const vehicle of this.#vehicles) vehicle.outS = Math.max(0, vehicle.outS - seconds);
    this.#untilRetirementS -= seconds;
    if (this.#untilRetirementS > 0) return;
    this.#untilRetirementS = this.#retireEveryS;
    const racing = this.#vehicles.filter(({ outS }) => outS === 0);
    const vehicle = racing[Math.floor(this.#random() * racing.length)];
    if (vehicle !== undefined) Object.assign(vehicle, { outS: OUT_S, speed: 0 });
  }
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
