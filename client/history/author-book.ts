/**
 * Who a device is, or was, to the people of a document: also one that was removed since. Rules KM8, KM10, HI1.
 *
 * @module
 */
import {
  bytesToBase64url,
  bytesToHex,
  deviceIdOf,
  sodiumSha512,
  type Bytes,
  type Certificate,
  type NameInRecord,
} from '@y-sealed/protocol'
import type { Membership } from '../members/membership.ts'

/** Who wrote something, by the keys it was signed with. */
export interface Author {
  /** base64url of 16 bytes. */
  readonly device: string
  /** Id of the member whose device it is, or was; `null` where there are no members. */
  readonly member: string | null
  /** Of the device, or of the oldest device of its member that brought a name; `null` where none did, or where it cannot be read. */
  readonly name: string | null
  /** True for the device that asks, and for further ones of its member. */
  readonly isMe: boolean
}

interface Page {
  readonly member: string
  readonly name: NameInRecord
  readonly id: Bytes
}

export class AuthorBook {
  readonly #membership: Membership | null
  readonly #ownDevice: () => Bytes | null
  readonly #pageByDevice = new Map<string, Page>()
  #readThrough = 0

  constructor(membership: Membership | null, ownDevice: () => Bytes | null) {
    this.#membership = membership
    this.#ownDevice = ownDevice
  }

  /** The person of a device (hexadecimal): their member, or the device by itself. */
  personOf(device: string): string {
    this.#read()
    return this.#pageByDevice.get(device)?.member ?? device
  }

  authorOf(device: Bytes): Author {
    this.#read()
    const own = this.#ownDevice()
    const page = this.#pageByDevice.get(bytesToHex(device))
    const mine = own === null ? null : (this.#pageByDevice.get(bytesToHex(own))?.member ?? bytesToHex(own))
    return {
      device: bytesToBase64url(device),
      member: page === undefined ? null : page.member,
      name: page === undefined ? null : (this.#nameOf(page) ?? this.#memberName(page.member)),
      isMe: mine !== null && mine === (page?.member ?? bytesToHex(device)),
    }
  }

  #memberName(member: string): string | null {
    for (const page of this.#pageByDevice.values()) {
      const name = page.member === member ? this.#nameOf(page) : null
      if (name !== null) return name
    }
    return null
  }

  #nameOf({ name, id }: Page): string | null {
    return this.#membership?.nameOf(name, id) ?? null
  }

  /** Every record that brought a device in says to which member. */
  #read(): void {
    const membership = this.#membership
    if (membership === null || membership.recordSeq === this.#readThrough) return
    this.#pageByDevice.clear()
    for (const { record } of membership.records) {
      const { body, envelope } = record
      if (body.type === 'genesis' && body.mode === 'members')
        this.#enter(body.certificate, { sealed: body.sealedName, epoch: 1 }, null)
      if (body.type === 'join') this.#enter(body.certificate, { sealed: body.sealedName, epoch: envelope.epoch }, null)
      if (body.type === 'add') {
        const sponsor = body.sponsored ? (this.#pageByDevice.get(bytesToHex(envelope.device))?.member ?? null) : null
        this.#enter(body.certificate, { sealed: body.sealedName, epoch: envelope.epoch }, sponsor)
      }
    }
    this.#readThrough = membership.recordSeq
  }

  #enter({ signPublic, boxPublic }: Certificate, name: NameInRecord, member: string | null): void {
    const id = deviceIdOf(sodiumSha512, signPublic, boxPublic)
    this.#pageByDevice.set(bytesToHex(id), { member: member ?? bytesToBase64url(id), name, id })
  }
}
