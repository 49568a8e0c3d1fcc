/**
 * Says that the browser had cleared what was kept here: whoever finds an empty list must not think that somebody has taken the notes, or that they
 * come back by themselves.
 *
 * @module
 */
import { useState, type ReactElement } from 'react'

import type { Notice } from '../device/notice.ts'

export function EvictionBanner({ notice }: { readonly notice: Notice }): ReactElement | null {
  const [isShown, setShown] = useState(notice.isDue)
  if (!isShown) return null
  const done = (): void => {
    setShown(false)
    void notice.noteRead()
  }
  return (
    <aside className="banner" role="alert">
      <strong>This browser has cleared what the app kept here.</strong>
      <p>
        Browsers do so when the device is short of room, or when site data is cleared. Your keys went with it: this is a
        new device now, and what had not left it is lost. What the relay has comes back: connect with another device of
        yours, use your recovery key, or ask the members of a note for a new link. A note that only this device had keys
        for, nobody can open any more.
      </p>
      <button type="button" onClick={done}>
        I have read it
      </button>
    </aside>
  )
}
