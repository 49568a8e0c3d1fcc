/**
 * Who belongs to a document, as React sees it.
 *
 * @module
 */
import { useCallback, useSyncExternalStore } from 'react'
import type { MemberView } from '../documents/member-view.ts'
import type { SealedDocument } from '../documents/sealed-document.ts'

const NOBODY: readonly MemberView[] = []

/** As last told, so that React finds the same list while nothing changed. */
const listByDocument = new WeakMap<SealedDocument, readonly MemberView[]>()

/** Everybody, in the order in which they came; empty while there is no document. Names are whatever people call themselves: show them as text. */
export function useMembers(document: SealedDocument | null): readonly MemberView[] {
  const subscribe = useCallback(
    (listener: () => void) => {
      const onMembers = (members: readonly MemberView[]): void => {
        if (document !== null) listByDocument.set(document, members)
        listener()
      }
      // What changed while nobody listened is read anew.
      if (document !== null) listByDocument.delete(document)
      document?.on('members', onMembers)
      return () => document?.off('members', onMembers)
    },
    [document],
  )
  return useSyncExternalStore(
    subscribe,
    () => (document === null ? NOBODY : membersOf(document)),
    () => NOBODY,
  )
}

function membersOf(document: SealedDocument): readonly MemberView[] {
  const known = listByDocument.get(document)
  if (known !== undefined) return known
  const members = document.members()
  listByDocument.set(document, members)
  return members
}
