/**
 * Reproducible random numbers.
 *
 * @module
 */

/** A pseudo-random sequence that depends on its seed only (mulberry32). */
export class Random {
  #state: number;

  /** Creates the sequence of a seed. */
  constructor(seed: number) {
    this.#state = seed;
  }

  /** Returns a number from 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ this.#state >>> 15, 1 | this.#state);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 4_294_967_296;
  }

  /** Returns a whole number from 0 to below `bound`. */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** Returns one of the values. */
  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }

  /** Returns one of the values, each as likely as its weight, a whole number, says. */
  weighted<T>(values: readonly (readonly [weight: number, value: T])[]): T {
    let left = this.below(values.reduce((sum, [weight]) => sum + weight, 0));
    return (values.find(([weight]) => (left -= weight) < 0) as readonly [number, T])[1];
  }

  /** Returns random bytes. */
  bytes(count: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length: count }, () => this.below(256));
  }

  /** Returns random code points of all planes, without surrogates. */
  text(count: number): string {
    const codePoint = () => {
      const code = this.below(this.of([0x80, 0x800, 0x10000, 0x110000]));
      return code >= 0xd800 && code < 0xe000 ? 0xfffd : code;
    };
    return String.fromCodePoint(...Array.from({ length: count }, codePoint));
  }
}
