/**
 * All notes of this person: search, write a new one, rename, delete.
 *
 * @module
 */
import { useState, type ReactElement } from 'react'

import type { Device } from '../device/open-device.ts'
import type { Profile } from '../device/profile.ts'
import { renameNote } from '../notes/rename-note.ts'
import { textsOf, useNotes, type ListedNote } from '../notes/use-notes.ts'
import type { Removal } from '../notes/use-removal.ts'
import { Avatar } from '../parts/avatar.tsx'
import { explain } from '../parts/explain.ts'
import { Icon } from '../parts/icon.tsx'
import { IconButton } from '../parts/icon-button.tsx'
import { NameForm } from '../parts/name-form.tsx'
import { Sheet } from '../parts/sheet.tsx'
import { useSnackbar } from '../parts/snackbar.tsx'
import { useAttempt } from '../parts/use-attempt.ts'
import type { Place } from '../place.ts'
import { EmptyList } from './empty-list.tsx'
import { EvictionBanner } from './eviction-banner.tsx'
import { KeepNudge } from './keep-nudge.tsx'
import { NoteCard } from './note-card.tsx'
import type { Restore } from './restore-sheet.tsx'

interface ListScreenProps {
  readonly device: Device
  readonly change: (profile: Profile) => Promise<Device>
  readonly restore: Restore
  readonly removal: Removal
  readonly go: (place: Place) => void
}

export function ListScreen({ device, change, restore, removal, go }: ListScreenProps): ReactElement {
  const { documents, profile } = device
  const [query, setQuery] = useState('')
  const notes = useNotes(documents, query).filter(({ id }) => !removal.isRemoved(id))
  const { isBusy, failure, run } = useAttempt()
  const show = useSnackbar()
  const [isAsking, setAsking] = useState(false)
  const write = async ({ documents: own }: Device): Promise<void> => {
    const note = await own.createDocument()
    textsOf(own).note(note)
    go({ at: 'note', id: note.id })
  }
  const begin = (): void => {
    // A note's members see who made it, from its first record on.
    if (profile.name === '') setAsking(true)
    else run(async () => await write(device))
  }
  const rename = (note: ListedNote, name: string): void => {
    renameNote(documents, note, name).catch((error: unknown) => show({ text: explain(error) }))
  }
  const isEmpty = notes.length === 0 && query === ''
  return (
    <main className="screen list">
      <header className="list-head">
        <h1>Notes</h1>
        {profile.name === '' ? (
          <IconButton icon="settings" label="Settings" onPress={() => go({ at: 'settings' })} />
        ) : (
          <button type="button" className="me bare" aria-label="Settings" onClick={() => go({ at: 'settings' })}>
            <Avatar name={profile.name} colour={profile.colour} />
          </button>
        )}
      </header>
      {device.keeping.read() === 'off' && (
        <p className="banner" role="alert">
          Private storage is off in this browser. Notes stay in memory only, and are gone with this page.
        </p>
      )}
      <EvictionBanner notice={device.eviction} />
      {!isEmpty && (
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
      )}
      {failure !== null && <p role="alert">{failure}</p>}
      {notes.length > 0 && query === '' && <KeepNudge device={device} />}
      {isEmpty && <EmptyList go={go} restore={restore} profile={profile} />}
      {notes.length === 0 && query !== '' && <p className="empty quiet">No note says that.</p>}
      {notes.length > 0 && (
        <ul className="cards" aria-label="Notes">
          {notes.map((note) => (
            <li key={note.id}>
              <NoteCard
                note={note}
                open={() => go({ at: 'note', id: note.id })}
                share={() => go({ at: 'note', id: note.id, isSharing: true })}
                rename={(name) => rename(note, name)}
                remove={() => removal.remove(note)}
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
          <NameForm submit="Write it" onName={async (name) => await write(await change({ ...profile, name }))} />
        </Sheet>
      )}
    </main>
  )
}
