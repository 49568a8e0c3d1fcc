/**
 * How a note stands, in whole sentences: what happened, what it means, and what to do.
 *
 * @module
 */
import type { SealedDocument, SyncStatus } from '@y-sealed/client'
import { useSyncStatus } from '@y-sealed/client/react'
import type { ReactElement } from 'react'

import { saveFile } from '../device/save-file.ts'
import { explain } from '../parts/explain.ts'
import { Sheet } from '../parts/sheet.tsx'
import { wordsOf } from '../parts/status-chip.tsx'

interface StatusSheetProps {
  readonly note: SealedDocument
  /** As the settings say; '' for the app's own. */
  readonly relay: string
  readonly onClose: () => void
}

export function StatusSheet({ note, relay, onClose }: StatusSheetProps): ReactElement {
  const status = useSyncStatus(note.provider)
  const { setAside } = note.provider
  return (
    <Sheet title={wordsOf(status).text} onClose={onClose}>
      <p>{sentenceOf(status)}</p>
      {status.kind === 'offline' && relay !== '' && <p>Your settings name the relay {relay}. Is that right?</p>}
      {status.unsaved > 0 && (
        <p>
          {status.unsaved === 1 ? 'One edit is' : `${status.unsaved} edits are`} not at the relay yet
          {status.storage === 'off'
            ? ', and only in this page: this device has no room left, or its browser keeps nothing. Leave the page open until they are saved; freeing some room helps, too.'
            : ', and kept on this device.'}
        </p>
      )}
      {status.storage === 'evictable' && status.kind !== 'closed' && (
        <p>
          This browser may clear what it keeps when room is short. Allow the app to keep it (the browser asks once),
          install the app, or make a recovery key in the settings.
        </p>
      )}
      {(status.kind === 'tampered' || status.kind === 'set-aside') && (
        <button
          type="button"
          onClick={() => {
            note.provider.dismissAlert()
            onClose()
          }}
        >
          I have read it
        </button>
      )}
      {setAside.map(({ id, at, content }) => (
        <p key={id}>
          Set aside on {at.toLocaleString()}{' '}
          <button type="button" onClick={() => saveFile(`set-aside-${id}.yjs`, content)}>
            Save a copy
          </button>
        </p>
      ))}
    </Sheet>
  )
}

function sentenceOf(status: SyncStatus): string {
  switch (status.kind) {
    case 'saved':
      return 'Everything you wrote is on the relay’s disk, sealed.'
    case 'syncing':
      return 'Edits are on their way. “Saved” appears when the relay has them on its disk, and not before.'
    case 'offline':
      return 'There is no connection to the relay. Write on: it leaves by itself when you are online again.'
    case 'view-only':
      return 'You may read this note. An admin of the note can let you write.'
    case 'blocked':
      return `The relay does not take your edits at the moment: ${status.problem.message}. They stay here and are tried again.`
    case 'set-aside':
      return `Something you wrote can never be sent: ${status.edits.length === 1 ? 'one piece' : `${status.edits.length} pieces`}. It is kept here; all the rest has left.`
    case 'tampered':
      return 'The relay, or somebody with its help, handed over something that its author did not write, or keeps something back. Nothing of it was applied, and the good copy is asked for again. If this stays, tell whoever runs the relay.'
    case 'rolled-back':
      return 'The relay shows less, or something else, than this device, or another one, has already seen. It is not believed any more: nothing was overwritten, and nothing leaves until it shows all of it again.'
    case 'spoilt':
      return 'What the relay hands over of this note is damaged, each time that it is asked: by the relay, or on the way. None of it was applied, nothing was overwritten, and what you write stays on this device. It is tried again by itself, every few minutes, and goes on once the relay hands over a good copy. If this stays, try another network, and tell whoever runs the relay.'
    case 'closed':
      break
  }
  return explain(status.reason)
}
