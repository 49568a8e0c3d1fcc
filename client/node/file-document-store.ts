/**
 * A DocumentStore in a directory: one file a document, to which frames are only added. One process at a time. Rule LO6; rows I2, I8.
 *
 * @module
 */
import { copyFile, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { bytesToHex, SyncError, toBytes, type Bytes, type SignedHead } from '@y-sealed/protocol'
import { newerHead, selectFresh, type DocumentStore, type StoredEntry } from '../stores/document-store.ts'
import { Turns } from '../stores/turns.ts'
import { lockDirectory } from './directory-lock.ts'
import { hasErrnoCode } from './errno.ts'
import {
  encodeFrames,
  encodeLogStart,
  LOG_START_BYTES,
  placeEntries,
  scanLog,
  type EntryPlace,
  type LogContent,
} from './log-file.ts'
import { syncDirectory } from './sync-directory.ts'

export interface FileDocumentStore extends DocumentStore {
  /** Gives the directory up, when everything asked for has ended. Afterwards all is refused with `STORAGE_CLOSED`. */
  close(): Promise<void>
}

/**
 * Logs in `directory`, which is made (0700) if need be. An append that a crash cut short is cut off when its file is next read; a file that
 * is damaged otherwise is kept whole beside it, as `….damaged`, and read up to the damage. Throws `STORAGE_IN_USE` while another process, or
 * this one, has the directory open.
 */
export async function openFileDocumentStore(directory: string): Promise<FileDocumentStore> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const unlock = await lockDirectory(directory)
  const logByDocument = new Map<string, LogFile>()
  let closed = false
  /** Works on a document when what was asked for before is done. */
  const within = <T>(document: Bytes, work: (log: LogFile) => Promise<T>): Promise<T> => {
    if (closed) return Promise.reject(new SyncError('STORAGE_CLOSED', 'this storage has been closed'))
    const name = bytesToHex(document)
    const log = logByDocument.get(name) ?? new LogFile(directory, document.slice())
    logByDocument.set(name, log)
    return log.turns.take(() => work(log))
  }
  return {
    append: (document, entries, head) => {
      const copies = entries.map(({ seq, envelope }) => ({ seq, envelope: envelope.slice() }))
      return within(document, (log) => log.append(copies, head))
    },
    read: (document, fromSeq, maxBytes) => within(document, (log) => log.read(fromSeq, maxBytes)),
    records: (document) => within(document, (log) => log.records()),
    extent: (document) =>
      within(document, async (log) => {
        const { places, head } = await log.content()
        return { lastSeq: places.length, head }
      }),
    cut: (document, afterSeq) => within(document, (log) => log.cut(afterSeq)),
    delete: (document) => within(document, (log) => log.remove()),
    close: async () => {
      if (closed) return
      closed = true
      for (const { turns } of logByDocument.values()) await turns.rest()
      await unlock()
    },
  }
}

class LogFile {
  readonly turns: Turns = new Turns()
  readonly #directory: string
  readonly #path: string
  readonly #document: Bytes
  /** What the file is known to hold; `null` when that is to be read from it. */
  #content: LogContent | null = null

  constructor(directory: string, document: Bytes) {
    this.#directory = directory
    this.#document = document
    this.#path = join(directory, `${bytesToHex(document)}.log`)
  }

  async content(): Promise<LogContent> {
    this.#content ??= await this.#load()
    return this.#content
  }

  async append(entries: readonly StoredEntry[], head: SignedHead | undefined): Promise<void> {
    const known = await this.content()
    const { places } = known
    const first = Math.max(1, entries[0]?.seq ?? 1)
    const kept = await this.#readRun(first, Math.min(places.length, first + entries.length - 1), places)
    const fresh = selectFresh(entries, places.length, (seq) => kept[seq - first]?.envelope)
    const newer = newerHead(known.head, head)
    if (fresh.length === 0 && newer === known.head) return
    const frames = encodeFrames(this.#document, fresh, newer === known.head ? null : newer)
    const start = Math.max(known.size, LOG_START_BYTES)
    // Unknown until it is written: after a failure the file is read again.
    this.#content = null
    await this.#write(frames, known.size)
    this.#content = {
      places: [...places, ...placeEntries(fresh, start)],
      head: newer,
      size: start + frames.length,
      isDamaged: false,
    }
  }

  async read(fromSeq: number, maxBytes: number): Promise<readonly StoredEntry[]> {
    const { places } = await this.content()
    const first = Math.max(1, fromSeq)
    let bytes = 0
    let last = first - 1
    for (const { length } of places.slice(first - 1)) {
      bytes += length
      if (bytes > maxBytes && last >= first) break
      last++
    }
    return this.#readRun(first, last, places)
  }

  async records(): Promise<readonly StoredEntry[]> {
    const { places } = await this.content()
    const records: StoredEntry[] = []
    for (const [index, { isRecord }] of places.entries()) {
      if (isRecord) records.push(...(await this.#readRun(index + 1, index + 1, places)))
    }
    return records
  }

  /** Written anew and moved into place, so that a crash leaves the one or the other. */
  async cut(afterSeq: number): Promise<void> {
    const { places, head } = await this.content()
    if (afterSeq >= places.length) return
    const entries = await this.#readRun(1, afterSeq, places)
    const fresh = `${this.#path}.new`
    this.#content = null
    await writeWhole(fresh, [encodeLogStart(this.#document), encodeFrames(this.#document, entries, head)])
    await rename(fresh, this.#path)
    await syncDirectory(this.#directory)
  }

  async remove(): Promise<void> {
    this.#content = null
    await rm(this.#path, { force: true })
    await rm(`${this.#path}.damaged`, { force: true })
    await syncDirectory(this.#directory)
  }

  async #load(): Promise<LogContent> {
    let file: Bytes
    try {
      file = toBytes(await readFile(this.#path))
    } catch (error) {
      if (!hasErrnoCode(error, 'ENOENT')) throw error
      return { places: [], head: null, size: 0, isDamaged: false }
    }
    const content = scanLog(this.#document, file)
    if (content.isDamaged) await copyFile(this.#path, `${this.#path}.damaged`)
    if (content.size < file.length) await cutFile(this.#path, content.size)
    return content
  }

  async #write(frames: Bytes, size: number): Promise<void> {
    try {
      const isNew = size === 0
      const file = await open(this.#path, 'a', 0o600)
      try {
        await file.appendFile(isNew ? Buffer.concat([encodeLogStart(this.#document), frames]) : frames)
        await file.datasync()
      } finally {
        await file.close()
      }
      if (isNew) await syncDirectory(this.#directory)
    } catch (error) {
      // What may or may not have reached the disk must not be taken for kept afterwards.
      await cutFile(this.#path, size).catch(() => undefined)
      throw toStorageError(error)
    }
  }

  /** Entries `first` to `last`, by one read of what they span. */
  async #readRun(first: number, last: number, places: readonly EntryPlace[]): Promise<readonly StoredEntry[]> {
    const run = places.slice(first - 1, Math.max(first - 1, last))
    const [start, end] = [run[0], run.at(-1)]
    if (!start || !end) return []
    const span = await readPart(this.#path, start.offset, end.offset + end.length - start.offset)
    return run.map(({ offset, length }, index) => {
      const at = offset - start.offset
      return { seq: first + index, envelope: span.slice(at, at + length) }
    })
  }
}

async function readPart(path: string, offset: number, length: number): Promise<Bytes> {
  const file = await open(path, 'r')
  try {
    const bytes = new Uint8Array(length)
    const { bytesRead } = await file.read(bytes, 0, length, offset)
    if (bytesRead < length) throw new SyncError('STORAGE_UNAVAILABLE', 'the log file was changed by somebody else')
    return bytes
  } finally {
    await file.close()
  }
}

async function cutFile(path: string, size: number): Promise<void> {
  const { size: found } = await stat(path)
  if (found <= size) return
  const file = await open(path, 'r+')
  try {
    await file.truncate(size)
    await file.datasync()
  } finally {
    await file.close()
  }
}

async function writeWhole(path: string, parts: readonly Bytes[]): Promise<void> {
  try {
    const file = await open(path, 'w', 0o600)
    try {
      for (const part of parts) await file.writeFile(part)
      await file.sync()
    } finally {
      await file.close()
    }
  } catch (error) {
    await rm(path, { force: true }).catch(() => undefined)
    throw toStorageError(error)
  }
}

function toStorageError(error: unknown): unknown {
  if (!hasErrnoCode(error, 'ENOSPC', 'EDQUOT', 'EFBIG')) return error
  return new SyncError('STORAGE_FULL', 'there is no room left for the document', { cause: error })
}
