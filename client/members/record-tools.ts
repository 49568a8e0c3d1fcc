/**
 * What an author of records needs: the key in force, a fresh epoch sealed to everybody who stays, names and wraps. Rules KM6–KM8, KM17,
 * KM18.
 *
 * @module
 */
import {
  BACK_LINK_BYTES,
  bytesToHex,
  encodeUtf8,
  packWraps,
  SyncError,
  type Bytes,
  type LiveLink,
  type MemberDevice,
  type Members,
  type RecordFields,
  type RewrapFields,
  type Rotation,
  type Row,
} from '@y-sealed/protocol'
import {
  createEpochKey,
  randomBytes,
  sealBackLink,
  sealName,
  wrapKey,
  type Device,
  type EpochKey,
} from '@y-sealed/protocol/sealing'
import type { Membership } from './membership.ts'

/**
 * Asked each time that a record is to be made, with the members as they are by then; `null` when there is nothing (more) to do. It may be
 * asked several times for one change. Errors that it throws reject the change.
 */
export type Intent = (members: Members, tools: RecordTools) => RecordFields | null

export interface RotationOptions {
  /** Ids of devices to which the new key is not sealed. */
  readonly removed?: readonly Bytes[]
  /** The links that may still be joined by; none by default. Those past their expiry are left out. */
  readonly links?: readonly LiveLink[]
}

export class RecordTools {
  readonly #membership: Membership
  readonly #nowMs: number

  /** `nowMs`: Unix time, by which links expire. */
  constructor(membership: Membership, nowMs: number) {
    this.#membership = membership
    this.#nowMs = nowMs
  }

  /** The device that signs. */
  get device(): Device {
    return this.#membership.device
  }

  /** 16 bytes. */
  get documentId(): Bytes {
    return this.#membership.documentId
  }

  /** 32 bytes. */
  get genesisHash(): Bytes {
    return this.#membership.genesisHash
  }

  /** What the record will stand upon, 32 bytes: a join signs it. [KM9] */
  get recordHead(): Bytes {
    return this.#membership.recordHead
  }

  /** The key of the epoch in force. Throws `KEY_MISSING` when this device does not hold it. */
  get key(): EpochKey {
    return this.#heldKey(this.#members.epoch.epoch)
  }

  /** The key in force sealed to a device or link, 80 bytes. [KM6] */
  wrapFor(boxPublic: Bytes): Bytes {
    return wrapKey(this.key, boxPublic)
  }

  /** `name` sealed for members, 104 bytes; none for ''. `id` is the named device's or link's. Throws `RangeError` when longer than 63 bytes. [KM8] */
  sealName(name: string, id: Bytes): Bytes {
    if (name === '') return new Uint8Array(0)
    const text = encodeUtf8(name)
    if (text === null) throw new RangeError('a name must be well-formed text')
    return sealName(text, id, this.key)
  }

  /**
   * The next epoch: a fresh key, sealed to every device that stays and to the links named, and the way back to the old one. Where this
   * device was not given the old one there is no way back, and who holds it may lay one by {@link createRewrap}: a member who kept a key
   * to themself must not keep others from removing them. [KM6] [KM17]
   */
  createRotation({ removed = [], links = [] }: RotationOptions = {}): Rotation {
    const old = this.#membership.epochKey
    const fresh = createEpochKey(this.#members.epoch.epoch + 1)
    const leavers = new Set(removed.map(bytesToHex))
    const rows: Row[] = []
    for (const { id, certificate } of this.#devices()) {
      if (!leavers.has(bytesToHex(id))) rows.push([id, wrapKey(fresh, certificate.boxPublic)])
    }
    for (const link of links) {
      if (this.isLive(link)) rows.push([link.id, wrapKey(fresh, link.certificate.boxPublic)])
    }
    return {
      epoch: fresh.epoch,
      commitment: fresh.commitment,
      backLink: old === null ? randomBytes(BACK_LINK_BYTES) : sealBackLink(old, fresh, this.documentId),
      wraps: packWraps(rows),
    }
  }

  /** The rotation of a self-removal, which opens nothing: it closes the epoch in force. [KM18] */
  closeEpoch(): Rotation {
    const { epoch, commitment } = this.#members.epoch
    return { epoch, commitment, backLink: new Uint8Array(BACK_LINK_BYTES), wraps: packWraps([]) }
  }

  /**
   * Gives the key of an epoch again: to these devices or links (ids), and with a back link to the epoch before where that is held. Throws
   * `KEY_MISSING` when this device does not hold the key itself.
   */
  createRewrap(epoch: number, holders: readonly Bytes[] = []): RewrapFields {
    const key = this.#heldKey(epoch)
    const older = this.#membership.keyOf(epoch - 1)
    const rows = holders.flatMap((id): Row[] => {
      const boxPublic = this.#boxPublicOf(id)
      return boxPublic === null ? [] : [[id, wrapKey(key, boxPublic)]]
    })
    const backLink = older === null ? null : sealBackLink(older, key, this.documentId)
    return { type: 'rewrap', epoch, backLink, wraps: packWraps(rows) }
  }

  /** Not past its expiry by this device's clock. */
  isLive({ expiresAt }: LiveLink): boolean {
    return expiresAt === 0 || expiresAt * 1_000 > this.#nowMs
  }

  get #members(): Members {
    return this.#membership.members
  }

  *#devices(): Generator<MemberDevice> {
    for (const member of this.#members.all) yield* member.devices
  }

  #boxPublicOf(id: Bytes): Bytes | null {
    const isMember = this.#members.memberOf(id) !== null
    const certificate = isMember ? this.#members.certificateOf(id) : this.#members.link(id)?.certificate
    return certificate?.boxPublic ?? null
  }

  #heldKey(epoch: number): EpochKey {
    const { members } = this.#membership
    const key = epoch === members.epoch.epoch ? this.#membership.epochKey : this.#membership.keyOf(epoch)
    if (key === null) throw new SyncError('KEY_MISSING', `this device does not hold the key of epoch ${epoch}`)
    return key
  }
}
