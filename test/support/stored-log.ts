/**
 * A database with one document of as many entries as a test asks for, written through the store by no relay.
 *
 * @module
 */
import { cryptoReady, envelopeId, sodiumSha512, type Bytes } from '@y-sealed/protocol'
import type { Sealed } from '@y-sealed/protocol/sealing'

import { newEntry } from '../../server/core/new-entry.ts'
import type { AppendUnit, NewEntry } from '../../server/core/ports.ts'
import { openSqliteStore } from '../../server/store/sqlite/store.ts'
import { createTestDevice } from './raw-client.ts'
import { createMembersDocument, TestWriter } from './room-document.ts'

export interface StoredLog {
  /** 16 bytes. */
  readonly document: Bytes
  /** Seq of its newest entry. */
  readonly head: number
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
  const writers = Array.from({ length: sessions }, () => new TestWriter(document, device))
  const store = openSqliteStore({ path })
  const append = async (
    writer: TestWriter,
    sealed: readonly Sealed[],
    more: Partial<AppendUnit> = {},
  ): Promise<void> => {
    const [first, ...rest] = sealed.map(({ envelope }) =>
      newEntry(envelope, envelopeId(sodiumSha512, key.commitment, envelope)),
    ) as [NewEntry, ...NewEntry[]]
    const unit = { document: id, device: device.id, session: writer.session.id, needs: 'none', group: false } as const
    const [result] = await store.append([{ ...unit, entries: [first, ...rest], ...more }])
    if (result?.status !== 'stored') throw new Error(`not stored: ${result?.status}`)
    head = result.head
  }
  let head = document.start
  const [founder] = writers as [TestWriter]
  const roles = [{ device: device.id, role: 'admin' }] as const
  await append(founder, [founder.genesis()], {
    creation: { genesisHash, mode: 'members', commitment: key.commitment, roles },
  })
  for (let done = 0, turn = 0; done < entries; turn++) {
    const writer = writers[turn % sessions] as TestWriter
    writer.seen = head
    const count = Math.min(UNIT_ENTRIES, entries - done)
    await append(
      writer,
      Array.from({ length: count }, () => writer.update(content)),
    )
    done += count
  }
  await store.close()
  return { document: id, head: head.seq }
}
