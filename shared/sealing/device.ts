/**
 * A device's own key pairs: it signs with one and is wrapped keys to the other. Rule KM1.
 *
 * @module
 */
import { certificateInput, deviceIdOf, sodiumSha512, type Bytes, type Certificate } from '@y-sealed/protocol'
import { sodium } from '../crypto/sodium.ts'
import { checkBytes } from './check-bytes.ts'
import { randomBytes, type RandomSource } from './random.ts'

/** Two 32-byte seeds: all that a KeyStore keeps of a device. */
export interface DeviceSeeds {
  readonly sign: Bytes
  readonly box: Bytes
}

/** The device's identity: public halves, id, and what its private halves can do. */
export class Device {
  /** 16 bytes: hash of the public halves. [KM1] */
  readonly id: Bytes
  /** Ed25519, 32 bytes. */
  readonly signPublic: Bytes
  /** X25519, 32 bytes. */
  readonly boxPublic: Bytes
  readonly #signPrivate: Bytes
  readonly #boxPrivate: Bytes

  /** From its two seeds of 32 bytes; `TypeError` for anything else. */
  constructor(seeds: DeviceSeeds) {
    checkBytes(seeds.sign, 32, 'a signing seed')
    checkBytes(seeds.box, 32, 'a box seed')
    const sign = sodium.crypto_sign_seed_keypair(seeds.sign)
    const box = sodium.crypto_box_seed_keypair(seeds.box)
    this.signPublic = sign.publicKey as Bytes
    this.boxPublic = box.publicKey as Bytes
    this.#signPrivate = sign.privateKey as Bytes
    this.#boxPrivate = box.privateKey as Bytes
    this.id = deviceIdOf(sodiumSha512, this.signPublic, this.boxPublic)
  }

  /** Ed25519 over `message`, 64 bytes. */
  sign(message: Bytes): Bytes {
    return sodium.crypto_sign_detached(message, this.#signPrivate) as Bytes
  }

  /** What was sealed to this device's box key (`crypto_box_seal`), or `null` when it does not open. */
  openSealedBox(sealed: Bytes): Bytes | null {
    try {
      return sodium.crypto_box_seal_open(sealed, this.boxPublic, this.#boxPrivate) as Bytes
    } catch {
      return null
    }
  }

  /** Public halves and this device's own signature over them. [KM1] */
  certificate(): Certificate {
    const { signPublic, boxPublic } = this
    return { signPublic, boxPublic, signature: this.sign(certificateInput(signPublic, boxPublic)) }
  }
}

/** Seeds for a new device. Keep them in a KeyStore: whoever has them is the device. */
export function createDeviceSeeds(random: RandomSource = randomBytes): DeviceSeeds {
  return { sign: random(32), box: random(32) }
}
