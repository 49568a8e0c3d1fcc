/**
 * Notes that are opened for a moment, beside those on the screen: one document is open once in a page, and whoever closes it closes it for all.
 *
 * @module
 */
import type { SealedDocument, SealedDocuments } from '@y-sealed/client'

const shownById = new Map<string, number>()

/** Says that a screen shows the note; what it returns says that it does not any more. */
export function holdNote(id: string): () => void {
  shownById.set(id, (shownById.get(id) ?? 0) + 1)
  return () => shownById.set(id, (shownById.get(id) ?? 1) - 1)
}

/** Opens the note for `work`, and closes it unless a screen shows it. Rejects as `SealedDocuments.openDocument`, and as `work`. */
export async function withNote(
  documents: SealedDocuments,
  id: string,
  work: (note: SealedDocument) => Promise<void>,
): Promise<void> {
  const note = await documents.openDocument(id)
  try {
    await note.provider.whenLoaded()
    await work(note)
  } finally {
    if ((shownById.get(id) ?? 0) === 0) note.close()
  }
}

/** Resolves after so long: nobody waits for a relay for ever. */
export async function pause(delayMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, delayMs))
}
