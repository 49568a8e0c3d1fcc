/**
 * What the store says while a commit is on its way to the disk, and after one that did not get there.
 */
import { describe, expect, it, onTestFinished } from 'vitest'

import type { Store } from '../../../../server/core/ports.ts'
import { openSqliteStore } from '../../../../server/store/sqlite/store.ts'
import { createTestDocument, random, type TestDocument } from '../../../contract/append-units.ts'
import { makeUpload, mustPublish, stage, stageWhole, type TestUpload } from '../../../contract/snapshot-units.ts'
import { makeStorePath } from '../../../contract/store-directory.ts'
import { holdSyncs } from '../../../support/held-syncs.ts'

interface Scene {
  readonly store: Store
  readonly document: TestDocument
  readonly upload: TestUpload
}

const ALL = { entries: 100, bytes: 1e6 }

/** Whatever can be asked about a document. */
const LOOKS: readonly (readonly [string, (scene: Scene) => Promise<unknown>])[] = [
  ['status', ({ store, document }) => store.status([document.id])],
  ['read', ({ store, document }) => store.read(document.id, 0, ALL)],
  ['readRecords', ({ store, document }) => store.readRecords(document.id, 0, 1e6)],
  ['readMarks', ({ store, document }) => store.readMarks(document.id, 0, 9)],
  ['transcriptAt', ({ store, document }) => store.transcriptAt(document.id, 1)],
  ['roleOf', ({ store, document }) => store.roleOf(document.id, document.creator.device)],
  ['linkOf', ({ store, document }) => store.linkOf(document.id, random(16))],
  ['entryAt', ({ store, document: { id, creator } }) => store.entryAt(id, creator.device, creator.session, 1)],
  ['commitments', ({ store, document }) => store.commitments(document.id)],
  ['ends of a snapshot', ({ store, upload }) => store.snapshots.ends(upload)],
  ['hash of a snapshot', ({ store, upload }) => store.snapshots.hash(upload, random(9))],
  ['a published snapshot', ({ store, document, upload }) => store.snapshots.read(document.id, upload.snapshotId, 0)],
  ['published snapshots', ({ store, document }) => store.snapshots.published(document.id)],
  ['writers', ({ store, document }) => store.snapshots.writers(document.id)],
  ['documents with snapshots', ({ store }) => store.snapshots.documents(0, 9)],
  ['what is lost', ({ store, document }) => store.noteSigned(document.id, document.creator.seen)],
]

/** Whatever can be changed. */
const CHANGES: readonly (readonly [string, (scene: Scene) => Promise<unknown>])[] = [
  ['an append', ({ store, document }) => store.append([document.creator.unit()])],
  [
    'a repeated append',
    async ({ store, document }) => {
      const unit = document.creator.unit()
      await Promise.all([store.append([unit]), store.append([unit])])
    },
  ],
  ['a lost head', ({ store, document }) => store.noteSigned(document.id, { seq: 99, transcript: random(32) })],
  ['a removal', ({ store, document }) => store.remove(document.id)],
  ['a piece', ({ store, document }) => stage(store, makeUpload(document.id, random(16)))],
  [
    'a piece beside an append',
    async ({ store, document }) => {
      const staged = stage(store, makeUpload(document.id, random(16)))
      await Promise.race([staged, store.append([document.creator.unit()])])
    },
  ],
  [
    'an accepted snapshot',
    ({ store, upload }) => store.snapshots.accept(upload, { epoch: 1, seq: 1, transcript: random(16) }),
  ],
  ['a discarded snapshot', ({ store, upload }) => store.snapshots.discard(upload)],
  ['bytes that are reaped', ({ store }) => store.snapshots.reap(Date.now() + 60_000, 9)],
  [
    'a trimmed log',
    ({ store, document }) =>
      store.snapshots.trim(document.id, { through: 2, beforeS: 1e10, maxEntries: 9, maxBytes: 1e6 }),
  ],
]

/** A document of two entries, a snapshot that is in force, and one that is staged. */
async function createScene(): Promise<Scene> {
  const store = openSqliteStore({ path: makeStorePath() })
  onTestFinished(() => store.close())
  const document = await createTestDocument(store)
  const { id, creator } = document
  await store.append([creator.unit()])
  await mustPublish(store, id, creator.device, 1)
  const upload = makeUpload(id, creator.device)
  await stageWhole(store, upload)
  return { store, document, upload }
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => setImmediate(resolve))
}

/** True once it is decided, one way or the other. */
function watch(work: Promise<unknown>): () => boolean {
  let isDecided = false
  const decide = (): void => void (isDecided = true)
  work.then(decide, decide)
  return () => isDecided
}

describe('what is not yet on the disk', () => {
  it.each(LOOKS)('[I3] is not shown: %s', async (_, look) => {
    const scene = await createScene()
    const syncs = holdSyncs()
    const append = scene.store.append([scene.document.creator.unit()])
    await turns(3)
    const isAppended = watch(append)
    const isShown = watch(look(scene))
    await turns(20)
    expect([syncs.waiting, isAppended(), isShown()]).toEqual([1, false, false])
    await syncs.tell()
    expect([isAppended(), isShown()]).toEqual([true, true])
  })

  it.each(CHANGES)('[I3] is not told: %s', async (_, change) => {
    const scene = await createScene()
    const syncs = holdSyncs()
    const changed = change(scene)
    const isDone = watch(changed)
    await turns(20)
    expect([syncs.waiting, isDone()]).toEqual([1, false])
    await syncs.letGo()
    await changed
  })

  it('[I3] is waited for when the store is closed', async () => {
    const { store, document } = await createScene()
    const syncs = holdSyncs()
    const noted = store.noteSigned(document.id, { seq: 99, transcript: random(32) })
    await turns(3)
    const closed = store.close()
    const isClosed = watch(closed)
    await turns(20)
    expect([syncs.waiting, isClosed()]).toEqual([1, false])
    await syncs.letGo()
    expect(await noted).toMatchObject({ seq: 99 })
    await closed
  })

  it('[I3] keeps nobody waiting who asks for another document', async () => {
    const { store, document } = await createScene()
    const other = await createTestDocument(store)
    const syncs = holdSyncs()
    const append = store.append([document.creator.unit()])
    await turns(3)
    expect(syncs.waiting).toBe(1)
    expect(await store.read(other.id, 0, ALL)).toHaveLength(1)
    expect(await store.roleOf(other.id, other.creator.device)).toBe('admin')
    await syncs.letGo()
    await append
  })

  it('[I3] is one sync for all that comes while another is under way', async () => {
    const { store, document } = await createScene()
    const syncs = holdSyncs()
    const push = (): Promise<unknown> => store.append([document.creator.unit()])
    const first = push()
    await turns(3)
    const others = Promise.all([push(), push(), push()])
    await turns(9)
    expect(syncs.waiting).toBe(1)
    await syncs.tell()
    await first
    await turns(9)
    expect(syncs.waiting).toBe(1)
    await syncs.tell()
    await others
  })
})

describe('a sync that failed', () => {
  const failure = Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' })
  const refusal = { code: 'STORE_UNSYNCED', cause: failure }

  it('[H16] [I3] is the end of all answers, until the store is opened anew', async () => {
    const path = makeStorePath()
    const store = openSqliteStore({ path })
    const document = await createTestDocument(store)
    const { id, creator } = document
    const upload = makeUpload(id, creator.device)
    await stageWhole(store, upload)
    const [before] = await store.status([id])
    const syncs = holdSyncs()
    const unit = creator.unit()
    const append = store.append([unit])
    await turns(3)
    const later = creator.unit()
    const looked = store.read(id, 0, ALL)
    const refused = [append, looked, store.append([later])].map((each) => expect(each).rejects.toMatchObject(refusal))
    await syncs.tell(failure)
    await Promise.all(refused)
    const scene: Scene = { store, document, upload }
    for (const [name, ask] of [...LOOKS, ...CHANGES]) {
      const outcome = await ask(scene).catch((error: unknown) => error)
      expect({ name, outcome }).toMatchObject({ name, outcome: refusal })
    }
    // It is not tried again, by anybody.
    expect(syncs.waiting).toBe(0)
    await syncs.letGo()
    await store.close()

    const again = openSqliteStore({ path })
    onTestFinished(() => again.close())
    const [status] = await again.status([id])
    // Of what was never acknowledged either is right; and what comes again goes on from there.
    expect([before?.head.seq, (before?.head.seq as number) + 1]).toContain(status?.head.seq)
    expect(await again.append([unit, later])).toMatchObject([{ status: 'stored' }, { status: 'stored', fresh: 1 }])
  })
})
