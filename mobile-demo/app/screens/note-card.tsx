/**
 * One note in the list; what can be done with it stands behind a button beside it.
 *
 * @module
 */
import { useState, type ReactElement } from 'react'

import type { ListedNote } from '../notes/use-notes.ts'
import { Icon } from '../parts/icon.tsx'
import { IconButton } from '../parts/icon-button.tsx'
import { Sheet } from '../parts/sheet.tsx'

interface NoteCardProps {
  readonly note: ListedNote
  readonly open: () => void
  readonly rename: (name: string) => void
  readonly remove: () => void
}

export function NoteCard({ note, open, rename, remove }: NoteCardProps): ReactElement {
  const [sheet, setSheet] = useState(false)
  const title = note.title === '' ? 'Untitled' : note.title
  return (
    <article className="card">
      <button type="button" className="card-open" onClick={open}>
        <span className="card-title">{title}</span>
        <span className="card-text">{note.body.replaceAll('\n', ' · ')}</span>
        <span className="card-foot quiet">
          <Icon name="lock" />
          {note.isReady ? roleText(note.role) : 'Waiting for your other device'}
          <time dateTime={note.added.toISOString()}>{note.added.toLocaleDateString()}</time>
        </span>
      </button>
      <IconButton icon="more" label={`More about ${title}`} onPress={() => setSheet(true)} />
      {sheet && (
        <Sheet title={title} onClose={() => setSheet(false)}>
          <form
            className="stack"
            onSubmit={(event) => {
              event.preventDefault()
              const name = new FormData(event.currentTarget).get('name')
              rename(typeof name === 'string' ? name : '')
              setSheet(false)
            }}
          >
            <label>
              Your own name for it
              <input name="name" defaultValue={note.title} maxLength={200} />
            </label>
            <button type="submit">Rename</button>
            <button
              type="button"
              className="danger"
              onClick={() => {
                setSheet(false)
                remove()
              }}
            >
              <Icon name="trash" /> Delete
            </button>
          </form>
        </Sheet>
      )}
    </article>
  )
}

function roleText(role: string): string {
  if (role === 'reader') return 'View only'
  return role === 'admin' ? 'Yours' : 'Shared with you'
}
