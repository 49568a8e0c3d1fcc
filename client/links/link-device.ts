/**
 * A link's own keys: it signs and is sealed to as a device is. Rule KM12.
 *
 * @module
 */
import { hashFields, sodiumSha512, type Bytes } from '@y-sealed/protocol'
import { Device } from '@y-sealed/protocol/sealing'

/** The keys that follow from a link's seed; its id is the link's. Throws `TypeError` unless `seed` is 32 bytes. Needs `cryptoReady()`. */
export function linkDevice(seed: Bytes): Device {
  if (seed.length !== 32) throw new TypeError("a link's seed has 32 bytes")
  return new Device({
    sign: hashFields(sodiumSha512, 'y-sealed/v1/link-sign', seed),
    box: hashFields(sodiumSha512, 'y-sealed/v1/link-box', seed),
  })
}
