/**
 * Whether a record may do what it says: the conditions of each type, asked of the members as the records before it left them. The
 * relay and every client ask here, so that they cannot disagree. Rules KM10, KM16–KM18.
 *
 * @module
 */
import { bytesToHex, equalBytes, isZero, type Bytes } from '../bytes.ts'
import { joinInput } from '../auth/proof.ts'
import type { Sha512 } from '../crypto/hash.ts'
import { verifySignature } from '../crypto/signature.ts'
import { MAX_ITEMS_PER_RECORD } from '../limits.ts'
import { unreachable } from '../unreachable.ts'
import { encodeCertificate, verifyCertificate, type Certificate } from './certificate.ts'
import { deviceIdOf } from './device-id.ts'
import type { Member, Members } from './members.ts'
import type { RecordBody } from './record.ts'
import type { AddFields, JoinFields, LinkFields, RemoveFields, RevokeLinkFields, RoleFields } from './record-fields.ts'
import { ROLE, type Role } from './role.ts'
import type { Rotation } from './rotation.ts'

/** Why a record does not count; stable, for reports and tests. [KM16] [KM17] */
export type RecordRefusal =
  /** No record body, one that the mode does not know, or of another document. */
  | 'malformed'
  /** Its own signature does not verify. */
  | 'signature'
  /** Its record-prev is not the record head. */
  | 'stale'
  /** Its envelope stands in another epoch than the one in force. */
  | 'epoch'
  /** Its author is no member. */
  | 'stranger'
  /** Its author's role does not allow it, or gives more than it is. */
  | 'not-allowed'
  /** A certificate that is not its own device's or link's. */
  | 'certificate'
  /** Adds what is there already. */
  | 'known-device'
  | 'unknown-device'
  /** No such link, or it is revoked or used up. */
  | 'unknown-link'
  /** No admin would be left. */
  | 'last-admin'
  /** Names some devices of another member and not all. */
  | 'part-of-member'
  /** New epoch, commitment or back link are not what they must be. */
  | 'rotation'
  /** The key is not sealed to exactly those who stay. */
  | 'wraps'
  /** More devices and links than one record can carry a key to. */
  | 'too-many'

/** A record on trial. */
export interface RecordOnTrial {
  /** Device id of the envelope, 16 bytes. */
  readonly author: Bytes
  readonly body: RecordBody
  /** 32 bytes. [KM3] */
  readonly genesisHash: Bytes
}

/** What a record changes about who may do what; empty for one that changes no role. */
export type RoleChanges = readonly { readonly device: Bytes; readonly role: Role }[]

type Judgement = RoleChanges | RecordRefusal

/** The role changes of a record that may stand, or why it may not. The genesis is not judged here. */
export function judgeRecord(sha512: Sha512, members: Members, trial: RecordOnTrial): Judgement {
  const { body } = trial
  if (body.type === 'join') return judgeJoin(sha512, members, trial, body)
  const signer = members.memberOf(trial.author)
  if (signer === null) return 'stranger'
  switch (body.type) {
    case 'genesis':
      return 'stale'
    case 'add':
      return judgeAdd(sha512, members, signer, body)
    case 'role':
      return judgeRole(members, signer, body)
    case 'link':
      return judgeLink(sha512, members, signer, body)
    case 'revoke-link':
      return judgeRevokeLink(members, signer, body)
    case 'remove':
      return judgeRemove(members, signer, trial.author, body)
    case 'epoch':
      if (signer.role === 'reader') return 'not-allowed'
      return findRotationFault(members, body.rotation, new Set()) ?? []
    case 'rewrap': {
      if (body.epoch > members.epoch.epoch || (body.epoch === 1 && body.backLink !== null)) return 'rotation'
      return [...body.wraps].every(([id]) => members.memberOf(id) ?? members.link(id)) ? [] : 'wraps'
    }
    case 'restart':
      // Whether its heads are those of the log is asked where the log is known. [LO14]
      if (body.introduction !== null) return 'malformed'
      return signer.role === 'admin' ? [] : 'not-allowed'
    default:
      return unreachable(body, 'record')
  }
}

function judgeAdd(sha512: Sha512, members: Members, signer: Member, body: AddFields): Judgement {
  const allowed = body.sponsored ? body.role === signer.role : signer.role === 'admin'
  if (!allowed) return 'not-allowed'
  const device = certifiedId(sha512, body.certificate)
  if (device === null) return 'certificate'
  const own = body.sponsored ? signer : null
  return findNewcomerFault(members, device, { own }) ?? [{ device, role: body.role }]
}

function judgeRole(members: Members, signer: Member, { device, role }: RoleFields): Judgement {
  if (signer.role !== 'admin') return 'not-allowed'
  const member = members.memberOf(device)
  if (member === null) return 'unknown-device'
  if (role !== 'admin' && isOnlyAdmin(members, member)) return 'last-admin'
  return member.devices.map(({ id }) => ({ device: id, role }))
}

function judgeLink(sha512: Sha512, members: Members, signer: Member, body: LinkFields): Judgement {
  if (signer.role !== 'admin') return 'not-allowed'
  const id = certifiedId(sha512, body.certificate)
  if (id === null) return 'certificate'
  if (members.wasLink(id)) return 'known-device'
  return findNewcomerFault(members, id) ?? []
}

function judgeJoin(sha512: Sha512, members: Members, trial: RecordOnTrial, body: JoinFields): Judgement {
  const link = members.link(body.link)
  if (link === null) return 'unknown-link'
  const device = certifiedId(sha512, body.certificate)
  if (device === null || !equalBytes(device, trial.author)) return 'certificate'
  const input = joinInput(trial.genesisHash, trial.body.recordPrev, encodeCertificate(body.certificate))
  if (!verifySignature(body.linkSignature, input, link.certificate.signPublic)) return 'signature'
  // The place of a link that is used up is free again.
  const isLast = link.used + 1 === link.uses
  return findNewcomerFault(members, device, { freed: isLast ? 1 : 0 }) ?? [{ device, role: link.role }]
}

function judgeRevokeLink(members: Members, signer: Member, body: RevokeLinkFields): Judgement {
  if (signer.role !== 'admin') return 'not-allowed'
  if (members.link(body.link) === null) return 'unknown-link'
  return findRotationFault(members, body.rotation, new Set(), (link) => !equalBytes(link, body.link)) ?? []
}

function judgeRemove(members: Members, signer: Member, author: Bytes, body: RemoveFields): Judgement {
  const removed = new Set<string>()
  const whole = new Set([signer])
  for (const [device] of body.devices) {
    const member = members.memberOf(device)
    if (member === null) return 'unknown-device'
    if (member !== signer && signer.role !== 'admin') return 'not-allowed'
    if (!whole.has(member) && !member.devices.every(({ id }) => body.devices.has(id))) return 'part-of-member'
    whole.add(member)
    removed.add(bytesToHex(device))
  }
  const stays = (member: Member): boolean => member.devices.some(({ id }) => !removed.has(bytesToHex(id)))
  if (!members.all.some((member) => member.role === 'admin' && stays(member))) return 'last-admin'
  const isLeaving = removed.has(bytesToHex(author)) || signer.role === 'reader'
  const fault = isLeaving
    ? findVoidRotationFault(members, body.rotation)
    : findRotationFault(members, body.rotation, removed, () => false)
  return fault ?? [...body.devices].map(([device]) => ({ device, role: 'none' }))
}

/** Who leaves, or may not write, chooses no key for those who stay: the epoch is closed, and the next who writes opens another. [KM18] */
function findVoidRotationFault(
  members: Members,
  { epoch, commitment, backLink, wraps }: Rotation,
): RecordRefusal | null {
  const isVoid = epoch === members.epoch.epoch && equalBytes(commitment, members.epoch.commitment)
  if (!isVoid || !isZero(backLink)) return 'rotation'
  return wraps.length === 0 ? null : 'wraps'
}

/** The next epoch, sealed to every device that stays and to no one else but links that may stay. */
function findRotationFault(
  members: Members,
  { epoch, commitment, wraps }: Rotation,
  removed: ReadonlySet<string>,
  mayLinkStay: (link: Bytes) => boolean = () => true,
): RecordRefusal | null {
  if (epoch !== members.epoch.epoch + 1) return 'rotation'
  if (members.epochs.some((known) => equalBytes(known.commitment, commitment))) return 'rotation'
  let devices = 0
  for (const id of members.deviceIds()) {
    if (removed.has(bytesToHex(id))) continue
    if (!wraps.has(id)) return 'wraps'
    devices += 1
  }
  let links = 0
  for (const { id } of members.links) if (mayLinkStay(id) && wraps.has(id)) links += 1
  return wraps.length === devices + links ? null : 'wraps'
}

/**
 * A device may be gone from a member that goes on under its name: it comes back to that member and to nobody else, or two members
 * would have one name. [KM10]
 */
function findNewcomerFault(
  members: Members,
  id: Bytes,
  { own = null, freed = 0 }: { readonly own?: Member | null; readonly freed?: number } = {},
): RecordRefusal | null {
  if (members.memberOf(id) !== null || members.link(id) !== null) return 'known-device'
  const namesake = members.memberNamed(id)
  if (namesake !== null && namesake !== own) return 'known-device'
  return members.holders + 1 - freed > MAX_ITEMS_PER_RECORD ? 'too-many' : null
}

/** The id of the keys that a certificate holds, if they signed it. [KM1] */
function certifiedId(sha512: Sha512, certificate: Certificate): Bytes | null {
  if (!verifyCertificate(certificate)) return null
  return deviceIdOf(sha512, certificate.signPublic, certificate.boxPublic)
}

function isOnlyAdmin(members: Members, member: Member): boolean {
  return member.role === 'admin' && members.all.filter(({ role }) => role === 'admin').length === 1
}

/** May a role do what `needed` may? [KM10] */
export function isAtLeast(role: Role, needed: Role): boolean {
  return ROLE[role] >= ROLE[needed]
}
