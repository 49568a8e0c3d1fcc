/**
 * A person's own document: its members are the person's devices, its content the list of the person's documents. A device is one of the
 * person's once it is an admin there; before, it reads along and is believed in nothing. Rule CL12.
 *
 * @module
 */
import {
  bytesToBase64url,
  deviceIdOf,
  documentIdOf,
  equalBytes,
  sodiumSha512,
  SyncError,
  type Bytes,
  type Certificate,
} from '@y-sealed/protocol'
import type { KeyStore } from '../keys/key-store.ts'
import type { Membership } from '../members/membership.ts'
import { createMembership, openMembership } from '../members/open-membership.ts'
import { PairingDoor } from '../pairing/pairing-door.ts'
import { DocumentList } from './document-list.ts'
import { nameBytes, type Installation } from './installation.ts'
import { SealedDocument } from './sealed-document.ts'

/** Where the KeyStore keeps its genesis hash. */
const PERSONAL_KEY = 'personal'

/** A device of this person. */
export interface OwnDevice {
  /** base64url of 16 bytes. */
  readonly id: string
  readonly name: string | null
  /** True for the device that asks. */
  readonly isThis: boolean
  /** False while a pairing of it waits to be confirmed. */
  readonly isConfirmed: boolean
}

/** One that belongs, with the keys by which others let it in. */
export interface ConfirmedDevice {
  readonly id: Bytes
  readonly certificate: Certificate
  readonly name: string
}

/** One that belonged, and was removed. */
export interface RemovedDevice {
  readonly id: Bytes
  /** Id of the record that did it, 32 bytes. */
  readonly record: Bytes
}

export class PersonalDocument {
  readonly document: SealedDocument
  readonly list: DocumentList
  readonly door: PairingDoor
  readonly #membership: Membership

  /** The one that this device's KeyStore knows, or `null`. */
  static async find(installation: Installation): Promise<PersonalDocument | null> {
    const { keys, device } = installation
    const hash = await keys.get(PERSONAL_KEY)
    if (hash === null) return null
    if (hash.length !== 32) throw new SyncError('KEY_STORE_DAMAGED', "the key store's entry for the list is damaged")
    return new PersonalDocument(installation, await openMembership(documentIdOf(hash), keys, device))
  }

  /** A new one, of which this device is the only member. */
  static async create(installation: Installation): Promise<PersonalDocument> {
    const { keys, device, name } = installation
    const membership = await createMembership(device, keys, nameBytes(name) ?? undefined)
    const personal = new PersonalDocument(installation, membership)
    await personal.keep(keys)
    return personal
  }

  /** The one of the person's other devices. Nothing is stored before {@link keep}. */
  static openOther(installation: Installation, membership: Membership): PersonalDocument {
    return new PersonalDocument(installation, membership)
  }

  private constructor(installation: Installation, membership: Membership) {
    this.#membership = membership
    const provider = installation.provide(membership)
    const { connection } = installation
    this.document = new SealedDocument({ membership, provider, connection, letGo: () => true, onEnd: () => undefined })
    this.list = new DocumentList(provider.doc)
    this.door = new PairingDoor(this.document, membership, installation.holds)
  }

  get genesisHash(): Bytes {
    return this.#membership.genesisHash
  }

  /** True once this device may list documents and let others in. */
  get isConfirmed(): boolean {
    return this.document.role === 'admin'
  }

  /** All devices, also those that wait to be confirmed. */
  get devices(): readonly OwnDevice[] {
    return this.document
      .members()
      .flatMap(({ devices, role }) =>
        devices.map(({ id, name, isThis }) => ({ id, name, isThis, isConfirmed: role === 'admin' })),
      )
  }

  /** The devices to let into every document, this one among them. */
  get confirmed(): readonly ConfirmedDevice[] {
    const { members } = this.#membership
    return members.all
      .filter(({ role }) => role === 'admin')
      .flatMap(({ devices }) =>
        devices.map(({ id, certificate, name }) => ({
          id,
          certificate,
          name: this.#membership.nameOf(name, id) ?? '',
        })),
      )
  }

  /** The devices that every document is to be rid of. */
  get removed(): readonly RemovedDevice[] {
    const { members, records } = this.#membership
    const removed: RemovedDevice[] = []
    for (const { seq, record } of records) {
      if (record.body.type !== 'remove') continue
      for (const [id] of record.body.devices) {
        const wasConfirmed = members.roleAt(id, seq) === 'admin'
        if (wasConfirmed && members.memberOf(id) === null) removed.push({ id, record: record.id })
      }
    }
    return removed
  }

  /** The devices that are here by the doing of this one (16 bytes): let in, or confirmed, or come by its link. */
  letInBy(device: Bytes): readonly OwnDevice[] {
    const { members, records } = this.#membership
    const named = new Set<string>()
    for (const { record } of records) {
      if (!equalBytes(record.envelope.device, device)) continue
      const { body } = record
      if (body.type === 'role') named.add(bytesToBase64url(body.device))
      if (body.type === 'add' || body.type === 'link') {
        const { signPublic, boxPublic } = body.certificate
        named.add(bytesToBase64url(deviceIdOf(sodiumSha512, signPublic, boxPublic)))
      }
    }
    const has = (id: Bytes | null): boolean => id !== null && named.has(bytesToBase64url(id))
    const there = members.all.flatMap(({ link, devices }) =>
      devices.filter(({ id }) => has(link) || has(id)).map(({ id }) => bytesToBase64url(id)),
    )
    return this.devices.filter(({ id, isThis }) => there.includes(id) && !isThis)
  }

  /** The member to whom a device belongs here (ids as text), or `null`. */
  memberOf(device: string): { readonly id: string; readonly isMine: boolean; readonly devices: number } | null {
    const member = this.document.members().find(({ devices }) => devices.some(({ id }) => id === device))
    return member === undefined ? null : { id: member.id, isMine: member.isMe, devices: member.devices.length }
  }

  /** Is it the one with this genesis (32 bytes)? */
  hasGenesis(genesisHash: Bytes): boolean {
    return equalBytes(this.genesisHash, genesisHash)
  }

  /** From the next run on this is the person's. */
  async keep(keys: KeyStore): Promise<void> {
    await keys.set(PERSONAL_KEY, this.genesisHash)
  }

  /** False where another tab of this device has made, or come by, another one since. */
  async isKept(keys: KeyStore): Promise<boolean> {
    const hash = await keys.get(PERSONAL_KEY)
    return hash !== null && this.hasGenesis(hash)
  }

  close(): void {
    this.door.leave()
    this.document.close()
  }
}
