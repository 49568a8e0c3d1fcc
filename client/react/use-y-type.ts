/**
 * Shared types of Yjs as plain values, for what needs no editor: a title, a map of settings.
 *
 * @module
 */
import { useCallback, useRef, useSyncExternalStore } from 'react'
import type * as Y from 'yjs'

/** The text of a `Y.Text`, without its formatting. Changing it is the app's: `text.insert(…)`. */
export function useYText(text: Y.Text | null): string {
  const subscribe = useObserver(text)
  return useSyncExternalStore(
    subscribe,
    () => text?.toJSON() ?? '',
    () => '',
  )
}

/** The entries of a `Y.Map` as a plain object, the same one until something in it changes; with nested shared types as JSON. */
export function useYMap<Value>(map: Y.Map<Value> | null): Readonly<Record<string, unknown>> {
  const last = useRef<{ readonly map: Y.Map<Value> | null; readonly json: Readonly<Record<string, unknown>> } | null>(
    null,
  )
  const forget = useCallback(() => void (last.current = null), [])
  const subscribe = useObserver(map, forget)
  return useSyncExternalStore(
    subscribe,
    () => {
      if (last.current?.map !== map || last.current === null) last.current = { map, json: map?.toJSON() ?? EMPTY }
      return last.current.json
    },
    () => EMPTY,
  )
}

const EMPTY: Readonly<Record<string, unknown>> = {}

/** Any shared type. */
interface Observed {
  observeDeep(listener: () => void): void
  unobserveDeep(listener: () => void): void
}

/** Calls `before`, then React, whenever the type or what is nested in it changes. */
function useObserver(type: Observed | null, before?: () => void): (listener: () => void) => () => void {
  return useCallback(
    (listener: () => void) => {
      const onChange = (): void => {
        before?.()
        listener()
      }
      // What changed between rendering and now was seen by nobody.
      before?.()
      type?.observeDeep(onChange)
      return () => type?.unobserveDeep(onChange)
    },
    [type, before],
  )
}
