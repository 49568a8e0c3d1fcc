/**
 * Members and links in the app's words: names opened, ids as text. It decides nothing. Rules KM8, KM10, KM17.
 *
 * @module
 */
import {
  bytesToBase64url,
  equalBytes,
  type Bytes,
  type LiveLink,
  type Member,
  type MemberDevice,
  type MemberRole,
} from '@y-sealed/protocol'
import type { Membership } from '../members/membership.ts'

/** A person as the others of a document see them. */
export interface MemberView {
  /** Names the member in every call; base64url of 16 bytes. It stays the same while the member does. */
  readonly id: string
  /** Of the oldest device that brought a name; `null` where none did, or where it cannot be read. */
  readonly name: string | null
  readonly role: MemberRole
  /** True for the member to whom this device belongs. */
  readonly isMe: boolean
  /** Place in the log of the record by which it came: with `by`, who let it in and when. */
  readonly since: number
  /** Id of the member whose device signed that record: itself, where it joined by a link or made the document; `null` when they have left. */
  readonly by: string | null
  /** Id of the link by which it came, or `null`. */
  readonly link: string | null
  /** Oldest first; at least one. */
  readonly devices: readonly DeviceView[]
}

/** One installation. */
export interface DeviceView {
  /** base64url of 16 bytes. */
  readonly id: string
  readonly name: string | null
  /** True for the device that asks. */
  readonly isThis: boolean
  readonly since: number
  /** Id of the device that let it in: its own, where it joined by a link or made the document. */
  readonly by: string
}

/** A link by which others may still join, as far as the log tells. */
export interface LinkView {
  /** Names the link in `revokeLink`; base64url of 16 bytes. The link itself cannot be made from it. */
  readonly id: string
  readonly name: string | null
  readonly role: MemberRole
  /** After this the relay refuses it; `null` for never. */
  readonly expires: Date | null
  /** How many may join by it; 0 for any number. */
  readonly uses: number
  readonly used: number
  readonly since: number
  /** Id of the device that made it. */
  readonly by: string
}

/** Everybody, in the order in which they came. */
export function viewMembers(membership: Membership): readonly MemberView[] {
  return membership.members.all.map((member) => viewMember(membership, member))
}

/** To whom a device belongs; `null` for nobody. */
export function viewMemberOf(membership: Membership, device: Bytes): MemberView | null {
  const member = membership.members.memberOf(device)
  return member === null ? null : viewMember(membership, member)
}

/** Links that are live by the newest record, expired ones among them: the relay alone says which those are. */
export function viewLinks(membership: Membership): readonly LinkView[] {
  return membership.members.links.map((link) => viewLink(membership, link))
}

function viewMember(membership: Membership, member: Member): MemberView {
  const devices = member.devices.map((device) => viewDevice(membership, device))
  const inviter = membership.members.memberOf(member.since.author)
  return {
    id: bytesToBase64url(member.id),
    name: devices.find(({ name }) => name !== null)?.name ?? null,
    role: member.role,
    isMe: devices.some(({ isThis }) => isThis),
    since: member.since.seq,
    by: idOf(inviter?.id ?? null),
    link: idOf(member.link),
    devices,
  }
}

function viewDevice(membership: Membership, { id, name, since }: MemberDevice): DeviceView {
  return {
    id: bytesToBase64url(id),
    name: membership.nameOf(name, id),
    isThis: equalBytes(id, membership.device.id),
    since: since.seq,
    by: bytesToBase64url(since.author),
  }
}

function viewLink(membership: Membership, { id, name, role, expiresAt, uses, used, since }: LiveLink): LinkView {
  return {
    id: bytesToBase64url(id),
    name: membership.nameOf(name, id),
    role,
    expires: expiresAt === 0 ? null : new Date(1_000 * expiresAt),
    uses,
    used,
    since: since.seq,
    by: bytesToBase64url(since.author),
  }
}

function idOf(id: Bytes | null): string | null {
  return id === null ? null : bytesToBase64url(id)
}
