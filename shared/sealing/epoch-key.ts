/**
 * An epoch key and its subkeys, one per purpose, so that no ciphertext of one purpose means anything under another. Rules KM4, KM5.
 *
 * @module
 */
import { hashFields, KIND, sodiumSha512, type Bytes, type Kind } from '@y-sealed/protocol'
import { sodium } from '../crypto/sodium.ts'
import { checkBytes } from './check-bytes.ts'
import { randomBytes, type RandomSource } from './random.ts'

export const EPOCH_KEY_BYTES = 32

/** crypto_kdf's context, exactly 8 characters (libsodium, "Key derivation"). [KM5] */
const KDF_CONTEXT = 'ysealed1'

/** Subkey numbers. [KM5] */
export const PURPOSE = {
  commitment: 1,
  update: 2,
  snapshot: 3,
  awareness: 4,
  blob: 5,
  metadata: 6,
  backLink: 7,
  /** Of what stays on the device. [CL14] */
  draft: 8,
} as const

export type Purpose = keyof typeof PURPOSE

/** The purpose whose subkey seals a kind of envelope. [EN8] */
export function purposeOf(kind: Kind): Purpose {
  if (kind === KIND.snapshot) return 'snapshot'
  if (kind === KIND.awareness) return 'awareness'
  return 'update'
}

/** The key of one epoch of one document. Subkeys are derived when first asked for; nothing here is ever logged. */
export class EpochKey {
  readonly epoch: number
  /** 32 bytes, public: the record of the epoch carries it and every envelope id commits to it. [KM5] */
  readonly commitment: Bytes
  readonly #key: Bytes
  readonly #subkeys = new Map<Purpose, Bytes>()

  /** Throws `TypeError` unless `key` is 32 bytes and `epoch` a positive integer. */
  constructor(epoch: number, key: Bytes) {
    checkBytes(key, EPOCH_KEY_BYTES, 'an epoch key')
    if (!Number.isInteger(epoch) || epoch < 1 || epoch > 0xffffffff)
      throw new TypeError('an epoch is a positive 32-bit integer')
    this.epoch = epoch
    this.#key = key.slice()
    this.commitment = hashFields(sodiumSha512, 'y-sealed/v1/commitment', this.subkey('commitment'))
  }

  /** 32 bytes for one purpose. */
  subkey(purpose: Purpose): Bytes {
    const known = this.#subkeys.get(purpose)
    if (known) return known
    const subkey = sodium.crypto_kdf_derive_from_key(32, PURPOSE[purpose], KDF_CONTEXT, this.#key) as Bytes
    this.#subkeys.set(purpose, subkey)
    return subkey
  }

  /** The 32 secret bytes themselves, for a KeyStore, a wrap or a back link. */
  exportKey(): Bytes {
    return this.#key.slice()
  }
}

/** A fresh epoch key: 32 random bytes, derived from nothing, so that whoever held others cannot compute it. [KM4] */
export function createEpochKey(epoch: number, random: RandomSource = randomBytes): EpochKey {
  return new EpochKey(epoch, random(EPOCH_KEY_BYTES))
}
