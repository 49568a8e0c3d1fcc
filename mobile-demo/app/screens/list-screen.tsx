/**
 * All notes of this person: search, write a new one, rename, delete.
 *
 * @module
 */
import { useState, type ReactElement } from 'react'

import type { Place } from '../app.tsx'
import type { Device } from '../device/open-device.ts'
import { textsOf, useNotes } from '../notes/use-notes.ts'
import { Icon } from '../parts/icon.tsx'
import { IconButton } from '../parts/icon-button.tsx'
import { useAttempt } from '../parts/use-attempt.ts'
import { useRemoval } from '../notes/use-removal.ts'
import { NoteCard } from './note-card.tsx'

interface ListScreenProps {
  readonly device: Device
  readonly go: (place: Place) => void
}

export function ListScreen({ device, go }: ListScreenProps): ReactElement {
  const { documents } = device
  const [query, setQuery] = useState('')
  const { isRemoved, remove } = useRemoval(documents)
  const notes = useNotes(documents, query).filter(({ id }) => !isRemoved(id))
  const { isBusy, failure, run } = useAttempt()
  const write = (): void =>
    run(async () => {
      const note = await documents.createDocument()
      textsOf(documents).note(note)
      go({ at: 'note', id: note.id })
    })
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
        <p className="empty quiet">
          {query === '' ? 'Tap + to write one that only you can read.' : 'No note says that.'}
        </p>
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
      <button type="button" className="fab" aria-label="New note" disabled={isBusy} onClick={write}>
        <Icon name="add" />
      </button>
    </main>
  )
}
