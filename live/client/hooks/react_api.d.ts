/**
 * The part of React that the hooks use, so that this repository does not depend on React. The tests of
 * the example apps compile the hooks with React's own types.
 *
 * @module
 */

/** Something that a component can contain. */
export type ReactNode = unknown;

/** What a component returns. */
export interface ReactElement {
  readonly type: unknown;
  readonly props: unknown;
}

/** A value that a provider passes to the components below it. */
export interface Context<T> {
  readonly Provider: (props: { value: T; children?: ReactNode }) => ReactElement;
}

export function createContext<T>(defaultValue: T): Context<T>;
export function createElement<Props>(
  type: (props: Props) => ReactElement,
  props: Props,
  ...children: ReactNode[]
): ReactElement;
export function useContext<T>(context: Context<T>): T;
export function useEffect(effect: () => void | (() => void), deps?: readonly unknown[]): void;
export function useMemo<T>(create: () => T, deps: readonly unknown[]): T;
export function useRef<T>(initialValue: T): { current: T };
export function useSyncExternalStore<Snapshot>(
  subscribe: (onStoreChange: () => void) => () => void,
  getSnapshot: () => Snapshot,
  getServerSnapshot?: () => Snapshot,
): Snapshot;
