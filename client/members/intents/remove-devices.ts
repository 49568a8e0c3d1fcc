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
      throw notOwnDevice()
    }
    return removal(members, tools, member, [device])
  }
}

/**
 * Removes a device of the same person, whether it is the signer's own member's or came in by itself, and with it whatever it let in for that
 * member, and what that let in, except `known` ones. A member of which nothing is left goes whole, or where `whole` says so. Nothing to do
 * where none of it is a member's. Throws as {@link removeOwnDevice} and {@link removeMember}.
 */
export function removeLostDevice(device: Bytes, whole: boolean, known: readonly Bytes[] = []): Intent {
  return (members, tools) => {
    const own = ownMember(members, tools)
    const member = members.memberOf(device) ?? own
    const gone = letInBy(member, device, [...known, tools.device.id])
    if (gone.length === 0) return null
    if (member === own) return removal(members, tools, member, gone)
    if (!whole && gone.length < member.devices.length) throw notOwnDevice()
    return removal(members, tools, member, deviceIds(member))
  }
}

/** Of a member: the device, if it is there, and all that are there by its doing. Who let in another came before it. */
function letInBy({ devices }: Member, device: Bytes, known: readonly Bytes[]): readonly Bytes[] {
  const guilty = [device]
  const has = (ids: readonly Bytes[], id: Bytes): boolean => ids.some((other) => equalBytes(other, id))
  for (const { id, since } of devices) if (has(guilty, since.author) && !has(known, id)) guilty.push(id)
  return devices.map(({ id }) => id).filter((id) => has(guilty, id))
}

/** Removes the signer's own member with all devices. Nothing to do where it is gone. Throws `LAST_ADMIN` before anything is sent. */
export function leaveDocument(): Intent {
  return (members, tools) => {
    const member = members.memberOf(tools.device.id)
    return member === null ? null : removal(members, tools, member, deviceIds(member))
  }
}

function notOwnDevice(): SyncError {
  return new SyncError('NOT_OWN_DEVICE', "that device is another member's, who is removed whole")
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
