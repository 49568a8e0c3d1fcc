/**
 * Who is in a note now: members, as their signatures say, and the colours of their carets, as their apps say.
 *
 * @module
 */
import type { SealedDocument } from '@y-sealed/client'
import { useMembers, usePresence, type PresenceState } from '@y-sealed/client/react'
import { useCallback } from 'react'

import { nameOf } from './name-of.ts'

/** A colour may be anything: others write what they like there. */
export type ColourByMember = Readonly<Record<string, unknown>>

/** Ids of those who are there, each once, however many devices they have open; without this tab. */
export function useColours(note: SealedDocument): ColourByMember {
  const select = useCallback(
    (present: readonly PresenceState[]): ColourByMember =>
      Object.fromEntries(
        present.flatMap(({ clientId, isMe, state }) => {
          const member = isMe ? null : note.presentMember(clientId)
          const { color } = (state['user'] ?? {}) as { readonly color?: unknown }
          return member === null ? [] : [[member.id, color] as const]
        }),
      ),
    [note],
  )
  return usePresence(note.provider, select)
}

interface Person {
  readonly id: string
  readonly name: string
  readonly colour: unknown
}

/** The others who have the note open now. */
export function usePeople(note: SealedDocument): readonly Person[] {
  const colourByMember = useColours(note)
  return useMembers(note)
    .filter(({ id }) => Object.hasOwn(colourByMember, id))
    .map(({ id, name }) => ({ id, name: nameOf({ name }), colour: colourByMember[id] }))
}
