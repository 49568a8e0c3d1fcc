/**
 * Restart records among those of a log that is not the one verified here: who may give up what was lost, and whether that is what this device
 * has. Rules LO14, KM17, KM15, CL11.
 *
 * @module
 */
import {
  decodeRecord,
  envelopeId,
  equalBytes,
  MemberLog,
  readRoomRestart,
  sodiumSha512,
  type Bytes,
  type PlacedRecord,
  type SignedHead,
} from '@y-sealed/protocol'
import type { DocumentAccess } from '../document/document-access.ts'
import { Membership } from '../members/membership.ts'

/** The member log of the other history, or what stands for it in `shared-key` mode. */
export interface OtherRecords {
  /** The newest record that counts there, 32 bytes. */
  readonly recordHead: Bytes
  /** Under which a record would count there. */
  readonly epoch: { readonly epoch: number; readonly commitment: Bytes }
  /** Every record that this device has accepted stands there too, where it stood. */
  readonly holdsOurs: boolean
  /** What restarts have given up there, oldest first. */
  readonly given: readonly SignedHead[]
}

/** What RECORDS said of the other history, nothing where it has no other than were asked for (`knownHead`, of a room); `null` where they cannot be this document's. */
export function readOtherRecords(
  access: DocumentAccess,
  told: readonly PlacedRecord[],
  knownHead: Bytes,
): OtherRecords | null {
  return access instanceof Membership ? readMembers(access, told) : readRoom(access, told, knownHead)
}

function readMembers(membership: Membership, told: readonly PlacedRecord[]): OtherRecords | null {
  const log = new MemberLog(sodiumSha512, membership.genesisHash)
  const given: SignedHead[] = []
  let holdsOurs = membership.recordSeq === 0
  // The relay tells what follows the newest that it knows of ours, or all.
  const own = membership.records.map(({ seq, record: { envelope } }) => ({ seq, envelope }))
  for (const { seq, envelope } of told[0]?.seq === 1 ? told : [...own, ...told]) {
    const verdict = log.take(envelope, seq)
    if (!verdict.ok) continue
    if (verdict.body.type === 'restart') given.push(verdict.body.lostHead)
    holdsOurs ||= seq === membership.recordSeq && equalBytes(verdict.id, membership.recordHead)
  }
  if (log.recordSeq === 0) return null
  return { recordHead: log.recordHead, epoch: log.members.epoch, holdsOurs, given }
}

function readRoom(access: DocumentAccess, told: readonly PlacedRecord[], knownHead: Bytes): OtherRecords | null {
  const key = access.current
  const first = told[0]
  const genesis = access.genesisBody === null ? null : decodeRecord(access.genesisBody)
  if (key === null || !genesis?.ok) return null
  if (genesis.value.type !== 'genesis' || genesis.value.mode !== 'shared-key') return null
  const room = { ...genesis.value, documentId: access.documentId }
  // The relay tells what follows the newest that it knows of ours, or all.
  const isAll = first?.seq === 1
  let recordHead = isAll ? envelopeId(sodiumSha512, key.commitment, first.envelope) : knownHead
  const given: SignedHead[] = []
  for (const { envelope } of isAll ? told.slice(1) : told) {
    const restart = readRoomRestart(sodiumSha512, room, envelope)
    if (restart === null || !equalBytes(restart.recordPrev, recordHead)) continue
    given.push(restart.lostHead)
    recordHead = restart.id
  }
  return { recordHead, epoch: key, holdsOurs: true, given }
}
