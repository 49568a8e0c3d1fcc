/**
 * A database with one document of as many entries as a test asks for, written through the store by no relay.
 *
 * @module
 */
import { cryptoReady, envelopeId, sodiumSha512, type Bytes } from '@y-sealed/protocol'
import type { Sealed } from '@y-sealed/protocol/sealing'

import { newEntry } from '../../server/core/new-entry.ts'
import type { AppendUnit, Head, NewEntry, Store } from '../../server/core/ports.ts'
import { openSqliteStore } from '../../server/store/sqlite/store.ts'
import { createTestDevice } from './raw-client.ts'
import { createMembersDocument, TestWriter } from './room-document.ts'

export interface StoredLog {
  /** 16 bytes. */
  readonly document: Bytes
  /** 32 bytes. */
  readonly genesisHash: Bytes
  /** Seq of its newest entry. */
  readonly head: number
  /** Adds entries by a session of its own to this document in a copy of the database, which has as many as were there first, and no store has open. */
  readonly goOn: (path: string, entries: number) => Promise<Head>
}

export interface StoredLogOptions {
  /** Behind the genesis. */
  readonly entries: number
  /** Sessions that write in turns. */
  readonly sessions?: number
  /** Of each update. */
  readonly content?: Bytes
}

const UNIT_ENTRIES = 64

/** Adds a document in `members` mode to the database at `path`, which no store has open. */
export async function writeStoredLog(path: string, options: StoredLogOptions): Promise<StoredLog> {
  const { entries, sessions = 1, content = new Uint8Array([1, 2, 3]) } = options
  await cryptoReady()
  const device = createTestDevice()
  const document = createMembersDocument(device)
  const { id, genesisHash, key } = document
  const append = async (
    store: Store,
    writer: TestWriter,
    sealed: readonly Sealed[],
    more: Partial<AppendUnit> = {},
  ): Promise<Head> => {
    const [first, ...rest] = sealed.map(({ envelope }) =>
      newEntry(envelope, envelopeId(sodiumSha512, key.commitment, envelope)),
    ) as [NewEntry, ...NewEntry[]]
    const unit = { document: id, device: device.id, session: writer.session.id, needs: 'none', group: false } as const
    const [result] = await store.append([{ ...unit, entries: [first, ...rest], ...more }])
    if (result?.status !== 'stored') throw new Error(`not stored: ${result?.status}`)
    return result.head
  }
  const write = async (store: Store, writers: readonly TestWriter[], from: Head, count: number): Promise<Head> => {
    let head = from
    for (let done = 0, turn = 0; done < count; turn++) {
      const writer = writers[turn % writers.length] as TestWriter
      writer.seen = head
      const size = Math.min(UNIT_ENTRIES, count - done)
      head = await append(
        store,
        writer,
        Array.from({ length: size }, () => writer.update(content)),
      )
      done += size
    }
    return head
  }
  const writers = Array.from({ length: sessions }, () => new TestWriter(document, device))
  const store = openSqliteStore({ path })
  const [founder] = writers as [TestWriter]
  const roles = [{ device: device.id, role: 'admin' }] as const
  const start = await append(store, founder, [founder.genesis()], {
    creation: { genesisHash, mode: 'members', commitment: key.commitment, roles },
  })
  const head = await write(store, writers, start, entries)
  await store.close()
  return {
    document: id,
    genesisHash,
    head: head.seq,
    goOn: async (copy, count) => {
      const other = openSqliteStore({ path: copy })
      const last = await write(other, [new TestWriter(document, device)], head, count)
      await other.close()
      return last
    },
  }
}
