/**
 * The epoch keys of one document as one device comes by them: from what counted records seal to it, and from back links. Whatever does
 * not match its epoch's commitment is void; a key that is held is never given up. Rules KM6, KM7, KM19.
 *
 * @module
 */
import {
  deviceIdOf,
  equalBytes,
  sodiumSha512,
  type Bytes,
  type Certificate,
  type CountedRecord,
  type Epoch,
  type Rotation,
} from '@y-sealed/protocol'
import { openBackLink, unwrapKey, type Device, type EpochKey } from '@y-sealed/protocol/sealing'

export class Keyring {
  readonly #documentId: Bytes
  readonly #device: Device
  readonly #keys = new Map<number, EpochKey>()
  /** Back links by the epoch under whose key they were sealed. */
  readonly #backLinks = new Map<number, Bytes[]>()

  /** `device` may as well be a link's pair of keys; `held` is what was stored. */
  constructor(documentId: Bytes, device: Device, held: Iterable<EpochKey> = []) {
    this.#documentId = documentId
    this.#device = device
    for (const key of held) this.#keys.set(key.epoch, key)
  }

  /** Every key held, by ascending epoch. */
  get held(): readonly EpochKey[] {
    return [...this.#keys.values()].toSorted((a, b) => a.epoch - b.epoch)
  }

  keyOf(epoch: number): EpochKey | null {
    return this.#keys.get(epoch) ?? null
  }

  /** The epochs of these whose key is not held. */
  missing(epochs: readonly Epoch[]): readonly number[] {
    return epochs.filter((epoch) => !this.#has(epoch)).map(({ epoch }) => epoch)
  }

  /** Takes what a record that counts brings for this device; `epochs` are all up to and with it. True when a key came of it. */
  take({ body, envelope }: CountedRecord, epochs: readonly Epoch[]): boolean {
    let gained = false
    const unwrap = (wrap: Bytes | null, epoch: number): void => {
      const known = epochs[epoch - 1]
      if (wrap === null || known === undefined || this.#has(known)) return
      const key = unwrapKey(wrap, this.#device, epoch, known.commitment)
      if (key === null) return
      this.#keys.set(epoch, key)
      gained = true
    }
    switch (body.type) {
      case 'genesis':
        if (body.mode === 'members' && this.#isMine(body.certificate)) unwrap(body.wrap, 1)
        break
      case 'add':
      case 'join':
      case 'link':
        if (this.#isMine(body.certificate)) unwrap(body.wrap, envelope.epoch)
        break
      case 'remove':
      case 'revoke-link':
      case 'epoch':
        unwrap(this.#noteRotation(body.rotation), body.rotation.epoch)
        break
      case 'rewrap':
        if (body.backLink !== null) this.#noteBackLink(body.epoch, body.backLink)
        unwrap(body.wraps.find(this.#device.id), body.epoch)
        break
      case 'role':
      case 'restart':
        break
    }
    return this.#followBackLinks(epochs) || gained
  }

  #noteRotation({ epoch, backLink, wraps }: Rotation): Bytes | null {
    this.#noteBackLink(epoch, backLink)
    return wraps.find(this.#device.id)
  }

  #noteBackLink(epoch: number, link: Bytes): void {
    this.#backLinks.set(epoch, [...(this.#backLinks.get(epoch) ?? []), link])
  }

  /** From the newest down, so that one key brings all before it. */
  #followBackLinks(epochs: readonly Epoch[]): boolean {
    let gained = false
    for (let index = epochs.length - 1; index > 0; index--) {
      const older = epochs[index - 1] as Epoch
      const newer = this.#keys.get(older.epoch + 1)
      if (newer === undefined || this.#has(older)) continue
      for (const link of this.#backLinks.get(newer.epoch) ?? []) {
        const key = openBackLink(link, newer, older.epoch, older.commitment, this.#documentId)
        if (key === null) continue
        this.#keys.set(key.epoch, key)
        gained = true
        break
      }
    }
    return gained
  }

  /** What was stored may be damaged: only what matches the commitment is the key. */
  #has({ epoch, commitment }: Epoch): boolean {
    const key = this.#keys.get(epoch)
    return key !== undefined && equalBytes(key.commitment, commitment)
  }

  #isMine({ signPublic, boxPublic }: Certificate): boolean {
    return equalBytes(deviceIdOf(sodiumSha512, signPublic, boxPublic), this.#device.id)
  }
}
