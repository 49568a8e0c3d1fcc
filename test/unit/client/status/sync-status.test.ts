/** The one thing that a person is told, by what is known. */
import { describe, expect, it } from 'vitest'

import { judgeStatus, type SyncFacts } from '../../../../client/status/sync-status.ts'
import { GOOD } from '../../../support/sync-facts.ts'

const problem = { code: 'KEY_MISSING', message: '' }
const setAside = [{ id: 'a', code: 'TOO_LARGE', at: new Date(0), content: new Uint8Array() }]
const tampering = { code: 'ENTRY_REFUSED', seq: 4, fatal: false } as const
const distrust = { code: 'ROLLBACK', seq: 4, fatal: true } as const
const forked = { code: 'FORK', seq: 6, fatal: false } as const
const spoilt = { code: 'LOG_INVALID', seq: 4, isSpoilt: true, fatal: true } as const
const ended = { transient: false, code: 'REMOVED', closeCode: 4403, reason: '' }

describe('what a person is told', () => {
  it.each<readonly [string, Partial<SyncFacts>, string]>([
    ['everything is acknowledged', {}, 'saved'],
    ['an edit is on its way', { unsaved: 1 }, 'syncing'],
    ['history is still read', { isSynced: false }, 'syncing'],
    ['it is dialled for the first time', { isConnected: false, isSynced: false }, 'syncing'],
    ['a relay could not be reached', { isConnected: false, isLost: true, isSynced: false }, 'offline'],
    ['edits would be refused', { readOnly: true }, 'view-only'],
    ['an edit cannot leave', { problem, unsaved: 1 }, 'blocked'],
    ['what could not leave has left', { problem }, 'saved'],
    [
      'an edit cannot leave, and the relay is gone',
      { problem, unsaved: 1, isConnected: false, isLost: true },
      'offline',
    ],
    ['something can never leave, offline', { setAside, isConnected: false, isLost: true }, 'set-aside'],
    ['an entry does not count', { tampering, unsaved: 1 }, 'tampered'],
    ['an entry does not count, and is not what was signed', { tampering, distrust: forked }, 'tampered'],
    ['the log is another from before the entry on', { tampering, distrust: { ...forked, seq: 3 } }, 'rolled-back'],
    ['the log is another', { distrust: forked }, 'rolled-back'],
    ['it is left for it', { tampering, distrust: { ...forked, fatal: true } }, 'rolled-back'],
    ['it is left for what it hands over', { tampering, distrust: spoilt, ended }, 'spoilt'],
    ['it was removed', { ended, tampering, isConnected: false, isLost: true }, 'closed'],
    ['the relay is not believed', { distrust, ended, tampering, isConnected: false }, 'rolled-back'],
  ])('[CL22] when %s', (_, facts, kind) => {
    expect(judgeStatus({ ...GOOD, ...facts }).kind).toBe(kind)
  })

  it('[CL22] says with every state how much is unsaved, and whether it outlives the page', () => {
    const facts = { ...GOOD, isConnected: false, isLost: true, unsaved: 3, isKept: false, storage: 'off' } as const
    expect(judgeStatus(facts)).toEqual({ kind: 'offline', unsaved: 3, isKept: false, readOnly: false, storage: 'off' })
  })
})
