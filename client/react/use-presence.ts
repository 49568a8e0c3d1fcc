/**
 * Who else is there, as React sees it.
 *
 * @module
 */
import { useCallback, useRef, useSyncExternalStore } from 'react'
import type { Awareness } from 'y-protocols/awareness'

/** Somebody's presence: whatever their app says of them, checked for its size and its author and for nothing else. */
export interface PresenceState {
  /** Of the Y.Doc in that tab. */
  readonly clientId: number
  readonly isMe: boolean
  /** Show texts of it as text: anybody who may read may write anything here. */
  readonly state: Readonly<Record<string, unknown>>
}

/** What has an awareness: a provider. */
interface Present {
  readonly awareness: Awareness
}

const NOBODY: readonly PresenceState[] = []

/** Everybody who is there, oneself among them. Changes with every caret: give a selector for less. */
export function usePresence(provider: Present | null): readonly PresenceState[]
/**
 * What `select` makes of everybody who is there. The component renders anew when that is something else, compared entry by entry: select names,
 * say, and other people's carets cost nothing.
 */
export function usePresence<Selected>(
  provider: Present | null,
  select: (present: readonly PresenceState[]) => Selected,
): Selected
export function usePresence<Selected>(
  provider: Present | null,
  select?: (present: readonly PresenceState[]) => Selected,
): Selected | readonly PresenceState[] {
  const awareness = provider?.awareness ?? null
  const subscribe = useCallback(
    (listener: () => void) => {
      awareness?.on('change', listener)
      return () => awareness?.off('change', listener)
    },
    [awareness],
  )
  const last = useRef<{ readonly selected: Selected | readonly PresenceState[] } | null>(null)
  const read = (): Selected | readonly PresenceState[] => {
    const present = awareness === null ? NOBODY : presentIn(awareness)
    const selected = select === undefined ? present : select(present)
    if (last.current !== null && isAlike(last.current.selected, selected)) return last.current.selected
    last.current = { selected }
    return selected
  }
  return useSyncExternalStore(subscribe, read, () => (select === undefined ? NOBODY : select(NOBODY)))
}

/** By awareness: its states keep their identity while they are the same. */
const presentByAwareness = new WeakMap<Awareness, Map<number, PresenceState>>()

function presentIn(awareness: Awareness): readonly PresenceState[] {
  const known = presentByAwareness.get(awareness) ?? new Map<number, PresenceState>()
  const present = new Map<number, PresenceState>()
  for (const [clientId, state] of awareness.getStates()) {
    const before = known.get(clientId)
    present.set(clientId, before?.state === state ? before : { clientId, isMe: clientId === awareness.clientID, state })
  }
  presentByAwareness.set(awareness, present)
  return [...present.values()]
}

/** The same, or lists or plain objects of the same things. */
function isAlike(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other) || one instanceof Map || one instanceof Set)
    return false
  const [ones, others] = [Object.entries(one), new Map(Object.entries(other))]
  return (
    ones.length === others.size && ones.every(([name, value]) => others.has(name) && Object.is(value, others.get(name)))
  )
}
