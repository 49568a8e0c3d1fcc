/**
 * What a publication or an attestation says, in the words of the store, and whose word it is. Rules LO11, LO13.
 *
 * @module
 */
import {
  decodeAttestation,
  decodePublication,
  KIND,
  type Bytes,
  type Envelope,
  type MemberLog,
} from '@y-sealed/protocol'

import type { AppendUnit } from './ports.ts'
import type { AttestationEffect, PublicationEffect } from './snapshot-ports.ts'

type Effect = Pick<AppendUnit, 'publication'> | Pick<AppendUnit, 'attestation'>

/** The effect by the members as they are, `null` in `shared-key` mode; nothing for an envelope that is neither, or whose body is none. */
export function effectOfSnapshotEntry(envelope: Envelope, log: MemberLog | null): Effect {
  const { kind } = envelope
  if (kind !== KIND.publication && kind !== KIND.attestation) return {}
  return readSnapshotEntry(envelope)?.(log) ?? {}
}

/** The effect, given the members as they are, `null` in `shared-key` mode, where every device is its own; or `null` for a body that is none. */
export function readSnapshotEntry({ kind, sealed, device }: Envelope): ((log: MemberLog | null) => Effect) | null {
  if (kind === KIND.publication) {
    const read = decodePublication(sealed)
    if (!read.ok) return null
    const { snapshotId, seq, transcript, parentId, snapshotEpoch, snapshotBytes, contentDigest } = read.value
    const said = { snapshotId, seq, transcript, parentId, epoch: snapshotEpoch, bytes: snapshotBytes, contentDigest }
    return (log) => ({ publication: { ...said, member: memberOf(device, log) } satisfies PublicationEffect })
  }
  const read = decodeAttestation(sealed)
  if (!read.ok) return null
  const { snapshotId, seq, verdict, contentDigest } = read.value
  const said = { snapshotId, seq, isSame: verdict === 'same', contentDigest }
  return (log) => {
    const member = memberOf(device, log)
    const memberDevices = log?.members.devicesEverOf(member) ?? [member]
    return { attestation: { ...said, member, memberDevices } satisfies AttestationEffect }
  }
}

function memberOf(device: Bytes, log: MemberLog | null): Bytes {
  return log?.members.lastMemberOf(device) ?? device.slice()
}
