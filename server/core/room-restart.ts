/**
 * A restart in `shared-key` mode as the relay stores it. Rules KM15, LO14.
 *
 * @module
 */
import { readRoomRestart, type Envelope } from '@y-sealed/protocol'

import type { Context } from './context.ts'
import { newEntry } from './new-entry.ts'
import type { OpenDocument } from './open-document.ts'
import type { AppendUnit } from './ports.ts'

/** The unit of a restart that its own body introduces; `null` for every other record. */
export function roomRestart(
  { sha512 }: Pick<Context, 'sha512'>,
  { commitment, roomKey }: OpenDocument,
  envelope: Envelope,
): AppendUnit | null {
  const { device, document, session } = envelope
  if (roomKey === null) return null
  const restart = readRoomRestart(sha512, { documentId: document, commitment, roomPublic: roomKey }, envelope)
  if (restart === null) return null
  const { id, recordPrev, lostHead, keptHead } = restart
  return {
    document,
    device,
    session,
    needs: 'none',
    group: false,
    entries: [newEntry(envelope, id)],
    record: { recordPrev, roles: [], restart: { lost: lostHead, kept: keptHead } },
  }
}
