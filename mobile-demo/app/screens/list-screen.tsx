/**
 * All notes of this person: search, write a new one, rename, delete.
 *
 * @module
 */
import { useState, type ReactElement } from 'react'

import type { Place } from '../place.ts'
import type { Device } from '../device/open-device.ts'
import type { Profile } from '../device/profile.ts'
import { textsOf, useNotes } from '../notes/use-notes.ts'
import { Icon } from '../parts/icon.tsx'
import { IconButton } from '../parts/icon-button.tsx'
import { NameForm } from '../parts/name-form.tsx'
import { Sheet } from '../parts/sheet.tsx'
import { useAttempt } from '../parts/use-attempt.ts'
import { useRemoval } from '../notes/use-removal.ts'
import { NoteCard } from './note-card.tsx'

interface ListScreenProps {
  readonly device: Device
  readonly change: (profile: Profile) => Promise<Device>
  readonly go: (place: Place) => void
}

export function ListScreen({ device, change, go }: ListScreenProps): ReactElement {
  const { documents } = device
  const [query, setQuery] = useState('')
  const { isRemoved, remove } = useRemoval(documents)
  const notes = useNotes(documents, query).filter(({ id }) => !isRemoved(id))
  const { isBusy, failure, run } = useAttempt()
  const [isAsking, setAsking] = useState(false)
  const write = async ({ documents: own }: Device): Promise<void> => {
    const note = await own.createDocument()
    textsOf(own).note(note)
    go({ at: 'note', id: note.id })
  }
  const begin = (): void => {
    // A note's members see who made it, from its first record on.
    if (device.profile.name === '') setAsking(true)
    else run(async () => await write(device))
  }
  return (
    <main className="screen list">
      <header className="list-head">
        <h1>Notes</h1>
        <IconButton icon="settings" label="Settings" onPress={() => go({ at: 'settings' })} />
      </header>
      {!device.isKept && (
        <p className="banner" role="alert">
          Private storage is off in this browser. Notes stay in memory only, and are gone with this page.
        </p>
      )}
      <label className="search">
        <Icon name="search" />
        <span className="out-of-sight">Search on this device</span>
        <input
          type="search"
          placeholder="Search on this device"
          value={query}
          onChange={(event) => setQuery(event.target.value)}
        />
      </label>
      {failure !== null && <p role="alert">{failure}</p>}
      {notes.length === 0 ? (
        <Nothing isSearch={query !== ''} />
      ) : (
        <ul className="cards" aria-label="Notes">
          {notes.map((note) => (
            <li key={note.id}>
              <NoteCard
                note={note}
                open={() => go({ at: 'note', id: note.id })}
                rename={(name) => void documents.rename(note.id, name)}
                remove={() => remove(note)}
              />
            </li>
          ))}
        </ul>
      )}
      <button type="button" className="fab" aria-label="New note" disabled={isBusy} onClick={begin}>
        <Icon name="add" />
      </button>
      {isAsking && (
        <Sheet title="Your first note" onClose={() => setAsking(false)}>
          <NameForm submit="Write it" onName={async (name) => await write(await change({ ...device.profile, name }))} />
        </Sheet>
      )}
    </main>
  )
}

function Nothing({ isSearch }: { readonly isSearch: boolean }): ReactElement {
  if (isSearch) return <p className="empty quiet">No note says that.</p>
  return (
    <div className="empty quiet">
      <Icon name="lock" />
      <p>Tap + to write a note that only you can read, then share it by a link or a QR code.</p>
      <p>
        Were you shown a QR code? Point your phone’s camera at it. Do you have notes on another device? Add this one in
        the settings.
      </p>
    </div>
  )
}
