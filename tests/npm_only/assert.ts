/**
 * Stands in for `@std/assert`: the same code by way of npm, with the types that its npm package
 * lacks. What a function does is in its name; `msg` goes into the error if it fails.
 *
 * @module
 */

import * as std from "npm:deno-std@^1.4.0/assert/mod.js";

// deno-lint-ignore no-explicit-any
type Class<T = any> = abstract new (...args: any[]) => T;
type Compare = <T>(actual: T, expected: T, msg?: string) => void;
type Falsy = false | 0 | 0n | "" | null | undefined;

interface Throws {
  (fn: () => unknown, msg?: string): unknown;
  <E extends Error>(fn: () => unknown, type: Class<E>, msgIncludes?: string, msg?: string): E;
}

interface Rejects {
  (fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
  <E extends Error>(
    fn: () => PromiseLike<unknown>,
    type: Class<E>,
    msgIncludes?: string,
    msg?: string,
  ): Promise<E>;
}

/** The error of a failed assertion. */
export type AssertionError = Error;
/** Creates an {@linkcode AssertionError}. */
export const AssertionError: new (message: string, options?: ErrorOptions) => AssertionError =
  std.AssertionError;

/** Asserts truth. */
export const assert: (expr: unknown, msg?: string) => asserts expr = std.assert;
/** Asserts falsehood. */
export const assertFalse: (expr: unknown, msg?: string) => asserts expr is Falsy = std.assertFalse;
/** Asserts that a value is neither null nor undefined. */
export const assertExists: <T>(actual: T, msg?: string) => asserts actual is NonNullable<T> =
  std.assertExists;
/** Asserts equality by value. */
export const assertEquals: Compare = std.assertEquals;
/** Asserts inequality by value. */
export const assertNotEquals: Compare = std.assertNotEquals;
/** Asserts identity. */
export const assertStrictEquals: <T>(
  actual: unknown,
  expected: T,
  msg?: string,
) => asserts actual is T = std.assertStrictEquals;
/** Asserts that two values are not identical. */
export const assertNotStrictEquals: Compare = std.assertNotStrictEquals;
/** Asserts that two numbers are equal within a tolerance. */
export const assertAlmostEquals: (
  actual: number,
  expected: number,
  tolerance?: number,
  msg?: string,
) => void = std.assertAlmostEquals;
/** Asserts `actual > expected`. */
export const assertGreater: Compare = std.assertGreater;
/** Asserts `actual >= expected`. */
export const assertGreaterOrEqual: Compare = std.assertGreaterOrEqual;
/** Asserts `actual < expected`. */
export const assertLess: Compare = std.assertLess;
/** Asserts `actual <= expected`. */
export const assertLessOrEqual: Compare = std.assertLessOrEqual;
/** Asserts the class of an object. */
export const assertInstanceOf: <T extends Class>(
  actual: unknown,
  expectedType: T,
  msg?: string,
) => asserts actual is InstanceType<T> = std.assertInstanceOf;
/** Asserts that a string matches. */
export const assertMatch: (actual: string, expected: RegExp, msg?: string) => void =
  std.assertMatch;
/** Asserts that a string does not match. */
export const assertNotMatch: (actual: string, expected: RegExp, msg?: string) => void =
  std.assertNotMatch;
/** Asserts that a string holds another. */
export const assertStringIncludes: (actual: string, expected: string, msg?: string) => void =
  std.assertStringIncludes;
/** Asserts that an array holds all elements of another. */
export const assertArrayIncludes: <T>(
  actual: ArrayLike<T>,
  expected: ArrayLike<T>,
  msg?: string,
) => void = std.assertArrayIncludes;
/** Asserts that an object has the fields of another. */
export const assertObjectMatch: (
  // deno-lint-ignore no-explicit-any
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
) => void = std.assertObjectMatch;
/** Asserts that a function throws, and returns what it threw. */
export const assertThrows: Throws = std.assertThrows;
/** Asserts that a promise is rejected, and resolves to its reason. */
export const assertRejects: Rejects = std.assertRejects;
/** Fails. */
export const fail: (msg?: string) => never = std.fail;
/** Fails where no code path leads. */
export const unreachable: (msg?: string) => never = std.unreachable;
