/**
 * The safety code: the same on the screens of all members, or somebody is being deceived.
 *
 * @module
 */
import type { SealedDocument } from '@y-sealed/client'
import { useMembers } from '@y-sealed/client/react'
import { useState, type ReactElement } from 'react'

import { Sheet } from '../parts/sheet.tsx'

interface VerifySheetProps {
  readonly note: SealedDocument
  readonly onClose: () => void
}

export function VerifySheet({ note, onClose }: VerifySheetProps): ReactElement {
  // It changes with the members.
  const members = useMembers(note)
  const [differs, setDiffers] = useState(false)
  const { emoji, digits } = note.safetyCode()
  // None are known before the relay has the note.
  const isAlone = members.length <= 1
  return (
    <Sheet title="Encrypted" onClose={onClose}>
      <p>
        This note is sealed on the devices of its {isAlone ? 'one member' : `${members.length} members`} and opened
        there. The relay stores what it cannot read.
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
        {isAlone
          ? 'You are its only member so far. Once somebody has joined, the code is another one, for both of you to compare.'
          : 'Compare this with another member, side by side or on the telephone. If it is the same, both of you see the same note and the same members, and nobody stands in between.'}
      </p>
      {differs && (
        <p role="alert">
          Wait until both of you are online and look once more: the code changes when somebody joins or leaves. If it
          still differs, write nothing here that is not for everybody, and begin a new note by a new link.
        </p>
      )}
      {!isAlone && (
        <>
          <button type="button" className="primary" onClick={onClose}>
            They match
          </button>
          <button type="button" disabled={differs} onClick={() => setDiffers(true)}>
            They differ
          </button>
        </>
      )}
    </Sheet>
  )
}
