/**
 * The part of Svelte that the hooks use, so that this repository does not depend on Svelte. The tests
 * of the example apps compile the hooks with Svelte's own types.
 *
 * @module
 */

/** A value that changes, as `$value` reads it. */
export interface Readable<T> {
  subscribe(run: (value: T) => void): () => void;
}

export function getContext<T>(key: unknown): T;
export function setContext<T>(key: unknown, context: T): T;
export function onMount(run: () => () => void): void;
