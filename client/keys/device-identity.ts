/**
 * This installation's device, made on first use and kept in the KeyStore. Rule KM1.
 *
 * @module
 */
import { cryptoReady, concatBytes, SyncError } from '@y-sealed/protocol'
import { createDeviceSeeds, Device } from '@y-sealed/protocol/sealing'
import type { KeyStore } from './key-store.ts'

const DEVICE_KEY = 'device'

/**
 * The device that `keys` holds, or a new one, stored before it is returned: the same for all tabs that start at once. Throws
 * `KEY_STORE_DAMAGED` when what is stored is no device.
 */
export async function loadDevice(keys: KeyStore): Promise<Device> {
  await cryptoReady()
  let stored = await keys.get(DEVICE_KEY)
  if (stored === null) {
    const seeds = createDeviceSeeds()
    await keys.add(DEVICE_KEY, concatBytes(seeds.sign, seeds.box))
    // Another tab may have been faster.
    stored = await keys.get(DEVICE_KEY)
  }
  if (stored?.length !== 64) throw new SyncError('KEY_STORE_DAMAGED', 'the key store holds no usable device key')
  return new Device({ sign: stored.slice(0, 32), box: stored.slice(32) })
}
