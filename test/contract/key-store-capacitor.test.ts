import { createSecureKeyStore } from '@y-sealed/client/capacitor'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import { openTestSecureStorage } from '../support/capacitor/secure-storage.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'
import { keyStoreContract } from './key-store-contract.ts'

const newPath = (): string => join(makeTemporaryFolder(), 'keys.json')

keyStoreContract('Keychain and Keystore', true, () => {
  const path = newPath()
  const open = (): Promise<ReturnType<typeof createSecureKeyStore>> =>
    Promise.resolve(createSecureKeyStore(openTestSecureStorage(path)))
  return { open, reopen: open }
})

describe('key store in Keychain and Keystore', () => {
  it('[KM1] asks for keys that no backup and no account takes to another phone', async () => {
    const storage = openTestSecureStorage(newPath())
    const keys = createSecureKeyStore(storage)
    await keys.set('device', new Uint8Array(64))
    await keys.add('room', new Uint8Array(32))
    // `afterFirstUnlockThisDeviceOnly`, by its number at the plugin.
    expect(storage.kept).toEqual([
      [false, 3],
      [false, 3],
    ])
  })

  it('[KM1] takes nothing for a key that is none', async () => {
    const storage = openTestSecureStorage(newPath())
    await storage.set('device', '{"a":1}')
    await expect(createSecureKeyStore(storage).get('device')).rejects.toMatchObject({ code: 'KEY_STORE_DAMAGED' })
    // Nor is another made in its place.
    await expect(createSecureKeyStore(storage).add('device', new Uint8Array(1))).rejects.toMatchObject({
      code: 'KEY_STORE_DAMAGED',
    })
  })
})
