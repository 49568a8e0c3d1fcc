/**
 * Letting devices in by their certificates: a further device of one's own, or a person whose keys are known from elsewhere. Rules KM9, KM17.
 *
 * @module
 */
import {
  deviceIdOf,
  equalBytes,
  sodiumSha512,
  SyncError,
  type Certificate,
  type Member,
  type MemberRole,
  type Members,
} from '@y-sealed/protocol'
import type { Intent, RecordTools } from '../record-tools.ts'

/**
 * Gives the signer's own member a further device. Nothing to do where the device is a member's already, be it as one of its own: it can
 * read, which is all that was wanted. Throws `FORBIDDEN` for a signer who is no member.
 */
export function addOwnDevice(certificate: Certificate, name: string): Intent {
  return (members, tools) => {
    const id = deviceIdOf(sodiumSha512, certificate.signPublic, certificate.boxPublic)
    if (members.memberOf(id) !== null) return null
    const { role } = ownMember(members, tools)
    const wrap = tools.wrapFor(certificate.boxPublic)
    return { type: 'add', sponsored: true, role, certificate, wrap, sealedName: tools.sealName(name, id) }
  }
}

/**
 * Makes a device a member of its own. Nothing to do where it is one with that role; throws `ALREADY_A_MEMBER` where it has another, which
 * this does not change.
 */
export function addMember(certificate: Certificate, role: MemberRole, name: string): Intent {
  return (members, tools) => {
    const id = deviceIdOf(sodiumSha512, certificate.signPublic, certificate.boxPublic)
    const known = members.memberOf(id)
    if (known?.role === role) return null
    if (known !== null) throw new SyncError('ALREADY_A_MEMBER', 'that device is a member with another role')
    const wrap = tools.wrapFor(certificate.boxPublic)
    return { type: 'add', sponsored: false, role, certificate, wrap, sealedName: tools.sealName(name, id) }
  }
}

/** The member of the device that signs. Throws `FORBIDDEN` where there is none. */
export function ownMember(members: Members, tools: RecordTools): Member {
  const member = members.memberOf(tools.device.id)
  if (member === null) throw new SyncError('FORBIDDEN', 'this device is no member of the document')
  return member
}

/** True when no admin would be left without `member`. */
export function isOnlyAdmin(members: Members, member: Member): boolean {
  return !members.all.some(({ id, role }) => role === 'admin' && !equalBytes(id, member.id))
}
