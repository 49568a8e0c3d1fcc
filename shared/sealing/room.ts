/**
 * `shared-key` mode: everything of a room follows from the app's 32 bytes and the room's name. Rules KM13–KM15.
 *
 * @module
 */
import { frameFields, introductionInput, type Bytes, type Certificate } from '@y-sealed/protocol'
import { sodium } from '../crypto/sodium.ts'
import { checkBytes } from './check-bytes.ts'
import type { Device } from './device.ts'
import { EpochKey } from './epoch-key.ts'

const KDF_CONTEXT = 'ysealedR'

/** The keys of a room: its only epoch key, and the pair that signs introductions and token requests. */
export class Room {
  readonly epochKey: EpochKey
  /** Ed25519, 32 bytes; stands in the genesis. */
  readonly publicKey: Bytes
  readonly #privateKey: Bytes

  /**
   * `appKey` is exactly 32 random bytes (text is refused: a password is no key) and `name` 1 to 1024 bytes of UTF-8. Throws `TypeError`
   * or `RangeError`. [KM13]
   */
  constructor(appKey: Bytes, name: Bytes) {
    checkBytes(appKey, 32, "the app's key")
    if (name.length < 1 || name.length > 1024) throw new RangeError('a room name has 1 to 1024 bytes')
    const roomKey = sodium.crypto_generichash(32, frameFields('y-sealed/v1/room', name), appKey)
    this.epochKey = new EpochKey(1, sodium.crypto_kdf_derive_from_key(32, 1, KDF_CONTEXT, roomKey) as Bytes)
    const pair = sodium.crypto_sign_seed_keypair(sodium.crypto_kdf_derive_from_key(32, 2, KDF_CONTEXT, roomKey))
    this.publicKey = pair.publicKey as Bytes
    this.#privateKey = pair.privateKey as Bytes
    sodium.memzero(roomKey)
  }

  /** Ed25519 by the room key, 64 bytes. */
  sign(message: Bytes): Bytes {
    return sodium.crypto_sign_detached(message, this.#privateKey) as Bytes
  }

  /** Introduces a device's session to all who hold the app's key. [KM15] */
  introduce(document: Bytes, device: Device, session: Bytes): Certificate {
    const { signPublic, boxPublic } = device
    return { signPublic, boxPublic, signature: this.sign(introductionInput(document, device.id, session)) }
  }
}
