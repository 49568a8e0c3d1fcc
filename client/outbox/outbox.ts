/**
 * Sealed envelopes that the relay has not acknowledged, in the order in which they must arrive. The port, and its in-memory twin; a
 * contract suite runs on every adapter.
 *
 * @module
 */
import { equalBytes, SyncError, type Bytes } from '@y-sealed/protocol'

/** One sealed envelope on its way. Sealed bytes only: nothing here can be read without the document's key. */
export interface OutboxItem {
  /** 16 bytes. */
  readonly document: Bytes
  /** 8 bytes. */
  readonly session: Bytes
  readonly counter: number
  readonly envelope: Bytes
}

/**
 * Durable where the adapter is. `put` of the same (document, session, counter) and bytes is no change; other bytes are refused with
 * `EQUIVOCATION`: an honest device never seals twice under one counter. [LO8]
 */
export interface Outbox {
  /** Resolves when the item would survive a crash. */
  put(item: OutboxItem): Promise<void>
  /** Forgets acknowledged items: all of the session with a counter at most `through`. */
  remove(document: Bytes, session: Bytes, through: number): Promise<void>
  /** Everything kept for a document: sessions in the order of their first put, counters ascending. */
  list(document: Bytes): Promise<readonly OutboxItem[]>
}

/** An outbox that forgets everything when the process ends. */
export function createMemoryOutbox(): Outbox {
  let items: OutboxItem[] = []
  const isSame = (a: OutboxItem, b: { document: Bytes; session: Bytes }): boolean =>
    equalBytes(a.document, b.document) && equalBytes(a.session, b.session)
  return {
    put: (item) => {
      const known = items.find((other) => isSame(other, item) && other.counter === item.counter)
      if (known && !equalBytes(known.envelope, item.envelope)) return Promise.reject(equivocation())
      if (!known) items.push({ ...item, envelope: item.envelope.slice() })
      return Promise.resolve()
    },
    remove: (document, session, through) => {
      items = items.filter((item) => !isSame(item, { document, session }) || item.counter > through)
      return Promise.resolve()
    },
    list: (document) => {
      const kept = items.filter((item) => equalBytes(item.document, document))
      const rank = new Map<string, number>()
      for (const item of kept) if (!rank.has(item.session.join())) rank.set(item.session.join(), rank.size)
      const place = (item: OutboxItem): number => rank.get(item.session.join()) as number
      return Promise.resolve(kept.toSorted((a, b) => place(a) - place(b) || a.counter - b.counter))
    },
  }
}

function equivocation(): Error {
  return new SyncError('EQUIVOCATION', 'another envelope stands at this counter of the session')
}
