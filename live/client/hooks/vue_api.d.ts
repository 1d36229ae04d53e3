/**
 * The part of Vue that the hooks use, so that this repository does not depend on Vue. The tests of the
 * example apps compile the hooks with Vue's own types.
 *
 * @module
 */

/** Names what an app provides. */
export interface InjectionKey<T> extends Symbol {
  readonly of?: T;
}

/** The part of an app that a plugin uses. */
export interface App {
  provide<T>(key: InjectionKey<T>, value: T): unknown;
}

/** A value that is replaced as a whole. */
export interface ShallowRef<T> {
  value: T;
}

/** A value, a reference to one, or a function that returns one. */
export type MaybeRefOrGetter<T> = T | { readonly value: T } | (() => T);

export function inject<T>(key: InjectionKey<T>, defaultValue: undefined): T | undefined;
export function shallowRef<T>(value: T): ShallowRef<T>;
export function toValue<T>(source: MaybeRefOrGetter<T>): T;
export function watchPostEffect(
  effect: (onCleanup: (cleanup: () => void) => void) => void,
): unknown;
