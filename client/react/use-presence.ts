/**
 * Who else is there, as React sees it.
 *
 * @module
 */
import { useCallback, useMemo, useRef, useSyncExternalStore } from 'react'
import type { Awareness } from 'y-protocols/awareness'

/** Somebody's presence: whatever their app says of them, checked for its size and its author and for nothing else. */
export interface PresenceState {
  /** Of the Y.Doc in that tab. */
  readonly clientId: number
  readonly isMe: boolean
  /**
   * Show texts of it as text: anybody who may read may write anything here, also somebody else's name. Whose it is tells
   * `document.presentMember(clientId)`.
   */
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
  // Asked twice of the same people it gives the same: whatever is selected, React must not be told that it changed.
  const read = useMemo(() => {
    let asked: readonly PresenceState[] | null = null
    let answer: Selected | readonly PresenceState[] = NOBODY
    return (): Selected | readonly PresenceState[] => {
      const present = awareness === null ? NOBODY : presentIn(awareness)
      if (present === asked) return answer
      asked = present
      const selected = select === undefined ? present : select(present)
      answer = last.current !== null && isAlike(last.current.selected, selected) ? last.current.selected : selected
      last.current = { selected: answer }
      return answer
    }
  }, [awareness, select])
  return useSyncExternalStore(subscribe, read, () => (select === undefined ? NOBODY : select(NOBODY)))
}

/** By awareness: the list and its states keep their identity while they are the same. */
const presentByAwareness = new WeakMap<Awareness, readonly PresenceState[]>()

function presentIn(awareness: Awareness): readonly PresenceState[] {
  const known = presentByAwareness.get(awareness) ?? NOBODY
  const stateByClient = new Map(known.map((each) => [each.clientId, each]))
  const present = [...awareness.getStates()].map(([clientId, state]): PresenceState => {
    const before = stateByClient.get(clientId)
    return before?.state === state ? before : { clientId, isMe: clientId === awareness.clientID, state }
  })
  if (present.length === known.length && present.every((each, index) => each === known[index])) return known
  presentByAwareness.set(awareness, present)
  return present
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
