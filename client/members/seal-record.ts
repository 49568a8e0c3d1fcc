/**
 * A record on its own: sealed upon the newest one known, in a session that nothing else will use. Rules KM9, KM11, CL10.
 *
 * @module
 */
import { encodeRecord, KIND, SyncError, type RecordFields } from '@y-sealed/protocol'
import { Session, type Device, type Sealed, type Seen } from '@y-sealed/protocol/sealing'
import type { Membership } from './membership.ts'

/** `author` is the device that signs: of a `join`, the one that joins. Throws `KEY_MISSING` where the key in force is not held. */
export function sealRecord(membership: Membership, author: Device, fields: RecordFields, seen: Seen): Sealed {
  const key = membership.epochKey
  if (key === null) throw new SyncError('KEY_MISSING', 'this device does not hold the key of the epoch in force')
  const body = encodeRecord({ ...fields, recordPrev: membership.recordHead })
  return new Session(membership.documentId, author).sealEntry(KIND.record, body, key, seen)
}
