/**
 * The record by which what was lost is given up. Rules LO14, KM9, KM15.
 *
 * @module
 */
import { encodeRecord, KIND, type Envelope, type RestoredFrame } from '@y-sealed/protocol'
import { Session, type Device } from '@y-sealed/protocol/sealing'
import type { DocumentAccess } from '../document/document-access.ts'
import type { OtherRecords } from './find-restart.ts'

/** Upon the relay's head, and upon the newest record there. */
export function sealRestart(
  access: DocumentAccess,
  device: Device,
  { recordHead, epoch }: Pick<OtherRecords, 'recordHead' | 'epoch'>,
  { head, lost }: RestoredFrame,
): Envelope {
  const session = new Session(access.documentId, device)
  const introduction = access.introduce(device, session.id)
  const body = encodeRecord({ type: 'restart', recordPrev: recordHead, lostHead: lost, keptHead: head, introduction })
  return session.sealEntry(KIND.record, body, epoch, head).envelope
}
