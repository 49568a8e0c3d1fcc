/** The words beside an editor: bad news soon, good news once they last, and nothing for each key. */
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'

import { CALM_MS, CalmStatus } from '../../../../client/status/calm-status.ts'
import { judgeStatus, type SyncFacts, type SyncStatus } from '../../../../client/status/sync-status.ts'
import { GOOD } from '../../../support/sync-facts.ts'

/** Without pictures, longer than one of them would take. */
const PICTURE_MS = 100

/** A provider's status as the test makes it, what is shown of it, and each word that was told. */
function setScene(facts: Partial<SyncFacts> = {}) {
  const listeners = new Set<() => void>()
  const provider = {
    syncStatus: judgeStatus({ ...GOOD, ...facts }),
    on: (_: 'syncStatus', listener: () => void) => listeners.add(listener),
    off: (_: 'syncStatus', listener: () => void) => listeners.delete(listener),
  }
  const calm = new CalmStatus(provider)
  const told: SyncStatus['kind'][] = []
  const stop = calm.subscribe(() => told.push(calm.read().kind))
  const become = (next: Partial<SyncFacts>): void => {
    provider.syncStatus = judgeStatus({ ...GOOD, ...next })
    for (const listener of listeners) listener()
  }
  return { calm, told, become, stop, listeners }
}

describe('a calm status', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
  })

  it('[CL22] tells of nothing while each edit is acknowledged before the next picture', () => {
    const { told, become } = setScene()
    for (let key = 0; key < 20; key++) {
      become({ unsaved: 1, isKept: false })
      become({ unsaved: 1 })
      become({})
      vi.advanceTimersByTime(PICTURE_MS / 2)
    }
    vi.advanceTimersByTime(10 * CALM_MS)
    expect(told).toEqual([])
  })

  it('[CL22] tells once that it is syncing and once that it is saved while somebody types, and saved only when that lasts', () => {
    const { calm, told, become } = setScene()
    for (let key = 0; key < 20; key++) {
      become({ unsaved: 1 })
      vi.advanceTimersByTime(PICTURE_MS)
      become({})
      vi.advanceTimersByTime(CALM_MS - 1)
      expect(calm.read().kind).toBe('syncing')
    }
    vi.advanceTimersByTime(1)
    expect(told).toEqual(['syncing', 'saved'])
  })

  it('[CL22] never says saved of an edit that came while the word was waited for', () => {
    const { calm, become } = setScene({ unsaved: 1 })
    become({})
    vi.advanceTimersByTime(CALM_MS - 1)
    become({ unsaved: 1 })
    vi.advanceTimersByTime(10 * CALM_MS)
    expect(calm.read().kind).toBe('syncing')
  })

  it('[CL22] tells of each other state with the next picture, also in the middle of typing', () => {
    const { told, become } = setScene({ unsaved: 1 })
    const distrust = { code: 'ROLLBACK', seq: 4, fatal: true } as const
    for (const facts of [{ isConnected: false, isLost: true, unsaved: 1 }, { distrust }, { readOnly: true }]) {
      become(facts)
      vi.advanceTimersByTime(PICTURE_MS)
    }
    expect(told).toEqual(['offline', 'rolled-back', 'view-only'])
  })

  it('[CL14] [CL22] says that edits are kept on this device while no relay is there only where that lasts', () => {
    const away = { isConnected: false, isLost: true, unsaved: 1 }
    const { calm, become } = setScene(away)
    become({ ...away, isKept: false })
    vi.advanceTimersByTime(PICTURE_MS)
    expect(calm.read().isKept).toBe(false)
    become({ ...away, unsaved: 2 })
    vi.advanceTimersByTime(CALM_MS - 1)
    expect(calm.read().isKept).toBe(false)
    vi.advanceTimersByTime(1)
    expect(calm.read().isKept).toBe(true)
  })

  it('follows nobody once nobody listens, and has what came meanwhile when somebody does again', () => {
    const { calm, told, become, stop, listeners } = setScene()
    become({ unsaved: 1 })
    stop()
    vi.advanceTimersByTime(10 * CALM_MS)
    expect([told, listeners.size]).toEqual([[], 0])
    const stopAgain = calm.subscribe(() => undefined)
    vi.advanceTimersByTime(PICTURE_MS)
    expect(calm.read().kind).toBe('syncing')
    stopAgain()
  })
})
