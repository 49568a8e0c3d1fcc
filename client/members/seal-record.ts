/**
 * A record on its own: sealed upon the newest one known, in a session that nothing else will use. Rules KM9, KM11, CL10.
 *
 * @module
 */
import { encodeRecord, KIND, type RecordFields } from '@y-sealed/protocol'
import { Session, type Device, type Sealed, type Seen } from '@y-sealed/protocol/sealing'
import type { Membership } from './membership.ts'

/**
 * `author` is the device that signs: of a `join`, the one that joins. It takes no key: whoever was given none by a rotation can still
 * remove who made it.
 */
export function sealRecord(membership: Membership, author: Device, fields: RecordFields, seen: Seen): Sealed {
  const body = encodeRecord({ ...fields, recordPrev: membership.recordHead })
  return new Session(membership.documentId, author).sealEntry(KIND.record, body, membership.members.epoch, seen)
}
