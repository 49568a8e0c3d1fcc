/**
 * Who belongs to a document, with which devices, roles and links, and which epochs it had: the state that counted records add up to,
 * with the history that tells what held at any place of the log. It judges nothing. Rules KM10, KM16, KM18.
 *
 * @module
 */
import { bytesToHex, equalBytes, hexToBytes, type Bytes } from '../bytes.ts'
import type { Certificate } from './certificate.ts'
import type { MemberRole, Role } from './role.ts'

/** Where a counted record stands, and who signed it. */
export interface RecordPlace {
  readonly seq: number
  /** Device id, 16 bytes. */
  readonly author: Bytes
}

/** A name as a record carries it, and the epoch under whose key it was sealed. [KM8] */
export interface NameInRecord {
  /** 104 bytes, or none. */
  readonly sealed: Bytes
  readonly epoch: number
}

/** A device of a member, from the record that added it. */
export interface MemberDevice {
  /** 16 bytes. [KM1] */
  readonly id: Bytes
  readonly certificate: Certificate
  readonly since: RecordPlace
  readonly name: NameInRecord
}

/** One or more devices with one role. Named by the device that it began with, even when that device is gone. [KM10] */
export interface Member {
  /** Id of its first device, 16 bytes. */
  readonly id: Bytes
  readonly role: MemberRole
  /** At least one, oldest first. */
  readonly devices: readonly MemberDevice[]
  readonly since: RecordPlace
  /** The link by which it came, or `null`. */
  readonly link: Bytes | null
}

/** A link by which others may still join, as far as the log can tell: expiry is the relay's word. [KM17] */
export interface LiveLink {
  /** Formed as a device id, 16 bytes. */
  readonly id: Bytes
  readonly certificate: Certificate
  readonly role: MemberRole
  /** Unix seconds, 0 for never. */
  readonly expiresAt: number
  /** How many may join by it, 0 for any number. */
  readonly uses: number
  readonly used: number
  readonly since: RecordPlace
  readonly name: NameInRecord
}

/** An epoch from the record that opened it. */
export interface Epoch {
  readonly epoch: number
  /** 32 bytes. [KM5] */
  readonly commitment: Bytes
  /** Seq of the record that opened it. */
  readonly openedAt: number
  /** Seq of the first removal after which nothing is sealed under its key; `null` while it is open. [KM18] */
  readonly closedAt: number | null
}

const NOBODY: Bytes = new Uint8Array(16)

interface RoleSince {
  readonly seq: number
  readonly role: MemberRole
}

/** A device in a member, from the record that brought it to the one that took it away. */
interface Stay {
  readonly seq: number
  /** Seq of the record that removed it; `null` while it belongs. */
  until: number | null
  /** Id of that member, 16 bytes. */
  readonly member: Bytes
  /** Of its member: one list for all devices, so that a record costs no more where there are many. */
  readonly roles: readonly RoleSince[]
}

/** Changed by `MemberLog` alone; everybody else reads. */
export class Members {
  readonly #members = new Map<string, Member>()
  /** Hex of the member's id by hex of the device's. */
  readonly #memberByDevice = new Map<string, string>()
  readonly #links = new Map<string, LiveLink>()
  readonly #epochs: Epoch[] = []
  /** Every device that ever belonged, since what it wrote stays. */
  readonly #certificates = new Map<string, Certificate>()
  /** By hex of the member's id. */
  readonly #roles = new Map<string, RoleSince[]>()
  /** By hex of the device's id, oldest first. */
  readonly #stays = new Map<string, Stay[]>()
  /** Ids that links have or had: none is given twice. */
  readonly #linkIds = new Set<string>()

  /** Members in the order in which they came. */
  get all(): readonly Member[] {
    return [...this.#members.values()]
  }

  get links(): readonly LiveLink[] {
    return [...this.#links.values()]
  }

  /** Epochs from 1 on. */
  get epochs(): readonly Epoch[] {
    return this.#epochs
  }

  /** The epoch in force. */
  get epoch(): Epoch {
    return this.#epochs.at(-1) as Epoch
  }

  /** Devices and live links together: so many wraps a rotation may need. [KM17] */
  get holders(): number {
    return this.#memberByDevice.size + this.#links.size
  }

  /** Ids of all devices of all members. */
  *deviceIds(): Generator<Bytes> {
    for (const member of this.#members.values()) for (const device of member.devices) yield device.id
  }

  /** The member to whom a device belongs now, or `null`. */
  memberOf(device: Bytes): Member | null {
    return this.#members.get(this.#memberByDevice.get(bytesToHex(device)) ?? '') ?? null
  }

  /** Id of the member to which a device belongs or belonged last; `null` for a stranger. */
  lastMemberOf(device: Bytes): Bytes | null {
    return this.#stays.get(bytesToHex(device))?.at(-1)?.member ?? null
  }

  /** Ids of all devices that belong to a member or belonged to it last. */
  devicesEverOf(member: Bytes): readonly Bytes[] {
    const own = [...this.#stays].filter(([, stays]) => equalBytes(stays.at(-1)?.member ?? NOBODY, member))
    return own.map(([hex]) => hexToBytes(hex) ?? NOBODY)
  }

  /** The member that began with this device, which may be gone from it by now; or `null`. [KM10] */
  memberNamed(device: Bytes): Member | null {
    return this.#members.get(bytesToHex(device)) ?? null
  }

  link(id: Bytes): LiveLink | null {
    return this.#links.get(bytesToHex(id)) ?? null
  }

  /** Was this id ever a link's? */
  wasLink(id: Bytes): boolean {
    return this.#linkIds.has(bytesToHex(id))
  }

  /** The keys of a device that belongs or belonged; `null` for a stranger. */
  certificateOf(device: Bytes): Certificate | null {
    return this.#certificates.get(bytesToHex(device)) ?? null
  }

  /** What a device might do just before `seq`: a record changes what comes after it. */
  roleAt(device: Bytes, seq: number): Role {
    const stay = lastBefore(this.#stays.get(bytesToHex(device)) ?? [], seq)
    if (stay === null || (stay.until !== null && stay.until < seq)) return 'none'
    return lastBefore(stay.roles, seq)?.role ?? 'none'
  }

  /** The keys of a device that belonged, or had belonged, just before `seq`; `null` for a stranger at that place. */
  certificateAt(device: Bytes, seq: number): Certificate | null {
    const [first] = this.#stays.get(bytesToHex(device)) ?? []
    return first !== undefined && first.seq < seq ? this.certificateOf(device) : null
  }

  /** The epoch in force just before `seq`, or `null` before the genesis. */
  epochAt(seq: number): Epoch | null {
    return this.#epochs.findLast((epoch) => epoch.openedAt < seq) ?? null
  }

  openEpoch(epoch: Omit<Epoch, 'closedAt'>): void {
    this.#epochs.push({ ...epoch, closedAt: null })
  }

  /** One that is closed already stays closed from where it was: what stands in between must count for nobody. */
  closeEpoch(seq: number): void {
    const epoch = this.#epochs.pop() as Epoch
    this.#epochs.push({ ...epoch, closedAt: epoch.closedAt ?? seq })
  }

  addMember(device: MemberDevice, role: MemberRole, link: Bytes | null): void {
    const key = bytesToHex(device.id)
    this.#members.set(key, { id: device.id, role, devices: [device], since: device.since, link })
    this.#roles.set(key, [{ seq: device.since.seq, role }])
    this.#enter(device, device.id, key)
  }

  addDevice(device: MemberDevice, member: Member): void {
    const key = bytesToHex(member.id)
    this.#members.set(key, { ...member, devices: [...member.devices, device] })
    this.#enter(device, member.id, key)
  }

  setRole(member: Member, role: MemberRole, seq: number): void {
    const key = bytesToHex(member.id)
    this.#members.set(key, { ...member, role })
    this.#roles.get(key)?.push({ seq, role })
  }

  removeDevice(device: Bytes, seq: number): void {
    const member = this.memberOf(device)
    const hex = bytesToHex(device)
    if (member === null) return
    const devices = member.devices.filter(({ id }) => !equalBytes(id, device))
    const key = bytesToHex(member.id)
    if (devices.length > 0) this.#members.set(key, { ...member, devices })
    else this.#members.delete(key)
    this.#memberByDevice.delete(hex)
    const stay = this.#stays.get(hex)?.at(-1)
    if (stay !== undefined) stay.until = seq
  }

  addLink(link: LiveLink): void {
    this.#linkIds.add(bytesToHex(link.id))
    this.#links.set(bytesToHex(link.id), link)
  }

  /** Counts a join; a link that is used up is live no more. */
  useLink(link: LiveLink): void {
    const used = link.used + 1
    if (used === link.uses) this.#links.delete(bytesToHex(link.id))
    else this.#links.set(bytesToHex(link.id), { ...link, used })
  }

  /** Ends every link for which `ends` is true. */
  endLinks(ends: (link: LiveLink) => boolean): void {
    for (const [key, link] of this.#links) if (ends(link)) this.#links.delete(key)
  }

  #enter(device: MemberDevice, member: Bytes, key: string): void {
    const hex = bytesToHex(device.id)
    this.#memberByDevice.set(hex, key)
    this.#certificates.set(hex, device.certificate)
    const stay = { seq: device.since.seq, until: null, member, roles: this.#roles.get(key) ?? [] }
    const stays = this.#stays.get(hex)
    if (stays) stays.push(stay)
    else this.#stays.set(hex, [stay])
  }
}

/** The last of what stands in ascending order before `seq`. Halves, for every entry of the log asks. */
function lastBefore<T extends { readonly seq: number }>(all: readonly T[], seq: number): T | null {
  let from = 0
  let to = all.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if ((all[middle] as T).seq < seq) from = middle + 1
    else to = middle
  }
  return all[from - 1] ?? null
}
