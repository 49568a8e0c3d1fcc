/** Snapshots while people type without pause: they are made and vouched for all the same, and nobody's edit waits for them. */
import { setTimeout as pause } from 'node:timers/promises'

import { describe, expect, it, vi } from 'vitest'

import type { RelayLimits } from '../../server/core/limits.ts'
import { createScene, startHonestRelay, watch, type Witness } from '../support/stage.ts'

const IDLE_MS = 60_000
const DUE_AFTER = 60
const AMPLE = { perSecond: 1_000_000, burst: 1_000_000 }
/** A snapshot is due early, and a hundred people may come from one place. */
const LIMITS: Partial<RelayLimits> = {
  soonEntries: DUE_AFTER,
  compactionPauseMs: 50,
  socketsPerSubject: 1_000,
  socketsPerNetwork: 1_000,
  upgradesPerNetwork: 1_000,
  networkUpgrades: AMPLE,
  networkHandshakes: AMPLE,
  networkTokenRequests: AMPLE,
  accepts: AMPLE,
  networkPushes: AMPLE,
  networkBytes: AMPLE,
}

/** Types until told to stop: the next word leaves when the one before is saved, and after a pause. Gives how long the slowest waited. */
function startTyping({ peer }: Witness, pauseMs: number): () => Promise<number> {
  const over = new AbortController()
  let slowestMs = 0
  const typing = (async () => {
    for (let i = 0; !over.signal.aborted; i++) {
      const began = performance.now()
      peer.text.insert(i % 2 === 0 ? 0 : peer.text.length, `${i} `)
      await peer.provider.flush()
      slowestMs = Math.max(slowestMs, performance.now() - began)
      if (pauseMs > 0) await pause(pauseMs * (0.5 + Math.random()))
    }
  })()
  return async () => {
    over.abort()
    await typing
    return slowestMs
  }
}

describe('snapshots under typing without pause', () => {
  // Devices and relay share this process: they type as fast as the relay answers.
  it.each([
    [1, 0, 200, 3],
    [10, 0, 200, 3],
  ])(
    '[LO11] [CL40] are published and vouched for time and again while %i write',
    async (writers, pauseMs, attestationMs, snapshots) => {
      const snapshotPace = { electionMs: attestationMs / 10, attestationMs, idleMs: IDLE_MS }
      const scene = await createScene()
      const relay = await startHonestRelay([], undefined, LIMITS)
      // One socket each; who does not write looks on, and vouches.
      const people = await Promise.all(
        Array.from({ length: writers + 1 }, () => watch({ relay, access: scene.access(), provider: { snapshotPace } })),
      )
      await Promise.all(people.map(({ peer }) => peer.provider.whenSynced()))
      const [onlooker, ...typists] = people as [Witness, ...Witness[]]
      const began = performance.now()
      const stops = typists.map((typist) => startTyping(typist, pauseMs))
      const vouched = new Set<number>()
      await vi.waitFor(
        () => {
          for (const { seq, standing } of onlooker.peer.provider.snapshots)
            if (standing === 'attested') vouched.add(seq)
          expect(vouched.size).toBeGreaterThanOrEqual(snapshots)
        },
        { timeout: 90_000, interval: 20 },
      )
      const tookMs = performance.now() - began
      const slowest = Math.max(...(await Promise.all(stops.map((stop) => stop()))))
      const { seq } = onlooker.peer.provider.head
      // It follows the head: what is left over is bounded by how fast people type, and does not grow with the log.
      expect(seq - Math.max(...vouched)).toBeLessThan(seq / 2 + 10 * DUE_AFTER)
      expect(people.flatMap(({ reports, problems }) => [...reports, ...problems])).toEqual([])
      console.log(
        `${writers} writers: ${snapshots} snapshots vouched for within ${seq} entries and ${Math.round(tookMs)} ms, slowest word ${Math.round(slowest)} ms`,
      )
    },
    120_000,
  )
})
