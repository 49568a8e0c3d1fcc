import type { OutboxItem } from '@y-sealed/client'
import { openFileOutbox, type FileOutbox } from '@y-sealed/client/node'
import { createHash } from 'node:crypto'
import { appendFile, open, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import { makeTemporaryFolder } from '../support/temporary-folder.ts'
import { outboxContract } from './outbox-contract.ts'

const DOCUMENT = new Uint8Array(16).fill(1)
const FILE = `${'01'.repeat(16)}.outbox`
const START = 24
/** Of an item of 100 bytes in the file: length, check, type, session and counter before it. */
const FRAME = 4 + 8 + 17 + 100

function makeHarness(folder: string): { open(): Promise<FileOutbox>; reopen(): Promise<FileOutbox> } {
  let current: FileOutbox | null = null
  const openNext = async (): Promise<FileOutbox> => {
    await current?.close()
    current = await openFileOutbox(folder)
    return current
  }
  onTestFinished(() => current?.close())
  return { open: openNext, reopen: openNext }
}

function item(counter: number, size = 100): OutboxItem {
  return {
    document: DOCUMENT,
    session: new Uint8Array(8).fill(1),
    counter,
    envelope: new Uint8Array(size).fill(counter),
  }
}

const items = (last: number): OutboxItem[] => Array.from({ length: last }, (_, index) => item(index + 1))
const removeThrough = (outbox: FileOutbox, counter: number): Promise<void> =>
  outbox.remove(DOCUMENT, item(1).session, counter)

outboxContract('files', true, () => makeHarness(join(makeTemporaryFolder(), 'outbox')))

describe('outbox in files', () => {
  /** A file with items 1 to 3, of which something is then done to the bytes. */
  const spoil = async (change: (path: string) => Promise<unknown>): Promise<{ folder: string; outbox: FileOutbox }> => {
    const folder = makeTemporaryFolder()
    const harness = makeHarness(folder)
    const outbox = await harness.open()
    for (const each of items(3)) await outbox.put(each)
    await outbox.close()
    await change(join(folder, FILE))
    return { folder, outbox: await harness.reopen() }
  }

  it('[I8] makes its folder 0700 and its files 0600', async () => {
    const folder = join(makeTemporaryFolder(), 'outbox')
    const outbox = await makeHarness(folder).open()
    await outbox.put(item(1))
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
    for (const file of await readdir(folder)) expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600)
  })

  it('[I2] has every put before one that a crash cut short, and takes more', async () => {
    for (let size = 0; size <= START + 3 * FRAME; size += size < START ? 1 : 13) {
      const { folder, outbox } = await spoil((path) => truncate(path, size))
      const whole = Math.max(0, Math.floor((size - START) / FRAME))
      expect(await outbox.list(DOCUMENT)).toEqual(items(whole))
      await outbox.put(item(whole + 1))
      expect(await outbox.list(DOCUMENT)).toEqual(items(whole + 1))
      expect(await readdir(folder)).toEqual([FILE, 'lock'])
      await outbox.close()
    }
  })

  it('keeps the damaged file beside it when an item in the middle is damaged', async () => {
    const { folder, outbox } = await spoil(async (path) => {
      const bytes = await readFile(path)
      bytes[START + FRAME + 50] = 255
      await writeFile(path, bytes)
    })
    expect(await outbox.list(DOCUMENT)).toEqual(items(1))
    expect((await stat(join(folder, `${FILE}.damaged`))).size).toBe(START + 3 * FRAME)
  })

  it('takes a whole frame that is none of an outbox for damage', async () => {
    const { folder, outbox } = await spoil(async (path) => {
      const body = new Uint8Array(30).fill(9)
      const start = (await readFile(path)).subarray(0, START)
      const check = createHash('sha256').update(start).update(body).digest().subarray(0, 8)
      await appendFile(path, Buffer.concat([new Uint8Array([0, 0, 0, 30]), check, body]))
    })
    expect(await outbox.list(DOCUMENT)).toEqual(items(3))
    expect(await readdir(folder)).toContain(`${FILE}.damaged`)
  })

  it('remembers removals, and takes no room when nothing is on its way', async () => {
    const folder = makeTemporaryFolder()
    const harness = makeHarness(folder)
    const outbox = await harness.open()
    for (const each of items(3)) await outbox.put(each)
    await removeThrough(outbox, 2)
    const again = await harness.reopen()
    expect(await again.list(DOCUMENT)).toEqual([item(3)])
    await removeThrough(again, 3)
    expect((await stat(join(folder, FILE))).size).toBe(START)
    await again.put(item(4))
    expect(await (await harness.reopen()).list(DOCUMENT)).toEqual([item(4)])
  })

  it('is written anew when most of it is over, without losing what is not', async () => {
    const folder = makeTemporaryFolder()
    const harness = makeHarness(folder)
    const outbox = await harness.open()
    const size = 100_000
    await outbox.put(item(1, size))
    let largest = 0
    for (let counter = 2; counter <= 40; counter++) {
      await outbox.put(item(counter, size))
      await removeThrough(outbox, counter - 1)
      largest = Math.max(largest, (await stat(join(folder, FILE))).size)
    }
    expect(largest).toBeLessThan(1_600_000)
    const [left] = await (await harness.reopen()).list(DOCUMENT)
    expect([left?.counter, left?.envelope.length]).toEqual([40, size])
  })

  it('[I10] is open in one process, and once', async () => {
    const folder = makeTemporaryFolder()
    const outbox = await makeHarness(folder).open()
    await expect(openFileOutbox(folder)).rejects.toMatchObject({ code: 'STORAGE_IN_USE' })
    await outbox.close()
    await expect(outbox.list(DOCUMENT)).rejects.toMatchObject({ code: 'STORAGE_CLOSED' })
  })

  it('[H16] says that the disk is full, keeps nothing of that put, and goes on when there is room', async () => {
    const folder = makeTemporaryFolder()
    const outbox = await makeHarness(folder).open()
    await outbox.put(item(1))
    const handle = await open(join(folder, FILE))
    const prototype = Object.getPrototypeOf(handle) as { datasync(): Promise<void> }
    await handle.close()
    const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    const spy = vi.spyOn(prototype, 'datasync').mockRejectedValueOnce(full)
    onTestFinished(() => spy.mockRestore())
    await expect(outbox.put(item(2))).rejects.toMatchObject({ code: 'STORAGE_FULL' })
    expect(await outbox.list(DOCUMENT)).toEqual([item(1)])
    await outbox.put(item(2))
    expect(await outbox.list(DOCUMENT)).toEqual(items(2))
  })
})
