/**
 * One note in the list. What can be done with it stands behind a button beside it; a finger that is held on it, or swipes it to the left, comes to
 * the same.
 *
 * @module
 */
import { useState, type ReactElement } from 'react'

import { whenText } from '../notes/when-text.ts'
import { isOwnName, type ListedNote } from '../notes/use-notes.ts'
import { Avatar } from '../parts/avatar.tsx'
import { formTexts } from '../parts/form-texts.ts'
import { Icon } from '../parts/icon.tsx'
import { IconButton } from '../parts/icon-button.tsx'
import { Sheet } from '../parts/sheet.tsx'
import { useSwipe } from '../parts/use-swipe.ts'

interface NoteCardProps {
  readonly note: ListedNote
  readonly open: () => void
  readonly share: () => void
  readonly rename: (name: string) => void
  readonly remove: () => void
}

export function NoteCard({ note, open, share, rename, remove }: NoteCardProps): ReactElement {
  const [sheet, setSheet] = useState(false)
  const { row, isMoving, isClickMeant, handlers } = useSwipe({ onSwipe: remove, onHold: () => setSheet(true) })
  const title = note.title === '' ? 'Untitled' : note.title
  return (
    <article className={isMoving ? 'card moving' : 'card'} ref={row}>
      <span className="card-under" aria-hidden="true">
        <Icon name="trash" /> Delete
      </span>
      <div className="card-row" {...handlers}>
        <button type="button" className="card-open" onClick={() => isClickMeant() && open()}>
          <span className="card-title" dir="auto">
            {title}
          </span>
          <span className="card-text" dir="auto">
            {note.body === '' ? 'No text yet' : note.body.replaceAll('\n', ' · ')}
          </span>
          <span className="card-foot quiet">
            <Icon name={note.role === 'reader' ? 'eye' : 'lock'} />
            {standing(note)}
            <Others names={note.others} />
            <time dateTime={note.added.toISOString()}>{whenText(note.added)}</time>
          </span>
        </button>
        <IconButton icon="more" label={`More about ${title}`} onPress={() => setSheet(true)} />
      </div>
      {sheet && (
        <Sheet title={title} onClose={() => setSheet(false)}>
          <form
            className="stack"
            onSubmit={(event) => {
              event.preventDefault()
              const [name] = formTexts(event.currentTarget, 'name')
              rename(name)
              setSheet(false)
            }}
          >
            <label>
              {isOwnName(note) ? 'Your own name for it' : 'Title, for all its members'}
              <input name="name" dir="auto" defaultValue={note.title} maxLength={200} />
            </label>
            <button type="submit" className="primary">
              Rename
            </button>
          </form>
          <div className="group">
            {!note.isShutOut && (
              <button type="button" onClick={share}>
                <Icon name="share" /> Share
              </button>
            )}
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
          </div>
          {note.others.length > 0 && !note.isShutOut && (
            <p className="quiet small">Deleting it takes it from your devices alone: the others keep it.</p>
          )}
        </Sheet>
      )}
    </article>
  )
}

/** More of them would push the time off a phone. */
const MOST_AVATARS = 3

/** Whom it is shared with. Who is there now stands in the note: the list would have to join them all to know. */
function Others({ names }: { readonly names: readonly string[] }): ReactElement | null {
  if (names.length === 0) return null
  return (
    <span className="others">
      <span className="out-of-sight">, with </span>
      {names.slice(0, MOST_AVATARS).map((name, index) => (
        <Avatar key={index} name={name} colour={null} />
      ))}
      {names.length > MOST_AVATARS && <small>+{names.length - MOST_AVATARS}</small>}
    </span>
  )
}

function standing({ isReady, isShutOut, role }: ListedNote): string {
  if (isShutOut) return 'You were removed'
  return isReady ? roleText(role) : 'Waiting for your other device'
}

function roleText(role: string): string {
  // Not read yet.
  if (role === '') return ''
  if (role === 'reader') return 'View only'
  // Nobody has a role in a note that no relay has yet: it was made here.
  return role === 'writer' ? 'Shared with you' : 'Yours'
}
