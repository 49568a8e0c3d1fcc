/**
 * Taking devices out: a person whole, a device of one's own, or oneself. Rules KM10, KM17, KM18.
 *
 * @module
 */
import {
  equalBytes,
  packDevices,
  SyncError,
  type Bytes,
  type Member,
  type Members,
  type RecordFields,
} from '@y-sealed/protocol'
import type { Intent, RecordTools } from '../record-tools.ts'
import { isOnlyAdmin, ownMember } from './let-in.ts'

/**
 * Removes a member with all devices; `id` is the member's, 16 bytes. Nothing to do where it is gone. Throws `LAST_ADMIN` before anything is
 * sent.
 */
export function removeMember(id: Bytes): Intent {
  return (members, tools) => {
    const member = members.all.find((other) => equalBytes(other.id, id))
    return member === undefined ? null : removal(members, tools, member, deviceIds(member))
  }
}

/**
 * Removes a device of the signer's own member. Nothing to do where it is no member's; throws `NOT_OWN_DEVICE` for another's, whom an admin
 * removes whole, and `LAST_ADMIN` for the only device of the only admin.
 */
export function removeOwnDevice(device: Bytes): Intent {
  return (members, tools) => {
    const member = members.memberOf(device)
    if (member === null) return null
    if (member !== ownMember(members, tools)) {
      throw new SyncError('NOT_OWN_DEVICE', "that device is another member's, who is removed whole")
    }
    return removal(members, tools, member, [device])
  }
}

/**
 * Removes a device of the same person, whether it is the signer's own member's or came in by itself; then its member goes whole, if it has no
 * other device or `whole` says so. Nothing to do where it is no member's. Throws as {@link removeOwnDevice} and {@link removeMember}.
 */
export function removeLostDevice(device: Bytes, whole: boolean): Intent {
  return (members, tools) => {
    const member = members.memberOf(device)
    if (member === null) return null
    const goesWhole = member !== ownMember(members, tools) && (whole || member.devices.length === 1)
    return (goesWhole ? removeMember(member.id) : removeOwnDevice(device))(members, tools)
  }
}

/** Removes the signer's own member with all devices. Nothing to do where it is gone. Throws `LAST_ADMIN` before anything is sent. */
export function leaveDocument(): Intent {
  return (members, tools) => {
    const member = members.memberOf(tools.device.id)
    return member === null ? null : removal(members, tools, member, deviceIds(member))
  }
}

/** The last admin is told what to do instead. */
export function lastAdmin(): SyncError {
  const advice = 'make somebody else an admin first, or delete the document'
  return new SyncError('LAST_ADMIN', `a document keeps an admin: ${advice}`)
}

/** Who goes, and who only reads, chooses no key for those who stay. [KM18] */
function removal(members: Members, tools: RecordTools, member: Member, removed: readonly Bytes[]): RecordFields {
  const goesWhole = removed.length === member.devices.length
  if (member.role === 'admin' && goesWhole && isOnlyAdmin(members, member)) throw lastAdmin()
  const isLeaving = removed.some((id) => equalBytes(id, tools.device.id))
  const isVoid = isLeaving || ownMember(members, tools).role === 'reader'
  const rotation = isVoid ? tools.closeEpoch() : tools.createRotation({ removed })
  return { type: 'remove', devices: packDevices(removed), rotation }
}

function deviceIds(member: Member): readonly Bytes[] {
  return member.devices.map(({ id }) => id)
}
