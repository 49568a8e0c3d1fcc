/** Snapshots that lie, and relays that lie about them: nothing of it is shown, nothing is lost, and it is told whose it is. */
import { createMemoryDocumentStore, type DocumentStore, type SealedProviderOptions } from '@y-sealed/client'
import {
  bytesToHex,
  encodeEntries,
  encodeRelayFrame,
  type Bytes,
  type IdsFrame,
  type RelayFrame,
} from '@y-sealed/protocol'
import { describe, expect, it, vi } from 'vitest'

import type { Tabs } from '../../client/stores/tabs.ts'
import { noMarks } from '../support/lies/no-marks.ts'
import { startLyingRelay, turnBit, type LyingRelay, type Trick } from '../support/lying-relay.ts'
import { publishForgery, rebuildHonestly, withText, type Forgery } from '../support/snapshots/forger.ts'
import {
  createScene,
  expectSound,
  halted,
  haltOf,
  intrude,
  startHonestRelay,
  watch,
  type HonestRelay,
  type Intruder,
  type Scene,
  type Witness,
} from '../support/stage.ts'

const PACE = { electionMs: 20, attestationMs: 40, idleMs: 600_000 }
const TEXT = 'pay Bob a hundred, and be quick about it. '.repeat(4)

/** A document of a log so long that nobody who opens is sent all of it. */
interface Theatre {
  readonly scene: Scene
  readonly lying: LyingRelay
  readonly honest: HonestRelay
  readonly alice: Witness
  readonly store: DocumentStore
  join(provider?: Partial<SealedProviderOptions>): Promise<Witness>
  mallory(): Promise<Intruder>
}

async function setTheatre(provider: Partial<SealedProviderOptions>): Promise<Theatre> {
  const scene = await createScene()
  const lying = await startLyingRelay()
  // One is due near the text's end, and another 36 entries behind it: how fast somebody types on this machine is all the same.
  const limits = { pageBytes: 4_096, soonEntries: 36, compactionPauseMs: 50 }
  const honest = await startHonestRelay([lying], undefined, limits)
  lying.stand(honest)
  const join: Theatre['join'] = (options = {}) =>
    watch({ relay: lying, access: scene.access(), provider: { snapshotPace: PACE, ...options } })
  const store = createMemoryDocumentStore()
  const alice = await join({ ...provider, store })
  await alice.peer.provider.whenSynced()
  for (const word of TEXT.split(' ')) {
    alice.peer.text.insert(alice.peer.text.length, `${word} `)
    await alice.peer.provider.flush()
  }
  await alice.peer.provider.whenKept()
  await vi.waitFor(async () =>
    expect((await store.extent(scene.document.id)).lastSeq).toBe(alice.peer.provider.head.seq),
  )
  return { scene, lying, honest, alice, store, join, mallory: () => intrude(honest, scene) }
}

async function forge(theatre: Theatre, make: (honest: Forgery['said']) => Forgery): Promise<Intruder> {
  const { scene, store, alice } = theatre
  const honest = await rebuildHonestly({ access: scene.access(), store, head: alice.peer.provider.head })
  const mallory = await theatre.mallory()
  await publishForgery(mallory, make(honest))
  return mallory
}

const standingOf = ({ peer }: Witness): (string | undefined)[] =>
  peer.provider.snapshots.map(({ standing }) => standing)

describe('a member who publishes what the log does not say', () => {
  it('T41 [K12] [LO13] is named by whoever looks after it, and nobody opens from it', async () => {
    const theatre = await setTheatre({ compaction: 'never' })
    const bob = await theatre.join()
    await bob.peer.provider.whenSynced()
    const { client } = await forge(theatre, (honest) => {
      const forged = withText(honest, TEXT.replace('Bob', 'Eve'))
      return { content: forged, said: forged }
    })
    await vi.waitFor(() => expect(standingOf(theatre.alice)).toEqual(['disputed']))
    for (const witness of [theatre.alice, bob]) {
      const [report, ...others] = witness.reports
      expect(others).toEqual([])
      expect(report).toMatchObject({ code: 'SNAPSHOT_MISMATCH', fatal: false })
      const [author, finder] = report!.authors!.map(bytesToHex)
      expect(author).toBe(bytesToHex(client.device.id))
      expect(finder).not.toBe(author)
    }
    const carol = await theatre.join()
    await carol.peer.provider.whenSynced()
    expect(carol.text).toBe(theatre.alice.text)
    expectSound(theatre.alice, bob, carol)
  })

  it('T41 [K12] [LO12] gains nothing by the digest of the truth: who opens finds that it is not of what it got', async () => {
    const theatre = await setTheatre({ compaction: 'never' })
    const bob = await theatre.join()
    await bob.peer.provider.whenSynced()
    await forge(theatre, (honest) => ({ content: withText(honest, TEXT.replace('Bob', 'Eve')), said: honest }))
    await vi.waitFor(() => expect(standingOf(theatre.alice)).toEqual(['attested']))
    const carol = await theatre.join({ compaction: 'never' })
    await carol.peer.provider.whenSynced()
    expect(carol.reports.map(({ code }) => code)).toEqual(['SNAPSHOT_REFUSED'])
    expect(carol.text).toBe(theatre.alice.text)
    expectSound(carol)
  })

  it('T41 [LO13] is not believed on its own word while the log is there', async () => {
    const theatre = await setTheatre({ compaction: 'never' })
    await forge(theatre, (honest) => {
      const forged = withText(honest, TEXT.replace('Bob', 'Eve'))
      return { content: forged, said: forged }
    })
    const offered = { shown: false }
    const [published] = await vi.waitFor(() => {
      const { snapshots } = theatre.alice.peer.provider
      expect(snapshots).toHaveLength(1)
      return snapshots
    })
    // The relay names it all the same.
    theatre.lying.toClient = (frame) => {
      if (frame?.type !== 'opened' || offered.shown) return undefined
      offered.shown = true
      const lie = { snapshotId: published!.id, snapshotSeq: published!.seq, snapshotBytes: 1, through: 0 }
      return [encodeRelayFrame({ ...frame, ...lie })]
    }
    const carol = await theatre.join({ compaction: 'never' })
    await carol.peer.provider.whenSynced()
    expect(offered.shown).toBe(true)
    expect(carol.text).toBe(theatre.alice.text)
    expect(carol.reports.map(({ code }) => code)).toEqual(['SNAPSHOT_REFUSED'])
  })
})

describe('a relay that lies about snapshots', () => {
  /** Two snapshots that are vouched for, and some more. */
  const setPublished = async (): Promise<Theatre> => {
    const theatre = await setTheatre({})
    const { alice } = theatre
    const bob = await theatre.join()
    await vi.waitFor(() => expect(standingOf(alice)).toEqual(['attested']))
    bob.peer.close()
    alice.peer.text.insert(0, 'Dear bank, ')
    await alice.peer.provider.flush()
    return theatre
  }

  it.each<readonly [string, Trick<RelayFrame>]>([
    [
      'T42 [K1] turns a bit of it',
      (frame) =>
        frame?.type === 'snapshot-chunk'
          ? [encodeRelayFrame({ ...frame, bytes: turnBit(frame.bytes, 300) })]
          : undefined,
    ],
    [
      'T42 [K2] gives another in its place',
      (frame) =>
        frame?.type === 'snapshot-chunk'
          ? [encodeRelayFrame({ ...frame, bytes: frame.bytes.slice().reverse() })]
          : undefined,
    ],
    [
      'T42 [K3] leaves a piece out',
      (frame) =>
        frame?.type === 'snapshot-chunk' ? [encodeRelayFrame({ ...frame, total: frame.total + 1 })] : undefined,
    ],
    [
      'T42 [LO10] says that it goes further',
      (frame) =>
        frame?.type === 'opened' ? [encodeRelayFrame({ ...frame, snapshotSeq: frame.snapshotSeq + 1 })] : undefined,
    ],
  ])('%s: the log is read in its stead, and nothing is lost', async (_, trick) => {
    const theatre = await setPublished()
    theatre.lying.toClient = trick
    const carol = await theatre.join({ compaction: 'never' })
    await carol.peer.provider.whenSynced()
    expect(carol.text).toBe(theatre.alice.text)
    expect(carol.reports.map(({ code }) => code)).toContain('SNAPSHOT_REFUSED')
    expect(carol.closings).toEqual([])
    expectSound(carol)
  })

  it(
    'T42 [K1] [CL30] turns a bit of it once: it is fetched again, and the document opens from it',
    { timeout: 60_000 },
    async () => {
      const theatre = await setPublished()
      let chunks = 0
      theatre.lying.toClient = (frame) => {
        if (frame?.type !== 'snapshot-chunk') return undefined
        chunks += 1
        return chunks === 1 ? [encodeRelayFrame({ ...frame, bytes: turnBit(frame.bytes, 300) })] : undefined
      }
      const carol = await theatre.join({ compaction: 'never' })
      await carol.peer.provider.whenSynced()
      expect([chunks, carol.text, carol.reports]).toEqual([2, theatre.alice.text, []])
      expectSound(carol)
    },
  )

  it(
    'T42 [K1] [CL30] turns a bit of it each time, where the log before is gone: it is left, looked at again, and gone on with once it is good',
    { timeout: 90_000 },
    async () => {
      const theatre = await setPublished()
      theatre.lying.toClient = (frame) => {
        if (frame?.type === 'opened' && frame.present) return [encodeRelayFrame({ ...frame, oldestSeq: 5, through: 0 })]
        if (frame?.type !== 'snapshot-chunk') return undefined
        return [encodeRelayFrame({ ...frame, bytes: turnBit(frame.bytes, 300) })]
      }
      const carol = await theatre.join({ compaction: 'never' })
      expect(await haltOf(carol)).toEqual(halted('LOG_INVALID', ''))
      expect(carol.peer.provider.syncStatus.kind).toBe('spoilt')
      theatre.lying.repent()
      await vi.waitFor(() => expect(carol.peer.provider.synced).toBe(true), { timeout: 60_000 })
      await carol.peer.provider.whenSaved()
      expect(carol.text).toContain('Dear bank')
      expect(carol.peer.provider.syncStatus.kind).toBe('saved')
      expectSound(carol)
    },
  )

  it('T42 [K3] [CL41] breaks off while one is tried, of which nothing is shown yet: it is tried anew, and all is shown', async () => {
    const theatre = await setPublished()
    const { lying, alice } = theatre
    let hasBegun = false
    lying.toClient = (frame) => {
      hasBegun ||= frame?.type === 'snapshot-chunk'
      // What follows the snapshot, and would vouch for it, is kept back.
      return hasBegun && (frame?.type === 'entries' || frame?.type === 'read-done') ? [] : undefined
    }
    let hear: (message: Bytes) => void = () => undefined
    const tabs: Tabs = {
      join: (_, listener) => {
        hear = listener
        return { send: () => undefined, close: () => undefined }
      },
    }
    const carol = await theatre.join({ compaction: 'never', tabs })
    const { provider, doc } = carol.peer
    await vi.waitFor(() => expect(provider.head.seq).toBeGreaterThan(0))
    expect([carol.text, provider.synced]).toEqual(['', false])
    lying.stand(null)
    await vi.waitFor(() => expect(provider.status).not.toBe('connected'))
    // What another tab has read there would stand upon nothing.
    const { seq } = provider.head
    const behind = await theatre.store.read(theatre.scene.document.id, seq + 1, 1_000_000)
    expect(behind.length).toBeGreaterThan(0)
    hear(
      encodeEntries(
        seq + 1,
        behind.map(({ envelope }) => envelope),
      ),
    )
    expect([carol.text, provider.head.seq, doc.store.pendingStructs]).toEqual(['', seq, null])
    lying.repent()
    lying.stand(theatre.honest)
    await provider.whenSynced()
    expect(carol.text).toBe(alice.text)
    expect([carol.reports, provider.snapshots.map(({ standing }) => standing)]).toEqual([[], ['attested']])
    expectSound(carol)
  })

  /** Dave had verified the log up to a place before the snapshot, and has kept the head that was signed there, and nothing else. */
  async function setRemembering(): Promise<{ theatre: Theatre; comeBack: () => Promise<Witness> }> {
    const theatre = await setPublished()
    const { alice } = theatre
    const dave = await theatre.join({ compaction: 'never' })
    await dave.peer.provider.whenSynced()
    const signed = dave.peer.provider.signedHead!
    dave.peer.close()
    const bob = await theatre.join()
    for (let i = 0; i < 40; i++) {
      alice.peer.text.insert(0, 'and ')
      await alice.peer.provider.flush()
    }
    await vi.waitFor(() => {
      const newest = alice.peer.provider.snapshots.at(-1)
      expect([newest?.standing, newest!.seq > signed.seq]).toEqual(['attested', true])
    })
    bob.peer.close()
    const comeBack = async (): Promise<Witness> => {
      const store = createMemoryDocumentStore()
      await store.append(theatre.scene.document.id, [], signed)
      return await theatre.join({ store })
    }
    return { theatre, comeBack }
  }

  it('T42 [K9] [LO15] [CL41] has to show by its marks that the log before a snapshot is the one that was signed', async () => {
    const { theatre, comeBack } = await setRemembering()
    const honestly = await comeBack()
    await honestly.peer.provider.whenSynced()
    expect([honestly.text, honestly.reports]).toEqual([theatre.alice.text, []])
    honestly.peer.close()

    let asked = 0
    theatre.lying.toClient = (frame) => {
      if (frame?.type !== 'ids') return undefined
      asked += 1
      return [encodeRelayFrame({ ...frame, ids: turnBit(frame.ids, 40) })]
    }
    const lied = await comeBack()
    expect(await haltOf(lied)).toMatchObject({ reported: ['FORK'] })
    // The first time, and three times more.
    expect([asked, lied.text.includes('Dear bank')]).toEqual([4, false])
  })

  it(
    'T42 [K1] [CL30] [CL41] may have one of those marks spoilt on its way: they are asked for again',
    { timeout: 60_000 },
    async () => {
      const { theatre, comeBack } = await setRemembering()
      let asked = 0
      theatre.lying.toClient = (frame) => {
        if (frame?.type !== 'ids') return undefined
        asked += 1
        return asked === 1 ? [encodeRelayFrame({ ...frame, ids: turnBit(frame.ids, 40) })] : undefined
      }
      const dave = await comeBack()
      await dave.peer.provider.whenSynced()
      expect([asked, dave.text, dave.reports]).toEqual([2, theatre.alice.text, []])
      expectSound(dave)
    },
  )

  it.each([
    ['hands out none', (frame: IdsFrame) => [encodeRelayFrame({ ...frame, ids: new Uint8Array(0) })]],
    ['says that it has none any more', ({ document }: IdsFrame) => [noMarks(document)]],
    ['says nothing', () => []],
  ])(
    'T42 [LO15] [CL41] that %s of those marks keeps nobody waiting: it opens, and is told of as unproven',
    { timeout: 40_000 },
    async (_, lie) => {
      const { theatre, comeBack } = await setRemembering()
      theatre.lying.toClient = (frame) => (frame?.type === 'ids' ? lie(frame) : undefined)
      const dave = await comeBack()
      await vi.waitFor(() => expect(dave.peer.provider.synced).toBe(true), { timeout: 20_000 })
      expect(dave.text).toBe(theatre.alice.text)
      expect(dave.reports.map(({ code, fatal }) => [code, fatal])).toEqual([['UNPROVEN', false]])
      expectSound(dave)
    },
  )
})
