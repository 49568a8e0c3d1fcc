/**
 * The safety code: the same on the screens of all members, or somebody is being deceived.
 *
 * @module
 */
import type { SealedDocument } from '@y-sealed/client'
import { useMembers } from '@y-sealed/client/react'
import type { ReactElement } from 'react'

import { Sheet } from '../parts/sheet.tsx'

interface VerifySheetProps {
  readonly note: SealedDocument
  readonly onClose: () => void
}

export function VerifySheet({ note, onClose }: VerifySheetProps): ReactElement {
  // It changes with the members.
  const members = useMembers(note)
  const { emoji, digits } = note.safetyCode()
  return (
    <Sheet title="Encrypted" onClose={onClose}>
      <p>
        This note is sealed on the devices of its {members.length === 1 ? 'one member' : `${members.length} members`}{' '}
        and opened there. The relay stores what it cannot read.
      </p>
      <ol className="emoji" aria-label="Safety code, as pictures">
        {emoji.map(({ symbol, name }, index) => (
          <li key={`${index} ${name}`}>
            <span aria-hidden="true">{symbol}</span>
            <small>{name}</small>
          </li>
        ))}
      </ol>
      <p className="digits" aria-label="Safety code, as digits">
        {digits}
      </p>
      <p className="quiet">
        Compare this with another member, side by side or on the telephone. If it is the same, both of you see the same
        note and the same members, and nobody stands in between.
      </p>
      <button type="button" className="primary" onClick={onClose}>
        They match
      </button>
    </Sheet>
  )
}
