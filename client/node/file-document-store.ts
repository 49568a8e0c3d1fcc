/**
 * A DocumentStore in a directory: one file a document, to which frames are only added. One process at a time. Rule LO6; rows I2, I8.
 *
 * @module
 */
import { mkdir } from 'node:fs/promises'
import { bytesToHex, SyncError, type Bytes, type SignedHead } from '@y-sealed/protocol'
import { newerHead, selectFresh, type DocumentStore, type StoredEntry } from '../stores/document-store.ts'
import { Turns } from '../stores/turns.ts'
import { lockDirectory } from './directory-lock.ts'
import { FrameFile } from './frame-file.ts'
import { encodeBodies, LogIndex } from './log-frames.ts'

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
        const { places, head } = await log.index()
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
  readonly #file: FrameFile
  /** What the file is known to hold; `null` when that is to be read from it. */
  #index: LogIndex | null = null

  constructor(directory: string, document: Bytes) {
    this.#file = new FrameFile(directory, 'log', 'ysealog1', document)
  }

  async index(): Promise<LogIndex> {
    if (this.#index) return this.#index
    const index = new LogIndex()
    await this.#file.load((body, offset) => index.take(body, offset))
    this.#index = index
    return index
  }

  async append(entries: readonly StoredEntry[], head: SignedHead | undefined): Promise<void> {
    const known = await this.index()
    const lastSeq = known.places.length
    const first = Math.max(1, entries[0]?.seq ?? 1)
    const kept = await this.#readRun(known, first, Math.min(lastSeq, first + entries.length - 1))
    const fresh = selectFresh(entries, lastSeq, (seq) => kept[seq - first]?.envelope)
    const newer = newerHead(known.head, head)
    const bodies = encodeBodies(fresh, newer === known.head ? null : newer)
    if (bodies.length === 0) return
    // Unknown until it is written: after a failure the file is read again.
    this.#index = null
    const offsets = await this.#file.append(bodies)
    for (const [n, body] of bodies.entries()) known.take(body, offsets[n] as number)
    this.#index = known
  }

  async read(fromSeq: number, maxBytes: number): Promise<readonly StoredEntry[]> {
    const index = await this.index()
    const first = Math.max(1, fromSeq)
    let bytes = 0
    let last = first - 1
    for (const { length } of index.places.slice(first - 1)) {
      bytes += length
      if (bytes > maxBytes && last >= first) break
      last++
    }
    return this.#readRun(index, first, last)
  }

  async records(): Promise<readonly StoredEntry[]> {
    const index = await this.index()
    const records: StoredEntry[] = []
    for (const [n, { isRecord }] of index.places.entries()) {
      if (isRecord) records.push(...(await this.#readRun(index, n + 1, n + 1)))
    }
    return records
  }

  async cut(afterSeq: number): Promise<void> {
    const index = await this.index()
    if (afterSeq >= index.places.length) return
    const bodies = encodeBodies(await this.#readRun(index, 1, afterSeq), index.head)
    this.#index = null
    await this.#file.rewrite(bodies)
  }

  async remove(): Promise<void> {
    this.#index = null
    await this.#file.remove()
  }

  /** Entries `first` to `last`, by one read of what they span. */
  async #readRun({ places }: LogIndex, first: number, last: number): Promise<readonly StoredEntry[]> {
    const run = places.slice(first - 1, Math.max(first - 1, last))
    const [start, end] = [run[0], run.at(-1)]
    if (!start || !end) return []
    const span = await this.#file.readPart(start.offset, end.offset + end.length - start.offset)
    return run.map(({ offset, length }, n) => {
      const at = offset - start.offset
      return { seq: first + n, envelope: span.slice(at, at + length) }
    })
  }
}
