import { openFileDocumentStore, type FileDocumentStore } from '@y-sealed/client/node'
import { KIND } from '@y-sealed/protocol'
import { spawnSync } from 'node:child_process'
import { appendFile, open, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import { makeTemporaryFolder } from '../support/temporary-folder.ts'
import { DOCUMENT, documentStoreContract, entry, headAt, run } from './document-store-contract.ts'

const ALL = Number.MAX_SAFE_INTEGER
const FILE = `${'01'.repeat(16)}.log`
/** Of an entry of 100 bytes in the file: length, check, type and seq before it. */
const FRAME = 4 + 8 + 9 + 100
const START = 24

function makeHarness(folder: string): { open(): Promise<FileDocumentStore>; reopen(): Promise<FileDocumentStore> } {
  let current: FileDocumentStore | null = null
  const openNext = async (): Promise<FileDocumentStore> => {
    await current?.close()
    current = await openFileDocumentStore(folder)
    return current
  }
  onTestFinished(() => current?.close())
  return { open: openNext, reopen: openNext }
}

documentStoreContract('files', true, () => makeHarness(join(makeTemporaryFolder(), 'documents')))

describe('document store in files', () => {
  /** A file with entries 1 to 5, of which something is then done to the bytes. */
  const spoil = async (
    change: (path: string) => Promise<unknown>,
  ): Promise<{ folder: string; store: FileDocumentStore }> => {
    const folder = makeTemporaryFolder()
    const harness = makeHarness(folder)
    const store = await harness.open()
    await store.append(DOCUMENT, run(1, 5))
    await store.close()
    await change(join(folder, FILE))
    return { folder, store: await harness.reopen() }
  }
  const flip = async (path: string, at: number): Promise<void> => {
    const bytes = await readFile(path)
    bytes[at] = (bytes[at] as number) ^ 1
    await writeFile(path, bytes)
  }

  it('[I8] makes its folder 0700 and its files 0600', async () => {
    const folder = join(makeTemporaryFolder(), 'documents')
    const store = await makeHarness(folder).open()
    await store.append(DOCUMENT, run(1, 1))
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
    for (const file of await readdir(folder)) expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600)
  })

  it('[I2] cuts off an append that a crash cut short, wherever, and goes on after the last whole entry', async () => {
    for (let size = 0; size <= START + 2 * FRAME; size += size < START ? 4 : 11) {
      const { folder, store } = await spoil((path) => truncate(path, size))
      const whole = Math.max(0, Math.floor((size - START) / FRAME))
      expect(await store.read(DOCUMENT, 1, ALL)).toEqual(run(1, whole))
      await store.append(DOCUMENT, run(whole + 1, 3))
      expect(await store.read(DOCUMENT, 1, ALL)).toEqual(run(1, 3))
      expect((await stat(join(folder, FILE))).size).toBe(START + 3 * FRAME)
      expect(await readdir(folder)).toEqual([FILE, 'lock'])
      await store.close()
    }
  })

  it('[I2] cuts off room that a power cut left unfilled', async () => {
    const { folder, store } = await spoil((path) => appendFile(path, new Uint8Array(500)))
    expect(await store.read(DOCUMENT, 1, ALL)).toEqual(run(1, 5))
    await store.append(DOCUMENT, run(6, 6))
    expect(await store.read(DOCUMENT, 5, ALL)).toEqual(run(5, 6))
    expect(await readdir(folder)).toEqual([FILE, 'lock'])
  })

  it('reads up to a damaged entry, whatever byte of it is wrong, and keeps the damaged file beside it', async () => {
    for (let at = START + 2 * FRAME + 4; at < START + 3 * FRAME; at += at < START + 2 * FRAME + 21 ? 1 : 9) {
      const { folder, store } = await spoil((path) => flip(path, at))
      expect(await store.extent(DOCUMENT)).toEqual({ baseSeq: 0, lastSeq: 2, head: null })
      expect((await stat(join(folder, `${FILE}.damaged`))).size).toBe(START + 5 * FRAME)
      await store.append(DOCUMENT, run(3, 5))
      expect(await store.read(DOCUMENT, 1, ALL)).toEqual(run(1, 5))
      await store.close()
    }
  })

  it('takes a file that was moved to another document for no log of it', async () => {
    const folder = makeTemporaryFolder()
    const harness = makeHarness(folder)
    const store = await harness.open()
    await store.append(DOCUMENT, run(1, 2))
    await writeFile(join(folder, `${'03'.repeat(16)}.log`), await readFile(join(folder, FILE)))
    expect(await store.read(new Uint8Array(16).fill(3), 1, ALL)).toEqual([])
  })

  it('takes an entry at another place than its own for damage', async () => {
    const { store } = await spoil(async (path) => {
      const bytes = await readFile(path)
      await writeFile(path, Buffer.concat([bytes.subarray(0, START), bytes.subarray(START + FRAME)]))
    })
    expect(await store.extent(DOCUMENT)).toEqual({ baseSeq: 0, lastSeq: 0, head: null })
  })

  it('deletes what was kept of a damaged file too', async () => {
    const { folder, store } = await spoil((path) => flip(path, START + 20))
    await store.extent(DOCUMENT)
    await store.delete(DOCUMENT)
    expect(await readdir(folder)).toEqual(['lock'])
  })

  it('keeps the head of a file that is written anew', async () => {
    const harness = makeHarness(makeTemporaryFolder())
    const store = await harness.open()
    await store.append(DOCUMENT, [entry(1, { kind: KIND.record }), ...run(2, 3)], headAt(3))
    await store.cut(DOCUMENT, 1)
    expect(await (await harness.reopen()).extent(DOCUMENT)).toEqual({ baseSeq: 0, lastSeq: 1, head: headAt(3) })
  })

  it('[I10] is open in one process, and once', async () => {
    const folder = makeTemporaryFolder()
    const store = await makeHarness(folder).open()
    await expect(openFileDocumentStore(folder)).rejects.toMatchObject({ code: 'STORAGE_IN_USE' })
    await store.close()
    const other = await openFileDocumentStore(folder)
    await other.close()
    // The test's own parent lives as long as the test.
    await writeFile(join(folder, 'lock'), String(process.ppid))
    await expect(openFileDocumentStore(folder)).rejects.toMatchObject({
      code: 'STORAGE_IN_USE',
      message: expect.stringContaining(join(folder, 'lock')) as string,
    })
  })

  it.each([
    ['of a process that has died', (): string => String(spawnSync(process.execPath, ['--version']).pid)],
    ['of a process that had this one’s number', (): string => String(process.pid)],
    ['that nobody can read', (): string => 'x'],
  ])('[I10] is not kept by a lock %s', async (_whose, makeContent) => {
    const folder = makeTemporaryFolder()
    await writeFile(join(folder, 'lock'), makeContent())
    const store = await makeHarness(folder).open()
    expect(await readFile(join(folder, 'lock'), 'utf8')).toBe(String(process.pid))
    await store.close()
    expect(await readdir(folder)).toEqual([])
  })

  it('ends what it was asked for when it is closed, and refuses everything afterwards', async () => {
    const store = await makeHarness(makeTemporaryFolder()).open()
    let isKept = false
    const appended = store.append(DOCUMENT, run(1, 1)).then(() => (isKept = true))
    await store.close()
    expect(isKept).toBe(true)
    await appended
    await store.close()
    await expect(store.extent(DOCUMENT)).rejects.toMatchObject({ code: 'STORAGE_CLOSED' })
  })

  it('[H16] says that the disk is full, keeps nothing of that append, and goes on when there is room', async () => {
    const folder = makeTemporaryFolder()
    const store = await makeHarness(folder).open()
    await store.append(DOCUMENT, run(1, 2))
    const handle = await open(join(folder, FILE))
    const prototype = Object.getPrototypeOf(handle) as { datasync(): Promise<void> }
    await handle.close()
    const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    const spy = vi.spyOn(prototype, 'datasync').mockRejectedValueOnce(full)
    onTestFinished(() => spy.mockRestore())
    await expect(store.append(DOCUMENT, run(3, 4), headAt(4))).rejects.toMatchObject({ code: 'STORAGE_FULL' })
    expect((await stat(join(folder, FILE))).size).toBe(START + 2 * FRAME)
    expect(await store.extent(DOCUMENT)).toEqual({ baseSeq: 0, lastSeq: 2, head: null })
    await store.append(DOCUMENT, run(3, 4), headAt(4))
    expect(await store.extent(DOCUMENT)).toEqual({ baseSeq: 0, lastSeq: 4, head: headAt(4) })
  })
})
