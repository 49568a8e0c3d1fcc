/**
 * A relay has lost what one device was shown, and its log has gone on without that. Who may give it up is another, who has never seen it: it is told
 * why nothing leaves, and can. Rules LO14, CL30.
 */
import type { IntegrityReport, SealedDocument } from '@y-sealed/client'
import { KIND } from '@y-sealed/protocol'
import { expect, it, vi } from 'vitest'

import { startLyingRelay } from '../support/lying-relay.ts'
import { createPerson, eventually, expectText, textOf, write } from '../support/person.ts'
import { copyOf, startHonestRelay } from '../support/stage.ts'

const LONG_MS = 120_000

function watch({ provider }: SealedDocument): readonly IntegrityReport[] {
  const reports: IntegrityReport[] = []
  provider.on('integrity', (report) => reports.push(report))
  return reports
}

it(
  '[LO14] [CL30] an admin who misses nothing is told what the relay lacks, gives it up, and whoever had it goes on',
  { timeout: LONG_MS },
  async () => {
    const lying = [await startLyingRelay(), await startLyingRelay()] as const
    const stand = async (data?: string): Promise<Awaited<ReturnType<typeof startHonestRelay>>> => {
      const relay = await startHonestRelay(lying, data)
      for (const each of lying) each.stand(relay)
      return relay
    }
    const first = await stand()
    const alice = await (await createPerson({ relay: lying[0], name: 'Alice' })).documents.createDocument()
    await write(alice, 'first. ')
    const bobs = (await createPerson({ relay: lying[1], name: 'Bob' })).documents
    const bob = await bobs.openDocument(await alice.invite({ role: 'writer' }))
    await expectText(bob, 'first. ')
    await write(bob, 'second. ')
    await expectText(alice, 'first. second. ')
    const [ofAlice, ofBob] = [watch(alice), watch(bob)]

    alice.provider.disconnect()
    const backup = await copyOf(first, lying)
    await stand(first.data)
    await write(bob, 'lost. ')
    bob.provider.disconnect()
    bob.provider.connect()
    await eventually(() => expect(bob.provider.signedHead?.seq).toBe(bob.provider.head.seq))
    bob.provider.disconnect()
    await stand(backup)
    alice.provider.connect()
    await write(alice, 'goes on. ')
    await write(alice, 'and on. ')
    bob.provider.connect()
    await vi.waitFor(() => expect(ofBob.map(({ code }) => code)).toContain('FORK'), { timeout: LONG_MS })

    alice.doc.getText('note').insert(0, 'kept. ')
    bob.doc.getText('note').insert(0, 'apart. ')
    await vi.waitUntil(() => alice.provider.syncStatus.kind === 'rolled-back', { timeout: LONG_MS })
    expect(ofAlice).toMatchObject([{ code: 'ROLLBACK', fatal: false }])
    expect(alice.provider.unsyncedChanges).toBeGreaterThan(0)
    await expect(bob.provider.restartLog()).rejects.toMatchObject({ code: 'FORBIDDEN' })
    // The relay never hears of it the first time.
    let dropped = 0
    lying[0].toRelay = (frame, _message, link) => {
      if (dropped > 0 || frame?.type !== 'push' || frame.envelopes[0]?.kind !== KIND.record) return undefined
      dropped += 1
      link.cut()
      return []
    }
    await alice.provider.restartLog()
    expect(dropped).toBe(1)
    expect(alice.provider.syncStatus.kind).not.toBe('rolled-back')
    await vi.waitFor(() => expect(textOf(bob)).toBe(textOf(alice)), { timeout: LONG_MS })
    await vi.waitFor(
      () => expect([alice, bob].map(({ provider }) => provider.syncStatus.kind)).toEqual(['saved', 'saved']),
      { timeout: LONG_MS },
    )
    const words = textOf(bob).split('. ').filter(Boolean)
    expect(words.toSorted()).toEqual(['and on', 'apart', 'first', 'goes on', 'kept', 'lost', 'second'])
    expect(ofAlice.map(({ code }) => code)).toEqual(['ROLLBACK', 'RESTORED'])
  },
)
