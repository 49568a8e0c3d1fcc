/** The history of a document that a device opened from a snapshot. */
import {
  createMemoryDocumentStore,
  importDocument,
  type SealedHistory,
  type SealedProvider,
  type Version,
} from '@y-sealed/client'
import {
  concatBytes,
  ExportReader,
  ExportWriter,
  sodiumSha512,
  type Bytes,
  type ExportHeader,
} from '@y-sealed/protocol'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'

import { auditExport } from '../../server/audit/audit-export.ts'
import { Team } from '../support/members/team.ts'
import { createScene, startHonestRelay, watch, type Witness } from '../support/stage.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'

const PACE = { electionMs: 20, attestationMs: 40, idleMs: 200 }
const NOON = Date.UTC(2026, 0, 1, 12)

/**
 * What happens in one turn happens so many minutes past noon. The relay is in this process, and finds its certificate not valid yet when it
 * looks at it by such a clock: it makes another, which is over by the system's.
 */
function atMinute<Result>(minutes: number, act: () => Result): Result {
  const clock = vi.spyOn(Date, 'now').mockReturnValue(NOON + 60_000 * minutes)
  try {
    return act()
  } finally {
    clock.mockRestore()
  }
}

/** Each word leaves by itself; a new sitting every forty. */
async function type({ peer }: Witness, words: number, startMinute: number): Promise<void> {
  for (let i = 0; i < words; i++) {
    await atMinute(startMinute + 10 * Math.floor(i / 40), () => {
      peer.text.insert(peer.text.length, `${i} `)
      return peer.provider.flush()
    })
  }
}

interface Scene {
  readonly alice: Witness
  readonly carol: Witness
  readonly history: SealedHistory
  readonly base: number
}

/** Alice and Bob write until a snapshot is attested; then Carol opens from it. */
async function openFromSnapshot(): Promise<Scene> {
  const scene = await createScene()
  const relay = await startHonestRelay([], undefined, { pageBytes: 16_384 })
  const provider = { snapshotPace: PACE }
  const alice = await watch({ relay, access: scene.access(), provider })
  const bob = await watch({ relay, access: scene.access(), provider })
  await alice.peer.provider.whenSynced()
  await bob.peer.provider.whenSynced()
  await type(bob, 3, 0)
  await type(alice, 120, 20)
  await vi.waitFor(() => expect(bob.peer.provider.snapshots.at(-1)?.standing).toBe('attested'))
  await type(alice, 5, 100)
  for (;;) {
    const base = attestedSeq(bob.peer.provider)
    const carol = await watch({ relay, access: scene.access(), provider })
    await carol.peer.provider.whenSynced()
    // Where typing is slow there may be one in its midst, and another by now.
    if (attestedSeq(bob.peer.provider) !== base) {
      carol.peer.close()
      continue
    }
    expect(carol.text).toBe(alice.text)
    return { alice, carol, base, history: carol.peer.provider.history() }
  }
}

/** Place of the newest snapshot that somebody else has vouched for. */
function attestedSeq({ snapshots }: SealedProvider): number {
  return snapshots.findLast(({ standing }) => standing === 'attested')?.seq ?? 0
}

const spansOf = (versions: readonly Version[]): readonly number[] =>
  versions.map(({ latest }) => ((latest?.getTime() ?? 0) - NOON) / 60_000)

describe('[HI2] a device that began behind a snapshot', () => {
  it('asks the relay for what comes before once somebody goes so far, and shows it as others do', async () => {
    const { alice, carol, history } = await openFromSnapshot()
    const theirs = await alice.peer.provider.history().versions()
    const all = await history.versions()
    expect(all).toEqual({ ...theirs, versions: expect.any(Array) as unknown })
    expect(spansOf(all.versions)).toEqual(spansOf(theirs.versions))
    expect(all.unknownThrough).toBe(0)
    const oldest = all.versions.at(-1) as Version
    expect((await history.at(oldest.seq)).getText('note').toJSON()).toBe(
      (await alice.peer.provider.history().at(oldest.seq)).getText('note').toJSON(),
    )
    expect(carol.reports).toEqual([])
  })

  it('shows what comes after it without the relay, and says what it does not know', async () => {
    const { alice, carol, history, base } = await openFromSnapshot()
    carol.peer.provider.disconnect()
    const page = await history.versions()
    expect(page.unknownThrough).toBe(base)
    expect(page.versions.every(({ seq }) => seq > base)).toBe(true)
    const [newest] = page.versions as [Version]
    expect((await history.at(newest.seq)).getText('note').toJSON()).toBe(alice.text)
    await expect(history.at(base - 5)).rejects.toMatchObject({ code: 'OFFLINE' })
    carol.peer.provider.connect()
    await carol.peer.provider.whenSynced()
    await vi.waitFor(async () => expect((await history.versions()).unknownThrough).toBe(0))
  })

  it('[HI3] brings back what was before it', async () => {
    const { alice, history } = await openFromSnapshot()
    await history.restore(6)
    const then = (await alice.peer.provider.history().at(6)).getText('note').toJSON()
    await vi.waitFor(() => expect(alice.text).toBe(then))
  })

  it('goes on with live edits while the past is read', async () => {
    const { alice, carol, history } = await openFromSnapshot()
    const reading = history.versions()
    alice.peer.text.insert(0, 'live ')
    await alice.peer.provider.flush()
    await reading
    await vi.waitFor(() => expect(carol.text).toBe(alice.text))
    carol.peer.text.insert(0, 'and back ')
    await carol.peer.provider.flush()
    await vi.waitFor(() => expect(alice.text).toBe(carol.text))
    expect([...alice.reports, ...carol.reports]).toEqual([])
  })
})

describe('[CL13] a device that keeps the whole log', () => {
  it('has its whole history without the relay, and one that does not keeps what no snapshot stands for', async () => {
    const scene = await createScene()
    const relay = await startHonestRelay([], undefined, { pageBytes: 16_384 })
    const [kept, bounded] = [createMemoryDocumentStore(), createMemoryDocumentStore()]
    const access = scene.access()
    const alice = await watch({ relay, access, provider: { snapshotPace: PACE, store: kept } })
    const bob = await watch({
      relay,
      access: scene.access(),
      provider: { snapshotPace: PACE, store: bounded, keepLog: false },
    })
    await alice.peer.provider.whenSynced()
    await bob.peer.provider.whenSynced()
    await type(bob, 3, 0)
    for (let round = 1; round <= 2; round++) {
      await type(alice, 110, 100 * round)
      await vi.waitFor(() => {
        const attested = bob.peer.provider.snapshots.findLast(({ standing }) => standing === 'attested')
        expect(attested?.seq).toBeGreaterThan(100 * (round - 1))
      }, 5_000)
    }
    await type(alice, 5, 500)
    await vi.waitFor(async () => expect((await bounded.extent(scene.document.id)).baseSeq).toBeGreaterThan(0), 5_000)
    expect((await kept.extent(scene.document.id)).baseSeq).toBe(0)
    const theirs = await alice.peer.provider.history().versions()
    await alice.peer.provider.whenKept()
    alice.peer.provider.destroy()

    const again = await watch({
      relay: { ...relay, url: 'wss://127.0.0.1:1/sync' },
      access: scene.access(),
      provider: { store: kept },
    })
    await again.peer.provider.whenLoaded()
    const page = await again.peer.provider.history().versions()
    expect([page.unknownThrough, spansOf(page.versions)]).toEqual([0, spansOf(theirs.versions)])
    const oldest = page.versions.at(-1) as Version
    expect((await again.peer.provider.history().at(oldest.seq)).getText('note').toJSON()).toBe('0 1 2 ')
  })
})

/** A file of all that a device has, and its key. */
async function exportFrom(provider: SealedProvider): Promise<{ readonly file: Bytes; readonly key: string }> {
  const { key, chunks } = await provider.exportDocument()
  const pieces: Bytes[] = []
  for await (const piece of chunks) pieces.push(piece)
  return { file: concatBytes(...pieces), key }
}

async function faultsOf(file: Bytes): Promise<readonly string[]> {
  const path = join(makeTemporaryFolder(), 'note')
  writeFileSync(path, file)
  const faults: string[] = []
  const say = ({ code, seq, detail }: { code: string; seq: number | null; detail: string }): void =>
    void faults.push(`${code} at ${seq}: ${detail}`)
  await auditExport({ path, onFileFault: say, onDocument: (report) => report.faults.forEach(say) })
  return faults
}

describe('[EX2] [EX5] a document that begins behind a snapshot', () => {
  it('is exported with it, opens from it, and says where its history begins', async () => {
    const { alice, carol, base } = await openFromSnapshot()
    await carol.peer.provider.whenKept()
    const { file, key } = await exportFrom(carol.peer.provider)
    const imported = await importDocument(file, { key })
    expect(imported.doc.getText('note').toJSON()).toBe(alice.text)
    // What a member has said of the log in a snapshot, the relay has not.
    expect(imported.coveredBy(imported.signed?.headKey as Bytes)).toBeNull()
    const { versions, unknownThrough } = await imported.history().versions()
    expect(unknownThrough).toBe(base)
    const oldest = versions.at(-1) as Version
    expect((await imported.history().at(oldest.seq)).getText('note').toJSON()).toBe(
      (await alice.peer.provider.history().at(oldest.seq)).getText('note').toJSON(),
    )
    expect(await faultsOf(file)).toEqual([])

    // Somebody else's snapshot, or this one at another place, is believed by nobody.
    const reader = new ExportReader(sodiumSha512)
    const parts = [...reader.take(file)]
    const writer = new ExportWriter(sodiumSha512, (reader.header as ExportHeader).genesis)
    const moved = parts.map((part) => (part.type === 'snapshot' ? { ...part, seq: part.seq - 1 } : part))
    const forged = concatBytes(writer.header, ...moved.map((part) => writer.write(part)))
    await expect(importDocument(forged, { key })).rejects.toMatchObject({ code: 'EXPORT_DAMAGED' })
    expect((await faultsOf(forged)).some((fault) => /^(SNAPSHOT|END|SEQ)_/.test(fault))).toBe(true)
  })

  it('is audited where it has members, and whatever stands before the snapshot', async () => {
    const relay = await startHonestRelay([], undefined, { pageBytes: 16_384 })
    const options = { provider: { snapshotPace: PACE } }
    const team = await Team.start(relay, options)
    const bob = await team.invite('writer', team.alice, options)
    await team.invite('reader')
    for (let i = 0; i < 120; i++) await (i % 30 === 0 ? bob : team.alice).write(`${i} `)
    await vi.waitFor(() => expect(attestedSeq(bob.peer.provider)).toBeGreaterThan(50))
    await team.alice.rotate()
    await bob.write('the end')
    const carol = await team.invite('writer', team.alice, options)
    await carol.reads(bob.text)
    await carol.peer.provider.whenKept()
    const { file, key } = await exportFrom(carol.peer.provider)
    expect(await faultsOf(file)).toEqual([])
    const [byKey, asMember] = [await importDocument(file, { key }), await importDocument(file, { device: bob.device })]
    for (const imported of [byKey, asMember]) {
      expect(imported.doc.getText('note').toJSON()).toBe(bob.text)
      expect((await imported.history().versions()).unknownThrough).toBeGreaterThan(50)
    }
  })
})
