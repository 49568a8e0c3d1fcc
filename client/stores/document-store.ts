/**
 * What a device keeps of each document's log, so that a document opens offline and asks a relay only for what is new. The port, and its
 * in-memory twin; a contract suite runs on every adapter. It knows bytes and places: whether they are authentic is judged, each time anew,
 * by whoever reads them. Rules LO2, LO6.
 *
 * @module
 */
import { equalBytes, KIND, OFFSET, SyncError, type Bytes, type SignedHead } from '@y-sealed/protocol'

/** A sealed envelope at its place in the log. */
export interface StoredEntry {
  readonly seq: number
  readonly envelope: Bytes
}

/** A sealed snapshot of the log up to its seq. */
export interface StoredSnapshot {
  readonly seq: number
  /** 32 bytes. */
  readonly id: Bytes
  readonly envelope: Bytes
}

/** How much of a document is kept. */
export interface StoredExtent {
  /** Up to here a snapshot stands for the entries, of which the records alone are kept; 0 for none. */
  readonly baseSeq: number
  /** The entries after `baseSeq` up to this one are kept. */
  readonly lastSeq: number
  /** The newest head, signed by the relay, that was given with them. */
  readonly head: SignedHead | null
}

/**
 * Logs by document (16 bytes), each without a gap from seq 1 on, or from behind a snapshot. Sealed bytes only. Whatever cannot be written is refused with
 * `STORAGE_FULL`, or as the platform says, and then nothing of that call is kept.
 */
export interface DocumentStore {
  /**
   * Keeps entries of consecutive seqs, and `head` if it is newer than the one kept. Resolves when all of it would survive a crash. An entry
   * that is kept already is no change; other bytes at its seq are refused with `FORK`, and entries that leave a gap with `LOG_GAP`: then
   * nothing of the call is kept.
   */
  append(document: Bytes, entries: readonly StoredEntry[], head?: SignedHead): Promise<void>
  /**
   * Entries from `fromSeq` on, in order: as many as fit in `maxBytes`, but one at least where there is one. Nothing is given from the first on
   * that is not what was appended: a disk or a browser may have damaged it.
   */
  read(document: Bytes, fromSeq: number, maxBytes: number): Promise<readonly StoredEntry[]>
  /** The member records among the entries, in order, those up to `baseSeq` too; none that is damaged. */
  records(document: Bytes): Promise<readonly StoredEntry[]>
  extent(document: Bytes): Promise<StoredExtent>
  /**
   * Keeps a snapshot beside the entries. Where those up to its seq are not all kept, the log begins anew behind it: everything else goes but the
   * head, and `records` take its place, the member records up to there.
   */
  putSnapshot(document: Bytes, snapshot: StoredSnapshot, records?: readonly StoredEntry[]): Promise<void>
  /** The snapshots within what is kept, ascending by seq; none that is damaged. */
  snapshots(document: Bytes): Promise<readonly StoredSnapshot[]>
  /** Forgets what lies before the snapshot of this seq: entries up to it, but no records, and earlier snapshots. Without one, nothing. */
  trim(document: Bytes, throughSeq: number): Promise<void>
  /**
   * Forgets the entries and snapshots after `afterSeq`, which are damaged or were restarted from there; before `baseSeq`, all of them. The head
   * is evidence, and stays.
   */
  cut(document: Bytes, afterSeq: number): Promise<void>
  /**
   * Forgets the document, head and all. Where an entry of its history is given, only if that very one is kept at its place, in one transaction:
   * another tab may have begun to keep another history by now, which then stays.
   */
  delete(document: Bytes, entry?: StoredEntry): Promise<void>
  /**
   * Calls back when everything is gone under a running page, keys and outbox too; `keysRewritten` resolves when the keys that this page knows are
   * stored again, and rejects where they cannot be, or the app has deleted them. Gives what ends it. Absent where that does not happen.
   */
  readonly onEvicted?: (listener: (keysRewritten: Promise<void>) => void) => () => void
}

/** A DocumentStore that forgets everything when the process ends. */
export function createMemoryDocumentStore(): DocumentStore {
  const logByDocument = new Map<string, MemoryLog>()
  const find = (document: Bytes): MemoryLog => {
    const known = logByDocument.get(document.join())
    if (known !== undefined) return known
    const fresh = { base: 0, records: [], entries: [], snapshots: [], head: null }
    logByDocument.set(document.join(), fresh)
    return fresh
  }
  // `async` turns what is thrown into a refusal.
  return {
    append: async (document, entries, head) => {
      const known = find(document)
      const kept = (seq: number): Bytes | undefined => known.entries[seq - known.base - 1]?.envelope
      const fresh = selectFresh(entries, lastSeqOf(known), kept, known.base)
      for (const entry of fresh) known.entries.push(copyEntry(entry))
      known.head = newerHead(known.head, head)
    },
    read: async (document, fromSeq, maxBytes) => {
      const { base, entries } = find(document)
      if (fromSeq <= base && base > 0) return []
      const rest = entries.slice(Math.max(0, fromSeq - base - 1))
      return rest.slice(0, countFitting(rest, maxBytes)).map(copyEntry)
    },
    records: async (document) => {
      const { records, entries } = find(document)
      return [...records, ...entries.filter(isRecord)].map(copyEntry)
    },
    extent: async (document) => {
      const known = find(document)
      return { baseSeq: known.base, lastSeq: lastSeqOf(known), head: known.head }
    },
    putSnapshot: async (document, snapshot, records = []) => {
      const known = find(document)
      if (snapshot.seq < known.base) return
      if (snapshot.seq > lastSeqOf(known)) {
        Object.assign(known, { base: snapshot.seq, entries: [], snapshots: [], records: records.map(copyEntry) })
      }
      known.snapshots = withSnapshot(known.snapshots, copySnapshot(snapshot))
    },
    snapshots: async (document) => find(document).snapshots.map(copySnapshot),
    trim: async (document, throughSeq) => {
      const known = find(document)
      if (!known.snapshots.some(({ seq }) => seq === throughSeq)) return
      const gone = known.entries.splice(0, throughSeq - known.base)
      known.records.push(...gone.filter(isRecord))
      known.base = throughSeq
      known.snapshots = known.snapshots.filter(({ seq }) => seq >= throughSeq)
    },
    cut: async (document, afterSeq) => {
      const known = find(document)
      const isAll = afterSeq < known.base
      if (isAll) Object.assign(known, { base: 0, records: [], entries: [], snapshots: [] })
      known.entries.splice(Math.max(0, afterSeq - known.base))
      known.snapshots = known.snapshots.filter(({ seq }) => seq <= afterSeq)
    },
    delete: async (document, entry) => {
      const { base, entries } = find(document)
      if (isOfHistory(entry, entry && entries[entry.seq - base - 1]?.envelope)) logByDocument.delete(document.join())
    },
  }
}

interface MemoryLog {
  base: number
  /** Up to the base. */
  records: StoredEntry[]
  /** Behind it. */
  entries: StoredEntry[]
  snapshots: readonly StoredSnapshot[]
  head: SignedHead | null
}

function lastSeqOf({ base, entries }: MemoryLog): number {
  return base + entries.length
}

/** Ascending by seq; what was kept of the same seq goes. */
export function withSnapshot(kept: readonly StoredSnapshot[], snapshot: StoredSnapshot): readonly StoredSnapshot[] {
  return [...kept.filter(({ seq }) => seq !== snapshot.seq), snapshot].toSorted((a, b) => a.seq - b.seq)
}

/** Does the envelope say of itself that it is a member record? */
export function isRecord({ envelope }: StoredEntry): boolean {
  return envelope[OFFSET.kind] === KIND.record
}

/** How many of `entries` fit in `maxBytes`: one at least, if there is one. */
export function countFitting(entries: readonly StoredEntry[], maxBytes: number): number {
  let bytes = 0
  const over = entries.findIndex(({ envelope }, index) => (bytes += envelope.length) > maxBytes && index > 0)
  return over === -1 ? entries.length : over
}

/**
 * Those of `entries` that follow `lastSeq`; `known` gives the bytes that are kept at the seq of each other, but for those up to `baseSeq`, of
 * which nothing is known. Throws `FORK` where they differ, and `LOG_GAP` where the seqs are not consecutive or begin beyond the next one.
 */
export function selectFresh(
  entries: readonly StoredEntry[],
  lastSeq: number,
  known: (seq: number) => Uint8Array | undefined,
  baseSeq = 0,
): readonly StoredEntry[] {
  let next = Math.min(entries[0]?.seq ?? 0, lastSeq + 1)
  for (const { seq, envelope } of entries) {
    if (seq !== next++ || seq < 1) throw new SyncError('LOG_GAP', 'entries must follow those that are kept')
    if (seq > lastSeq || seq <= baseSeq) continue
    const kept = known(seq)
    if (!kept || !equalBytes(kept, envelope)) {
      throw new SyncError('FORK', 'another entry is kept at this place of the log')
    }
  }
  return entries.filter(({ seq }) => seq > lastSeq)
}

/** Is `known` what an entry of a history says of its place, if one is given? */
export function isOfHistory(entry: StoredEntry | undefined, known: Uint8Array | null | undefined): boolean {
  return entry === undefined || (known instanceof Uint8Array && equalBytes(known, entry.envelope))
}

/** The one of the two that says more. */
export function newerHead(known: SignedHead | null, offered: SignedHead | undefined): SignedHead | null {
  return offered && offered.seq > (known?.seq ?? 0) ? offered : known
}

function copyEntry({ seq, envelope }: StoredEntry): StoredEntry {
  return { seq, envelope: envelope.slice() }
}

function copySnapshot({ seq, id, envelope }: StoredSnapshot): StoredSnapshot {
  return { seq, id: id.slice(), envelope: envelope.slice() }
}
