/**
 * Who is in a note now, as their apps say: names, and the colours of their carets.
 *
 * @module
 */
import type { PresenceState } from '@y-sealed/client/react'

/** What others wrote: a colour may be anything. */
export type ColourByName = Readonly<Record<string, unknown>>

/** Everybody who is there, each once, however many devices they have open. */
export function everybodyIn(present: readonly PresenceState[]): ColourByName {
  const people = present.map(({ state }) => {
    const { name, color } = (state['user'] ?? {}) as { readonly name?: unknown; readonly color?: unknown }
    return [typeof name === 'string' ? name : '', color] as const
  })
  return Object.fromEntries(people.filter(([name]) => name !== ''))
}

/** The same without this device. */
export function othersIn(present: readonly PresenceState[]): ColourByName {
  return everybodyIn(present.filter(({ isMe }) => !isMe))
}
