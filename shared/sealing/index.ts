/**
 * Sealing, opening and keys: what a client does and a relay cannot name.
 *
 * @module
 */
export { contentDigest, type DigestInput } from './content-digest.ts'
export { createDeviceSeeds, Device, type DeviceSeeds } from './device.ts'
export { createEpochKey, EPOCH_KEY_BYTES, EpochKey, type Purpose } from './epoch-key.ts'
export { open } from './open.ts'
export { randomBytes, type RandomSource } from './random.ts'
export { Room } from './room.ts'
export { seal, type PublicEpoch, type Sealable, type Sealed } from './seal.ts'
export { openSecret, sealSecret, sealToDevice } from './secret-bytes.ts'
export { Session, SESSION_BYTES, type Seen } from './session.ts'
export { MAX_NAME_BYTES, openBackLink, openName, sealBackLink, sealName, unwrapKey, wrapKey } from './wrap.ts'
