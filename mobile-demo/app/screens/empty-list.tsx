/**
 * The list before the first note: what this is, and the ways in for somebody who has notes already.
 *
 * @module
 */
import { useState, type ReactElement } from 'react'

import type { Profile } from '../device/profile.ts'
import { Icon } from '../parts/icon.tsx'
import type { Place } from '../place.ts'
import { RestoreSheet, type Restore } from './restore-sheet.tsx'
import { ScanSheet } from './scan-sheet.tsx'

interface EmptyListProps {
  readonly profile: Profile
  readonly restore: Restore
  readonly go: (place: Place) => void
}

export function EmptyList({ profile, restore, go }: EmptyListProps): ReactElement {
  const [task, setTask] = useState<'scan' | 'restore' | null>(null)
  const close = (): void => setTask(null)
  return (
    <div className="empty">
      <span className="emblem">
        <Icon name="lock" />
      </span>
      <h2>Notes that only you can read</h2>
      <p className="quiet">
        They are sealed on this device before they leave it. Tap + to write one, then share it by a link or a QR code.
      </p>
      <div className="group">
        <button type="button" onClick={() => setTask('scan')}>
          <Icon name="camera" /> I was shown a QR code
        </button>
        <button type="button" onClick={() => go({ at: 'pair' })}>
          <Icon name="device" /> I have notes on another device
        </button>
        <button type="button" onClick={() => setTask('restore')}>
          <Icon name="key" /> I have a recovery key
        </button>
      </div>
      {task === 'scan' && <ScanSheet onClose={close} onText={(link) => go({ at: 'join', link })} />}
      {task === 'restore' && <RestoreSheet profile={profile} restore={restore} onClose={close} />}
    </div>
  )
}
