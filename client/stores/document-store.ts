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

/** How much of a document is kept. */
export interface StoredExtent {
  /** Entries 1 to this one are kept; 0 for none. */
  readonly lastSeq: number
  /** The newest head, signed by the relay, that was given with them. */
  readonly head: SignedHead | null
}

/**
 * Logs by document (16 bytes), each without a gap from seq 1 on. Sealed bytes only. Whatever cannot be written is refused with
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
  /** The member records among the entries, in order; none that is damaged. */
  records(document: Bytes): Promise<readonly StoredEntry[]>
  extent(document: Bytes): Promise<StoredExtent>
  /** Forgets the entries after `afterSeq`, which are damaged or were restarted from there. The head is evidence, and stays. */
  cut(document: Bytes, afterSeq: number): Promise<void>
  /** Forgets the document, head and all. */
  delete(document: Bytes): Promise<void>
}

/** A DocumentStore that forgets everything when the process ends. */
export function createMemoryDocumentStore(): DocumentStore {
  const logByDocument = new Map<string, { entries: StoredEntry[]; head: SignedHead | null }>()
  const find = (document: Bytes): { entries: StoredEntry[]; head: SignedHead | null } => {
    const known = logByDocument.get(document.join())
    if (known !== undefined) return known
    const fresh = { entries: [], head: null }
    logByDocument.set(document.join(), fresh)
    return fresh
  }
  // `async` turns what is thrown into a refusal.
  return {
    append: async (document, entries, head) => {
      const known = find(document)
      const fresh = selectFresh(entries, known.entries.length, (seq) => known.entries[seq - 1]?.envelope)
      for (const entry of fresh) known.entries.push(copyEntry(entry))
      known.head = newerHead(known.head, head)
    },
    read: async (document, fromSeq, maxBytes) => {
      const rest = find(document).entries.slice(Math.max(0, fromSeq - 1))
      return rest.slice(0, countFitting(rest, maxBytes)).map(copyEntry)
    },
    records: async (document) => find(document).entries.filter(isRecord).map(copyEntry),
    extent: async (document) => {
      const { entries, head } = find(document)
      return { lastSeq: entries.length, head }
    },
    cut: async (document, afterSeq) => {
      find(document).entries.splice(Math.max(0, afterSeq))
    },
    delete: async (document) => {
      logByDocument.delete(document.join())
    },
  }
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
 * Those of `entries` that follow `lastSeq`; `known` gives the bytes that are kept at the seq of each other. Throws `FORK` where they
 * differ, and `LOG_GAP` where the seqs are not consecutive or begin beyond the next one.
 */
export function selectFresh(
  entries: readonly StoredEntry[],
  lastSeq: number,
  known: (seq: number) => Uint8Array | undefined,
): readonly StoredEntry[] {
  let next = Math.min(entries[0]?.seq ?? 0, lastSeq + 1)
  for (const { seq, envelope } of entries) {
    if (seq !== next++ || seq < 1) throw new SyncError('LOG_GAP', 'entries must follow those that are kept')
    if (seq > lastSeq) continue
    const kept = known(seq)
    if (!kept || !equalBytes(kept, envelope)) {
      throw new SyncError('FORK', 'another entry is kept at this place of the log')
    }
  }
  return entries.filter(({ seq }) => seq > lastSeq)
}

/** The one of the two that says more. */
export function newerHead(known: SignedHead | null, offered: SignedHead | undefined): SignedHead | null {
  return offered && offered.seq > (known?.seq ?? 0) ? offered : known
}

function copyEntry({ seq, envelope }: StoredEntry): StoredEntry {
  return { seq, envelope: envelope.slice() }
}
