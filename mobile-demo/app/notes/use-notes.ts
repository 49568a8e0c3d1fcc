/**
 * This person's notes as React sees them.
 *
 * @module
 */
import type { DocumentEntry, SealedDocuments } from '@y-sealed/client'
import { useCallback, useEffect, useMemo, useSyncExternalStore } from 'react'

import { NoteTexts, type NoteText } from './note-texts.ts'

export interface ListedNote {
  readonly id: string
  /** The note's own title, or what this person calls it. */
  readonly title: string
  readonly body: string
  readonly role: string
  /** Names of the other members, as of the last time that it was read here. */
  readonly others: readonly string[]
  readonly added: Date
  readonly isReady: boolean
  /** This person was removed from it. */
  readonly isShutOut: boolean
}

const textsByDocuments = new WeakMap<SealedDocuments, NoteTexts>()

/** The one index of a device. */
export function textsOf(documents: SealedDocuments): NoteTexts {
  const known = textsByDocuments.get(documents)
  if (known !== undefined) return known
  const texts = new NoteTexts(documents)
  textsByDocuments.set(documents, texts)
  return texts
}

/** Newest first; `query` is looked for in titles and texts, on this device. */
export function useNotes(documents: SealedDocuments, query: string): readonly ListedNote[] {
  const entries = useEntries(documents)
  const texts = textsOf(documents)
  const textById = useSyncExternalStore(texts.subscribe, texts.read)
  useEffect(() => texts.gather(entries), [texts, entries])
  return useMemo(() => {
    const wanted = query.trim().toLowerCase()
    return entries
      .map((entry) => listNote(entry, textById.get(entry.id)))
      .filter(({ title, body }) => `${title}\n${body}`.toLowerCase().includes(wanted))
      .toReversed()
  }, [entries, textById, query])
}

const lastByDocuments = new WeakMap<SealedDocuments, readonly DocumentEntry[]>()

function useEntries(documents: SealedDocuments): readonly DocumentEntry[] {
  const subscribe = useCallback(
    (listener: () => void) => {
      const onDocuments = (entries: readonly DocumentEntry[]): void => {
        lastByDocuments.set(documents, entries)
        listener()
      }
      lastByDocuments.delete(documents)
      documents.on('documents', onDocuments)
      return () => documents.off('documents', onDocuments)
    },
    [documents],
  )
  return useSyncExternalStore(subscribe, () => {
    const known = lastByDocuments.get(documents)
    if (known !== undefined) return known
    const entries = documents.list()
    lastByDocuments.set(documents, entries)
    return entries
  })
}

/** Whoever may only read, or was removed, cannot give it a title, but a name of their own. */
export function isOwnName({ role, isShutOut }: Pick<ListedNote, 'role' | 'isShutOut'>): boolean {
  return role === 'reader' || isShutOut
}

function listNote({ id, name, added, isReady, isShutOut }: DocumentEntry, text: NoteText | undefined): ListedNote {
  const { title = '', body = '', role = '', others = [] } = text ?? {}
  const isNamed = title === '' || (isOwnName({ role, isShutOut }) && name !== '')
  return { id, title: isNamed ? name : title, body, role, others, added, isReady, isShutOut }
}
