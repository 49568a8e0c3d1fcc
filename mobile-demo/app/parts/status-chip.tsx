/**
 * How a note stands, in one chip that is quiet when all is well: "Saved" shrinks to a tick.
 *
 * @module
 */
import type { SyncStatus } from '@y-sealed/client'
import type { ReactElement } from 'react'

import { Icon, type IconName } from './icon.tsx'
import { useLater } from './use-later.ts'

type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'plain'

interface Words {
  readonly icon: IconName
  readonly text: string
  readonly tone: Tone
}

/** Milliseconds for which "Saved" is written out. */
const SAID_MS = 2_000
/** So long after the last key it is said that all is on this device, and "saving" meanwhile: never early, and no flicker between keys. */
const KEPT_MS = 300

export function StatusChip({ status }: { readonly status: SyncStatus }): ReactElement {
  const isKept = useLater(status.isKept, KEPT_MS) || status.unsaved === 0
  const { icon, text, tone } = wordsOf({ ...status, isKept })
  const isQuiet = useLater(status.kind === 'saved', SAID_MS)
  return (
    <output className={`chip ${tone}`} aria-live="polite" data-status={status.kind}>
      <Icon name={icon} />
      <span className={isQuiet ? 'out-of-sight' : ''}>{text}</span>
    </output>
  )
}

export function wordsOf(status: SyncStatus): Words {
  switch (status.kind) {
    case 'saved':
      return { icon: 'tick', text: 'Saved', tone: 'good' }
    case 'syncing':
      return { icon: 'cloud', text: 'Syncing…', tone: 'busy' }
    case 'offline':
      if (status.storage === 'off') return { icon: 'offline', text: 'Offline · only in this page', tone: 'bad' }
      return {
        icon: 'offline',
        text: status.isKept ? 'Offline · saved on this device' : 'Offline · saving…',
        tone: 'warn',
      }
    case 'view-only':
      return { icon: 'eye', text: 'View only', tone: 'plain' }
    case 'blocked':
      return { icon: 'alert', text: 'Not sent yet', tone: 'warn' }
    case 'set-aside':
      return { icon: 'alert', text: 'A part stays on this device', tone: 'warn' }
    case 'tampered':
      return { icon: 'alert', text: TAMPERED[status.report.code] ?? 'Tampered update blocked', tone: 'bad' }
    case 'rolled-back':
      return { icon: 'alert', text: DISTRUSTED[status.report.code] ?? 'The relay is not believed', tone: 'bad' }
    case 'spoilt':
      return { icon: 'alert', text: 'The relay’s copy is damaged', tone: 'bad' }
    case 'closed':
      break
  }
  return { icon: 'lock', text: CLOSED[status.reason.code] ?? 'Closed', tone: 'bad' }
}

const TAMPERED: Readonly<Record<string, string>> = {
  WITHHELD: 'The relay keeps an update',
  BAD_HEAD: 'The relay’s word did not hold',
}

const DISTRUSTED: Readonly<Record<string, string>> = {
  ROLLBACK: 'The relay has gone back',
  FORK: 'The relay changed history',
}

const CLOSED: Readonly<Record<string, string>> = {
  REMOVED: 'You were removed',
  NOT_A_MEMBER: 'No longer a member',
  DELETED: 'Deleted for everybody',
}
