/**
 * A DocumentStore in a directory: one file a document, to which frames are only added. One process at a time. Rule LO6; rows I2, I8.
 *
 * @module
 */
import { mkdir } from 'node:fs/promises'
import { bytesToHex, SyncError, type Bytes, type SignedHead } from '@y-sealed/protocol'
import {
  isOfHistory,
  newerHead,
  selectFresh,
  withSnapshot,
  type DocumentStore,
  type StoredEntry,
  type StoredSnapshot,
} from '../stores/document-store.ts'
import { Turns } from '../stores/turns.ts'
import { lockDirectory } from './directory-lock.ts'
import { FrameFile } from './frame-file.ts'
import { encodeBase, encodeBodies, LogIndex } from './log-frames.ts'
import { SnapshotFile } from './snapshot-file.ts'

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
        const { baseSeq, lastSeq, head } = await log.index()
        return { baseSeq, lastSeq, head }
      }),
    putSnapshot: (document, { seq, id, envelope }, records = []) => {
      const copy = { seq, id: id.slice(), envelope: envelope.slice() }
      const copies = records.map((record) => ({ seq: record.seq, envelope: record.envelope.slice() }))
      return within(document, (log) => log.putSnapshot(copy, copies))
    },
    snapshots: (document) => within(document, (log) => log.snapshots()),
    trim: (document, throughSeq) => within(document, (log) => log.trim(throughSeq)),
    cut: (document, afterSeq) => within(document, (log) => log.cut(afterSeq)),
    delete: (document, entry) => {
      const own = entry && { seq: entry.seq, envelope: entry.envelope.slice() }
      return within(document, (log) => log.remove(own))
    },
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
  readonly #snapshots: SnapshotFile
  /** What the file is known to hold; `null` when that is to be read from it. */
  #index: LogIndex | null = null

  constructor(directory: string, document: Bytes) {
    this.#file = new FrameFile(directory, 'log', 'ysealog1', document)
    this.#snapshots = new SnapshotFile(directory, document)
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
    const { baseSeq, lastSeq } = known
    const first = Math.max(baseSeq + 1, entries[0]?.seq ?? 1)
    const kept = await this.#readRun(known, first, Math.min(lastSeq, first + entries.length - 1))
    const fresh = selectFresh(entries, lastSeq, (seq) => kept[seq - first]?.envelope, baseSeq)
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
    const { baseSeq } = index
    if (baseSeq > 0 && fromSeq <= baseSeq) return []
    const first = Math.max(1, fromSeq)
    let bytes = 0
    let last = first - 1
    for (const { length } of index.places.slice(first - baseSeq - 1)) {
      bytes += length
      if (bytes > maxBytes && last >= first) break
      last++
    }
    return this.#readRun(index, first, last)
  }

  async records(): Promise<readonly StoredEntry[]> {
    const index = await this.index()
    const records: StoredEntry[] = []
    for (const { seq, offset, length } of index.baseRecords) {
      records.push({ seq, envelope: await this.#file.readPart(offset, length) })
    }
    for (const [n, { isRecord }] of index.places.entries()) {
      const seq = index.baseSeq + n + 1
      if (isRecord) records.push(...(await this.#readRun(index, seq, seq)))
    }
    return records
  }

  async putSnapshot(snapshot: StoredSnapshot, records: readonly StoredEntry[]): Promise<void> {
    const index = await this.index()
    const { seq } = snapshot
    if (seq < index.baseSeq) return
    if (seq <= index.lastSeq) return await this.#snapshots.write(withSnapshot(await this.snapshots(), snapshot))
    // Until the log begins behind it, it is not within what is kept.
    await this.#snapshots.write([snapshot])
    await this.#rewrite(seq, records, [], index.head)
  }

  async snapshots(): Promise<readonly StoredSnapshot[]> {
    const { baseSeq, lastSeq } = await this.index()
    return (await this.#snapshots.read()).filter(({ seq }) => seq >= baseSeq && seq <= lastSeq)
  }

  async trim(throughSeq: number): Promise<void> {
    const index = await this.index()
    const snapshots = await this.snapshots()
    if (!snapshots.some(({ seq }) => seq === throughSeq)) return
    const records = (await this.records()).filter(({ seq }) => seq <= throughSeq)
    const rest = await this.#readRun(index, throughSeq + 1, index.lastSeq)
    await this.#rewrite(throughSeq, records, rest, index.head)
    await this.#snapshots.write(snapshots.filter(({ seq }) => seq >= throughSeq))
  }

  async cut(afterSeq: number): Promise<void> {
    const index = await this.index()
    const { baseSeq, lastSeq, head } = index
    if (afterSeq >= lastSeq) return
    if (afterSeq < baseSeq) return await this.#rewrite(0, [], [], head)
    const records = (await this.records()).filter(({ seq }) => seq <= baseSeq)
    await this.#rewrite(baseSeq, records, await this.#readRun(index, baseSeq + 1, afterSeq), head)
    // Those that lie behind would be within again once the log has come so far.
    const snapshots = await this.#snapshots.read()
    const kept = snapshots.filter(({ seq }) => seq <= afterSeq)
    if (kept.length < snapshots.length) await this.#snapshots.write(kept)
  }

  async remove(entry: StoredEntry | undefined): Promise<void> {
    if (entry !== undefined) {
      const index = await this.index()
      const [known] = entry.seq > index.baseSeq ? await this.#readRun(index, entry.seq, entry.seq) : []
      if (!isOfHistory(entry, known?.envelope)) return
    }
    this.#index = null
    await this.#file.remove()
    await this.#snapshots.write([])
  }

  async #rewrite(
    baseSeq: number,
    records: readonly StoredEntry[],
    entries: readonly StoredEntry[],
    head: SignedHead | null,
  ): Promise<void> {
    this.#index = null
    await this.#file.rewrite([...encodeBase(baseSeq, records), ...encodeBodies(entries, head)])
  }

  /** Entries `first` to `last`, by one read of what they span. */
  async #readRun({ baseSeq, places }: LogIndex, first: number, last: number): Promise<readonly StoredEntry[]> {
    const run = places.slice(first - baseSeq - 1, Math.max(first - 1, last) - baseSeq)
    const [start, end] = [run[0], run.at(-1)]
    if (!start || !end) return []
    const span = await this.#file.readPart(start.offset, end.offset + end.length - start.offset)
    return run.map(({ offset, length }, n) => {
      const at = offset - start.offset
      return { seq: first + n, envelope: span.slice(at, at + length) }
    })
  }
}
