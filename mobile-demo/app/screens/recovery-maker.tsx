/**
 * This device's keys, in two halves to be kept apart: a file, and a key to write down.
 *
 * @module
 */
import type { Recovery } from '@y-sealed/client'
import { useState, type ReactElement } from 'react'

import type { Device } from '../device/open-device.ts'
import { saveFile } from '../device/save-file.ts'
import { Icon } from '../parts/icon.tsx'
import { useAttempt } from '../parts/use-attempt.ts'

export function RecoveryMaker({ device }: { readonly device: Device }): ReactElement {
  const [recovery, setRecovery] = useState<Recovery | null>(null)
  const { isBusy, failure, run } = useAttempt()
  const make = (): void =>
    run(async () => {
      setRecovery(await device.documents.exportRecovery())
      await device.nudge.noteRead()
    })
  if (recovery !== null) {
    return (
      <div className="stack">
        <p>
          Write the key down, and keep the file elsewhere: together they are this device, and neither is of use alone.
        </p>
        <p className="digits" aria-label="Recovery key">
          {recovery.key}
        </p>
        <button type="button" className="primary" onClick={() => saveFile('sealed-notes.recovery', recovery.file)}>
          <Icon name="download" /> Save the file
        </button>
      </div>
    )
  }
  return (
    <>
      {failure !== null && <p role="alert">{failure}</p>}
      <p className="quiet">
        A file and a key to write down bring your notes back when this device is lost. The relay cannot: it has no keys.
      </p>
      <button type="button" disabled={isBusy} onClick={make}>
        <Icon name="key" /> Make a recovery key
      </button>
    </>
  )
}
