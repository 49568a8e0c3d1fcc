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
} from '@y-sealed/protocol'
import { openBackLink, unwrapKey, type Device, type EpochKey } from '@y-sealed/protocol/sealing'

export class Keyring {
  readonly #documentId: Bytes
  readonly #device: Device
  readonly #keys = new Map<number, EpochKey>()
  /** Back links that were not tried yet, by the epoch under whose key they were sealed. */
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
      this.#followBackLinks(epochs, epoch)
    }
    const noteLink = (epoch: number, link: Bytes | null): void => {
      if (link === null) return
      const links = this.#backLinks.get(epoch)
      if (links) links.push(link)
      else this.#backLinks.set(epoch, [link])
      gained = this.#followBackLinks(epochs, epoch) || gained
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
        noteLink(body.rotation.epoch, body.rotation.backLink)
        unwrap(body.rotation.wraps.find(this.#device.id), body.rotation.epoch)
        break
      case 'rewrap':
        noteLink(body.epoch, body.backLink)
        unwrap(body.wraps.find(this.#device.id), body.epoch)
        break
      case 'role':
      case 'restart':
        break
    }
    return gained
  }

  /** From an epoch whose key or back links are new down, so that one key brings all before it. Each link is tried once. [KM6] */
  #followBackLinks(epochs: readonly Epoch[], from: number): boolean {
    for (let epoch = from; ; epoch--) {
      const [older, newer] = [epochs[epoch - 2], epochs[epoch - 1]]
      const key = this.#keys.get(epoch)
      if (older === undefined || newer === undefined || key === undefined || !this.#has(newer)) return epoch < from
      const links = this.#backLinks.get(epoch) ?? []
      this.#backLinks.delete(epoch)
      if (this.#has(older)) return epoch < from
      const found = this.#openFirst(links, key, older)
      if (found === null) return epoch < from
      this.#keys.set(older.epoch, found)
    }
  }

  #openFirst(links: readonly Bytes[], key: EpochKey, older: Epoch): EpochKey | null {
    for (const link of links) {
      const found = openBackLink(link, key, older.epoch, older.commitment, this.#documentId)
      if (found !== null) return found
    }
    return null
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
