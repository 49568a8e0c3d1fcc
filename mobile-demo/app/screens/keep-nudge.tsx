/**
 * After the first note: asks the browser to keep what is here, and tells once that a lost phone takes its notes along.
 *
 * @module
 */
import { useEffect, useState, type ReactElement } from 'react'

import { isRecoveryTold, noteRecoveryTold } from '../device/nudge.ts'
import type { Device } from '../device/open-device.ts'
import { IconButton } from '../parts/icon-button.tsx'
import { Icon } from '../parts/icon.tsx'
import { Sheet } from '../parts/sheet.tsx'
import { RecoveryMaker } from './recovery-maker.tsx'

export function KeepNudge({ device }: { readonly device: Device }): ReactElement | null {
  const { keys } = device.storage
  const [isShown, setShown] = useState(false)
  const [isOpen, setOpen] = useState(false)
  useEffect(() => {
    void device.keeping.ask()
    let isOver = false
    void isRecoveryTold(keys).then((isTold) => {
      if (!isOver) setShown(!isTold)
    })
    return () => {
      isOver = true
    }
  }, [device, keys])
  if (!isShown || device.keeping.read() === 'off') return null
  const done = (): void => {
    setShown(false)
    setOpen(false)
    void noteRecoveryTold(keys)
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
