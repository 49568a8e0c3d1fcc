/**
 * Who may read and write a note, and changing that.
 *
 * @module
 */
import type { MemberView, SealedDocument } from '@y-sealed/client'
import { useMembers } from '@y-sealed/client/react'
import { useState, type ReactElement } from 'react'

import { nameOf } from '../notes/name-of.ts'
import { useColours } from '../notes/people.ts'
import { Avatar } from '../parts/avatar.tsx'
import { Sheet } from '../parts/sheet.tsx'
import { useAttempt } from '../parts/use-attempt.ts'
import { WaitLine } from '../parts/wait-line.tsx'

interface MembersSheetProps {
  readonly note: SealedDocument
  /** This person's. */
  readonly colour: string
  readonly onClose: () => void
}

const ROLES = { reader: 'Can view', writer: 'Can edit', admin: 'Admin' } as const

export function MembersSheet({ note, colour, onClose }: MembersSheetProps): ReactElement {
  const members = useMembers(note)
  const { isBusy, isSlow, failure, run } = useAttempt()
  const colourByMember = useColours(note)
  const mayChange = note.role === 'admin'
  const [leaving, setLeaving] = useState<MemberView | null>(null)
  const setRole = (id: string, role: string): void =>
    run(async () => {
      if (role === 'reader' || role === 'writer' || role === 'admin') await note.setRole(id, role)
    })
  return (
    <Sheet title="Members" onClose={onClose}>
      <WaitLine note={note} isSlow={isSlow} />
      {failure !== null && <p role="alert">{failure}</p>}
      {members.length === 0 && (
        <p>Only you, so far. Others can be let in once the relay has this note, which takes a connection.</p>
      )}
      <ul className="rows">
        {members.map((member) => (
          <li key={member.id} className="member">
            <Avatar name={nameOf(member)} colour={member.isMe ? colour : colourByMember[member.id]} />
            <span className="grow">
              {nameOf(member)}
              {member.isMe && ' (you)'}
              <small className="quiet below">
                {devicesText(member.devices.length)}
                {!member.isMe && Object.hasOwn(colourByMember, member.id) && ' · here now'}
              </small>
            </span>
            {mayChange && !member.isMe ? (
              <span className="member-tools">
                <select
                  aria-label={`Role of ${nameOf(member)}`}
                  value={member.role}
                  disabled={isBusy}
                  onChange={(event) => setRole(member.id, event.target.value)}
                >
                  {Object.entries(ROLES).map(([role, text]) => (
                    <option key={role} value={role}>
                      {text}
                    </option>
                  ))}
                </select>
                <button type="button" className="danger" disabled={isBusy} onClick={() => setLeaving(member)}>
                  Remove
                </button>
              </span>
            ) : (
              <span className="quiet">{ROLES[member.role]}</span>
            )}
          </li>
        ))}
      </ul>
      {mayChange && members.length > 1 && (
        <p className="quiet small">Taking rights from somebody also ends the invite links that give those rights.</p>
      )}
      {leaving !== null && <RemovalSheet note={note} member={leaving} onClose={() => setLeaving(null)} />}
    </Sheet>
  )
}

interface RemovalSheetProps {
  readonly note: SealedDocument
  readonly member: MemberView
  readonly onClose: () => void
}

/** It cannot be taken back: whoever comes in again comes by a new link. */
function RemovalSheet({ note, member, onClose }: RemovalSheetProps): ReactElement {
  const { isBusy, isSlow, failure, run } = useAttempt()
  const name = nameOf(member)
  const remove = (): void =>
    run(async () => {
      await note.remove(member.id)
      onClose()
    })
  return (
    <Sheet title={`Remove ${name}?`} onClose={onClose}>
      <p>
        {name} keeps what they have read, and reads nothing that is written from then on: the key is changed in the same
        step. Every invite link ends, too.
      </p>
      <WaitLine note={note} isSlow={isSlow} />
      {failure !== null && <p role="alert">{failure}</p>}
      <button type="button" className="primary danger" disabled={isBusy} onClick={remove}>
        {isBusy ? 'Removing…' : 'Remove and change the key'}
      </button>
      <button type="button" onClick={onClose}>
        Keep
      </button>
    </Sheet>
  )
}

function devicesText(count: number): string {
  return count === 1 ? '1 device' : `${count} devices`
}
