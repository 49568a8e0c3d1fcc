/**
 * Notes that no relay has yet: made offline a moment or a week ago, they have no members until one takes them.
 *
 * @module
 */
import type { SealedDocument } from '@y-sealed/client'

/** Only a note of this device's own making is without any record of members. */
export function isUnheard(note: Pick<SealedDocument, 'members'>): boolean {
  return note.members().length === 0
}
