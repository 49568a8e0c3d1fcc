/**
 * After the first note: asks the browser to keep what is here, and tells once that a lost phone takes its notes along.
 *
 * @module
 */
import { useEffect, useState, type ReactElement } from 'react'

import type { Device } from '../device/open-device.ts'
import { IconButton } from '../parts/icon-button.tsx'
import { Icon } from '../parts/icon.tsx'
import { Sheet } from '../parts/sheet.tsx'
import { RecoveryMaker } from './recovery-maker.tsx'

export function KeepNudge({ device }: { readonly device: Device }): ReactElement | null {
  const { keeping, nudge } = device
  const [isShown, setShown] = useState(nudge.isDue)
  const [isOpen, setOpen] = useState(false)
  useEffect(() => void keeping.ask(), [keeping])
  if (!isShown || keeping.read() === 'off') return null
  const done = (): void => {
    setShown(false)
    setOpen(false)
    void nudge.noteRead()
  }
  return (
    <aside className="nudge" aria-label="Recovery key">
      <Icon name="key" />
      <p>
        <strong>If this phone is lost, so are its notes.</strong> A recovery key brings them back.
      </p>
      <button type="button" onClick={() => setOpen(true)}>
        Make one
      </button>
      <IconButton icon="close" label="Not now" onPress={done} />
      {isOpen && (
        <Sheet title="Recovery key" onClose={done}>
          <RecoveryMaker device={device} />
        </Sheet>
      )}
    </aside>
  )
}
