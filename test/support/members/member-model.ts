/**
 * What SPEC says of records (KM10, KM16–KM18), written down a second time and as simply as can be: names in place of keys, lists in
 * place of maps, nothing shared with the code. It judges intentions, not bytes: whatever an author did to the bytes it is told.
 *
 * @module
 */
export type ModelRole = 'reader' | 'writer' | 'admin'

/** A rotation as somebody intends it. */
export interface ModelRotation {
  readonly epoch: number
  /** Name of the commitment. */
  readonly commitment: string
  readonly hasBackLink: boolean
  readonly wraps: readonly string[]
}

export type ModelRecord =
  | { readonly type: 'add'; readonly device: string; readonly role: ModelRole; readonly sponsored: boolean }
  | { readonly type: 'role'; readonly device: string; readonly role: ModelRole }
  | { readonly type: 'link'; readonly link: string; readonly role: ModelRole; readonly uses: number }
  | { readonly type: 'join'; readonly link: string; readonly device: string; readonly signedBy: string }
  | { readonly type: 'revoke-link'; readonly link: string; readonly rotation: ModelRotation }
  | { readonly type: 'remove'; readonly devices: readonly string[]; readonly rotation: ModelRotation }
  | { readonly type: 'epoch'; readonly rotation: ModelRotation }
  | { readonly type: 'restart' }
  | {
      readonly type: 'rewrap'
      readonly epoch: number
      readonly hasBackLink: boolean
      readonly wraps: readonly string[]
    }

/** Who signs it, upon what, and in which epoch. */
export interface ModelEnvelope {
  readonly author: string
  readonly signedBy: string
  readonly isUponHead: boolean
  readonly epoch: number
  readonly record: ModelRecord
}

interface ModelMember {
  readonly name: string
  role: ModelRole
  devices: string[]
}

interface ModelLink {
  readonly name: string
  readonly role: ModelRole
  readonly uses: number
  used: number
}

const RANK = { reader: 1, writer: 2, admin: 3 }

export class MemberModel {
  members: ModelMember[]
  links: ModelLink[] = []
  readonly everLinks: string[] = []
  readonly commitments: string[]
  isClosed = false

  constructor(creator: string, commitment: string) {
    this.members = [{ name: creator, role: 'admin', devices: [creator] }]
    this.commitments = [commitment]
  }

  get epoch(): number {
    return this.commitments.length
  }

  get devices(): string[] {
    return this.members.flatMap((member) => member.devices)
  }

  memberOf(device: string): ModelMember | undefined {
    return this.members.find((member) => member.devices.includes(device))
  }

  linkOf(name: string): ModelLink | undefined {
    return this.links.find((link) => link.name === name)
  }

  /** Takes the record if it counts, and says whether it does. */
  take(envelope: ModelEnvelope): boolean {
    if (!this.counts(envelope)) return false
    this.#change(envelope.author, envelope.record)
    return true
  }

  counts({ author, signedBy, isUponHead, epoch, record }: ModelEnvelope): boolean {
    if (!isUponHead || epoch !== this.epoch) return false
    // A join is signed by the device that it brings, and is in that device's name.
    if (record.type === 'join' && (signedBy !== record.device || author !== record.device)) return false
    if (record.type !== 'join' && (signedBy !== author || this.memberOf(author) === undefined)) return false
    return this.#may(author, record)
  }

  #may(author: string, record: ModelRecord): boolean {
    const signer = this.memberOf(author)
    const isAdmin = signer?.role === 'admin'
    switch (record.type) {
      case 'add':
        if (!this.#isNew(record.device, record.sponsored ? signer : undefined)) return false
        return record.sponsored ? record.role === signer?.role : isAdmin
      case 'role':
        return isAdmin && this.memberOf(record.device) !== undefined && this.#adminRemainsWithout(record)
      case 'link':
        return isAdmin && !this.everLinks.includes(record.link) && this.#isNew(record.link)
      case 'join':
        return this.linkOf(record.link) !== undefined && record.signedBy === record.link && this.#isNew(record.device)
      case 'revoke-link':
        return isAdmin && this.linkOf(record.link) !== undefined && this.#isGood(record.rotation, [], [record.link])
      case 'remove':
        return this.#mayRemove(author, record.devices, record.rotation)
      case 'epoch':
        return signer?.role !== 'reader' && this.#isGood(record.rotation, [], [])
      case 'restart':
        return isAdmin
      case 'rewrap':
        if (record.epoch < 1 || record.epoch > this.epoch || (record.hasBackLink && record.epoch === 1)) return false
        return record.wraps.every((name) => this.memberOf(name) ?? this.linkOf(name))
      default:
        throw new TypeError('no such record')
    }
  }

  /** `own`: the member whose further device it would be, which may bear its name already. */
  #isNew(device: string, own?: ModelMember): boolean {
    const isNamed = this.members.some((member) => member !== own && member.name === device)
    return !isNamed && this.memberOf(device) === undefined && this.linkOf(device) === undefined
  }

  #adminRemainsWithout({ device, role }: { readonly device: string; readonly role: ModelRole }): boolean {
    const others = this.members.filter((member) => member !== this.memberOf(device))
    return role === 'admin' || others.some((member) => member.role === 'admin')
  }

  #mayRemove(author: string, devices: readonly string[], rotation: ModelRotation): boolean {
    const signer = this.memberOf(author)
    for (const device of devices) {
      const member = this.memberOf(device)
      if (member === undefined) return false
      const isOwn = member === signer
      if (!isOwn && signer?.role !== 'admin') return false
      if (!isOwn && member.devices.some((each) => !devices.includes(each))) return false
    }
    const stillThere = this.members.filter((member) => member.devices.some((device) => !devices.includes(device)))
    if (!stillThere.some((member) => member.role === 'admin')) return false
    const choosesNoKey = devices.includes(author) || signer?.role === 'reader'
    if (!choosesNoKey)
      return this.#isGood(
        rotation,
        devices,
        this.links.map(({ name }) => name),
      )
    const repeats = rotation.epoch === this.epoch && rotation.commitment === this.commitments.at(-1)
    return repeats && !rotation.hasBackLink && rotation.wraps.length === 0
  }

  #isGood(rotation: ModelRotation, gone: readonly string[], goneLinks: readonly string[]): boolean {
    if (rotation.epoch !== this.epoch + 1 || this.commitments.includes(rotation.commitment)) return false
    const staying = this.devices.filter((device) => !gone.includes(device))
    if (!staying.every((device) => rotation.wraps.includes(device))) return false
    const mayHave = new Set([
      ...staying,
      ...this.links.map(({ name }) => name).filter((name) => !goneLinks.includes(name)),
    ])
    return rotation.wraps.every((name) => mayHave.has(name))
  }

  #change(author: string, record: ModelRecord): void {
    switch (record.type) {
      case 'add': {
        const sponsor = record.sponsored ? this.memberOf(author) : undefined
        if (sponsor) sponsor.devices.push(record.device)
        else this.members.push({ name: record.device, role: record.role, devices: [record.device] })
        return
      }
      case 'role': {
        const member = this.memberOf(record.device) as ModelMember
        if (RANK[record.role] < RANK[member.role])
          this.links = this.links.filter(({ role }) => RANK[role] <= RANK[record.role])
        member.role = record.role
        return
      }
      case 'link':
        this.everLinks.push(record.link)
        this.links.push({ name: record.link, role: record.role, uses: record.uses, used: 0 })
        return
      case 'join': {
        const link = this.linkOf(record.link) as ModelLink
        link.used += 1
        if (link.used === link.uses) this.links = this.links.filter((each) => each !== link)
        this.members.push({ name: record.device, role: link.role, devices: [record.device] })
        return
      }
      case 'remove':
        for (const member of this.members)
          member.devices = member.devices.filter((device) => !record.devices.includes(device))
        this.members = this.members.filter(({ devices }) => devices.length > 0)
        this.links = []
        return this.#rotate(record.rotation)
      case 'revoke-link':
      case 'epoch':
        return this.#rotate(record.rotation)
      case 'rewrap':
      case 'restart':
        return
      default:
        throw new TypeError('no such record')
    }
  }

  #rotate({ epoch, commitment, wraps }: ModelRotation): void {
    if (epoch === this.epoch) {
      this.isClosed = true
      return
    }
    this.commitments.push(commitment)
    this.isClosed = false
    this.links = this.links.filter(({ name }) => wraps.includes(name))
  }
}
