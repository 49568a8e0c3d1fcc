/**
 * What the tabs of one device share in a browser that has no Web Locks, in memory: each session in the outbox is one tab's, and a tab that does not
 * answer is taken for gone. Should it only have slept, its next put is refused. Rule CL16.
 *
 * @module
 */
import {
  createMemoryDocumentStore,
  createMemoryKeyStore,
  createMemoryOutbox,
  type DeviceStorage,
  type Outbox,
  type OutboxItem,
} from '@y-sealed/client'
import { bytesToHex, SyncError, type Bytes } from '@y-sealed/protocol'

import type { Disk } from './disk.ts'

/** One tab's way to it. */
interface Owner {
  readonly name: string
  isThere: boolean
}

/** For so many tabs, each of which can be opened again and again. */
export function tabDisks(tabs: number): readonly Disk[] {
  const [keys, outbox, documents] = [createMemoryKeyStore(), createMemoryOutbox(), createMemoryDocumentStore()]
  const ownerBySession = new Map<string, Owner>()
  const trace: string[] = []
  let opened = 0
  const open = (owner: Owner): DeviceStorage => ({
    keys,
    documents,
    outbox: sharedOutbox(outbox, ownerBySession, owner, trace),
  })
  return Array.from({ length: tabs }, () => {
    let owner: Owner = { name: '', isThere: false }
    return {
      open: () => Promise.resolve(open((owner = { name: `tab ${opened++}`, isThere: true }))),
      release: () => {
        owner.isThere = false
        return Promise.resolve()
      },
      sleep: (sleeps: boolean) => {
        owner.isThere = !sleeps
      },
      trace,
      peek: (document: Bytes) => outbox.list(document),
    }
  })
}

function sharedOutbox(outbox: Outbox, ownerBySession: Map<string, Owner>, own: Owner, trace: string[]): Outbox {
  const tell = (what: string): void => void trace.push(`${Math.round(performance.now())} ${own.name} ${what}`)
  const listOwn = async (document: Bytes, isFresh: boolean): Promise<readonly OutboxItem[]> => {
    const items = await outbox.list(document)
    const taken = new Set<string>()
    for (const name of new Set(items.map(nameOf))) {
      const owner = ownerBySession.get(name)
      if (owner === own ? isFresh : owner?.isThere === true) continue
      ownerBySession.set(name, own)
      taken.add(name)
      if (owner !== own) tell(`takes ${name.slice(33, 39)} of ${owner?.name}`)
    }
    return items.filter((item) => taken.has(nameOf(item)))
  }
  return {
    put: async (item) => {
      const name = nameOf(item)
      // What stands there already need not be written.
      const items = await outbox.list(item.document)
      if (items.some((other) => nameOf(other) === name && other.counter === item.counter)) return await outbox.put(item)
      const owner = ownerBySession.get(name) ?? own
      if (owner !== own) tell(`is refused ${name.slice(33, 39)}/${item.counter}`)
      if (owner !== own) throw new SyncError('SESSION_TAKEN', 'another tab has taken this session over')
      ownerBySession.set(name, own)
      tell(`puts ${name.slice(33, 39)}/${item.counter}`)
      await outbox.put(item)
    },
    remove: async (document, session, through) => {
      await outbox.remove(document, session, through)
      tell(`removes ${bytesToHex(session).slice(0, 6)}/${through}`)
      const left = await outbox.list(document)
      const name = nameOf({ document, session })
      if (!left.some((item) => nameOf(item) === name)) ownerBySession.delete(name)
    },
    list: (document) => listOwn(document, false),
    adopt: (document) => listOwn(document, true),
  }
}

function nameOf({ document, session }: Pick<OutboxItem, 'document' | 'session'>): string {
  return `${bytesToHex(document)}/${bytesToHex(session)}`
}
