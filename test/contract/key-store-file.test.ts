import { openFileKeyStore } from '@y-sealed/client/node'
import { chmod, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import { makeTemporaryFolder } from '../support/temporary-folder.ts'
import { keyStoreContract } from './key-store-contract.ts'

keyStoreContract('files', true, () => {
  const folder = join(makeTemporaryFolder(), 'keys')
  const open = (): ReturnType<typeof openFileKeyStore> => openFileKeyStore(folder)
  return { open, reopen: open }
})

describe('key store in files', () => {
  it('[KM1] gives two processes that add at once the same value, and leaves nothing else behind', async () => {
    const folder = join(makeTemporaryFolder(), 'keys')
    const handles = [await openFileKeyStore(folder), await openFileKeyStore(folder)]
    await Promise.all(handles.map((keys, index) => keys.add('device', new Uint8Array(64).fill(index))))
    const [one, two] = await Promise.all(handles.map((keys) => keys.get('device')))
    expect(one).toHaveLength(64)
    expect(two).toEqual(one)
    expect(await readdir(folder)).toHaveLength(1)
  })

  it('[I8] makes its folder 0700 and its files 0600', async () => {
    const folder = join(makeTemporaryFolder(), 'keys')
    const keys = await openFileKeyStore(folder)
    await keys.set('device', new Uint8Array([1]))
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
    const [file] = await readdir(folder)
    expect((await stat(join(folder, file as string))).mode & 0o777).toBe(0o600)
  })

  it('[I8] refuses a folder that others can read, and says what to do', async () => {
    const folder = join(makeTemporaryFolder(), 'keys')
    await openFileKeyStore(folder)
    await chmod(folder, 0o755)
    await expect(openFileKeyStore(folder)).rejects.toMatchObject({
      code: 'KEY_STORE_EXPOSED',
      message: expect.stringContaining('chmod') as string,
    })
  })

  it('[I8] refuses a key file that others can read', async () => {
    const folder = join(makeTemporaryFolder(), 'keys')
    const keys = await openFileKeyStore(folder)
    await keys.set('device', new Uint8Array([1]))
    const [file] = await readdir(folder)
    await chmod(join(folder, file as string), 0o644)
    await expect(keys.get('device')).rejects.toMatchObject({ code: 'KEY_STORE_EXPOSED' })
  })

  it('is not disturbed by what a crash left half-written', async () => {
    const folder = join(makeTemporaryFolder(), 'keys')
    const keys = await openFileKeyStore(folder)
    await keys.set('device', new Uint8Array([1]))
    const [file] = await readdir(folder)
    await writeFile(join(folder, `${file as string}.99.new`), 'half', { mode: 0o600 })
    expect(await keys.list('')).toEqual(['device'])
    expect(await keys.get('device')).toEqual(new Uint8Array([1]))
  })
})
