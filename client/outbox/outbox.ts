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
  /** As {@link list}, of sessions whose tab has gone since, and which are this one's from now on; absent where one outbox is one tab's. */
  readonly adopt?: (document: Bytes) => Promise<readonly OutboxItem[]>
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
      if (!known) items.push(copyItem(item))
      return Promise.resolve()
    },
    remove: (document, session, through) => {
      items = items.filter((item) => !isSame(item, { document, session }) || item.counter > through)
      return Promise.resolve()
    },
    list: (document) => {
      const kept = items.filter((item) => equalBytes(item.document, document))
      return Promise.resolve(inSendingOrder(kept).map(copyItem))
    },
  }
}

/** One document's items, given in the order of their puts, as they must be sent: sessions one after another, counters ascending. */
export function inSendingOrder(items: readonly OutboxItem[]): readonly OutboxItem[] {
  const rank = new Map<string, number>()
  for (const { session } of items) if (!rank.has(session.join())) rank.set(session.join(), rank.size)
  const place = ({ session }: OutboxItem): number => rank.get(session.join()) as number
  return items.toSorted((a, b) => place(a) - place(b) || a.counter - b.counter)
}

/** [LO8] */
export function equivocation(): SyncError {
  return new SyncError('EQUIVOCATION', 'another envelope stands at this counter of the session')
}

function copyItem({ document, session, counter, envelope }: OutboxItem): OutboxItem {
  return { document: document.slice(), session: session.slice(), counter, envelope: envelope.slice() }
}
