/**
 * Deleting a note, which can be taken back for a moment: until then it is only out of sight.
 *
 * @module
 */
import type { SealedDocuments } from '@y-sealed/client'
import { useState } from 'react'

import { explain } from '../parts/explain.ts'
import { useSnackbar } from '../parts/snackbar.tsx'
import { pause } from './pause.ts'
import { textsOf, type ListedNote } from './use-notes.ts'

export interface Removal {
  readonly isRemoved: (id: string) => boolean
  readonly remove: (note: ListedNote) => void
}

/** The relay is asked, and may not be there. */
const PATIENCE_MS = 15_000

export function useRemoval(documents: SealedDocuments): Removal {
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set())
  const show = useSnackbar()
  const unhide = (id: string): void => setHidden((before) => new Set([...before].filter((other) => other !== id)))
  const remove = (note: ListedNote): void => {
    setHidden((before) => new Set([...before, note.id]))
    const carryOut = (): void => {
      removeForGood(documents, note.id).catch((error: unknown) => {
        unhide(note.id)
        show({ text: explain(error) })
      })
    }
    show({
      text: `“${note.title === '' ? 'Untitled' : note.title}” deleted`,
      action: { label: 'Undo', run: () => unhide(note.id) },
      onGone: carryOut,
    })
  }
  return { isRemoved: (id) => hidden.has(id), remove }
}

/** For everybody where this person is its only member; else this person leaves it. Whoever was removed has nothing to leave. */
async function removeForGood(documents: SealedDocuments, id: string): Promise<void> {
  const isShutOut = (): boolean => documents.list().some((entry) => entry.id === id && entry.isShutOut)
  if (!isShutOut()) {
    await leaveOrDelete(documents, id).catch((error: unknown) => {
      // That it was removed this device may learn only now.
      if (!isShutOut()) throw error
    })
  }
  if (isShutOut()) await documents.forgetDocument(id)
  textsOf(documents).forget(id)
}

async function leaveOrDelete(documents: SealedDocuments, id: string): Promise<void> {
  await documents.withDocument(id, async (note) => {
    await Promise.race([note.provider.whenSynced(), giveUp()])
    if (note.members().length > 1) await note.leave()
    else await note.deleteDocument()
  })
}

async function giveUp(): Promise<never> {
  await pause(PATIENCE_MS)
  throw Object.assign(new Error('the relay was not reached'), { code: 'NOT_DELETED' })
}
