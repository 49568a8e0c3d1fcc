/**
 * A lost device's notes on this one: by the file that was kept, and the key that was written down.
 *
 * @module
 */
import { useState, type ReactElement } from 'react'

import type { Profile } from '../device/profile.ts'
import { explain } from '../parts/explain.ts'
import { Sheet } from '../parts/sheet.tsx'

/** Rejects with why not; the device is the same as before then. */
export type Restore = (file: Uint8Array<ArrayBuffer>, key: string, name: string) => Promise<void>

interface RestoreSheetProps {
  readonly restore: Restore
  readonly profile: Profile
  readonly onClose: () => void
}

export function RestoreSheet({ restore, profile, onClose }: RestoreSheetProps): ReactElement {
  const [isBusy, setBusy] = useState(false)
  const [failure, setFailure] = useState<string | null>(null)
  const submit = async (data: FormData): Promise<void> => {
    const [name, file, key] = [data.get('name'), data.get('file'), data.get('key')]
    if (typeof name !== 'string' || typeof key !== 'string' || !(file instanceof File)) return
    setBusy(true)
    setFailure(null)
    try {
      await restore(new Uint8Array(await file.arrayBuffer()), key.trim(), name.trim())
      onClose()
    } catch (error) {
      setFailure(explain(error))
      setBusy(false)
    }
  }
  return (
    <Sheet title="Use a recovery key" onClose={onClose}>
      <p className="quiet">
        This device takes the place of the one that the key was made on. That one is removed from your notes: do this
        when it is lost.
      </p>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          void submit(new FormData(event.currentTarget))
        }}
      >
        <label>
          Your name, for the members of your notes
          <input name="name" required maxLength={20} autoComplete="given-name" defaultValue={profile.name} />
        </label>
        <label>
          The recovery file
          <input name="file" type="file" required />
        </label>
        <label>
          The key that you wrote down
          <input name="key" required autoCapitalize="characters" autoComplete="off" spellCheck={false} />
        </label>
        {failure !== null && <p role="alert">{failure}</p>}
        <button type="submit" className="primary" disabled={isBusy}>
          {isBusy ? 'Bringing your notes…' : 'Bring my notes here'}
        </button>
      </form>
    </Sheet>
  )
}
