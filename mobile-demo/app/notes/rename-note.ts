/**
 * Naming a note from the list: its title, which all its members see; for whoever may only read, a name of their own.
 *
 * @module
 */
import type { SealedDocuments } from '@y-sealed/client'
import type * as Y from 'yjs'

import { TITLE } from './note-texts.ts'
import { pause } from './pause.ts'
import { isOwnName, textsOf, type ListedNote } from './use-notes.ts'

/** The note stays open for so long when no relay takes it. */
const LEAVES_WITHIN_MS = 10_000

export async function renameNote(documents: SealedDocuments, note: ListedNote, name: string): Promise<void> {
  // It is in this device's list at once, and resolves when the relay has it: that may be long.
  documents.rename(note.id, name).catch(() => undefined)
  if (isOwnName(note) || !note.isReady) return
  await documents.withDocument(note.id, async (document) => {
    replaceText(document.doc.getText(TITLE), name)
    textsOf(documents).note(document)
    // Without a network it is on this device's disk by then, and leaves when the note is opened next.
    await Promise.race([document.provider.whenSaved(), pause(LEAVES_WITHIN_MS)])
  })
}

/** Changes the difference alone, so that two people may write in it at once. */
export function replaceText(text: Y.Text, next: string): void {
  const old = text.toJSON()
  let start = 0
  while (start < Math.min(old.length, next.length) && old[start] === next[start]) start++
  let end = 0
  while (end < Math.min(old.length, next.length) - start && old.at(-1 - end) === next.at(-1 - end)) end++
  text.doc?.transact(() => {
    text.delete(start, old.length - start - end)
    text.insert(start, next.slice(start, next.length - end))
  })
}
