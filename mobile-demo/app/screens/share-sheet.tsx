/**
 * Letting others in: one link, as a QR code and to copy, and the links that are out.
 *
 * @module
 */
import type { LinkView, SealedDocument } from '@y-sealed/client'
import { useEffect, useState, type ReactElement } from 'react'

import { appAddress } from '../device/address.ts'
import { isUnheard } from '../notes/is-unheard.ts'
import { Icon } from '../parts/icon.tsx'
import { QrCode } from '../parts/qr-code.tsx'
import { Sheet } from '../parts/sheet.tsx'
import { useAttempt } from '../parts/use-attempt.ts'
import { WaitLine } from '../parts/wait-line.tsx'

type LinkRole = 'writer' | 'reader'

/** A link that was made here; of the others only the ids are known. */
interface MadeInvite {
  readonly id: string
  readonly link: string
}

interface ShareSheetProps {
  readonly note: SealedDocument
  readonly onClose: () => void
  readonly onVerify: () => void
}

export function ShareSheet({ note, onClose, onVerify }: ShareSheetProps): ReactElement {
  const [role, setRole] = useState<LinkRole>('writer')
  const [made, setMade] = useState<MadeInvite | null>(null)
  const [links, setLinks] = useState<readonly LinkView[]>(() => note.links())
  const { isBusy, isSlow, failure, run } = useAttempt()
  useEffect(() => {
    const take = (): void => setLinks(note.links())
    note.on('members', take)
    return () => note.off('members', take)
  }, [note])
  if (note.role !== 'admin') {
    return (
      <Sheet title="Share" onClose={onClose}>
        <p>
          {isUnheard(note)
            ? 'The relay does not have this note yet. Once it has, which takes a connection, you can let others in here.'
            : 'Only an admin of this note can let others in. Ask one of them.'}
        </p>
      </Sheet>
    )
  }
  const make = (): void =>
    run(async () => {
      const before = new Set(note.links().map(({ id }) => id))
      const link = await note.invite({ role, app: appAddress() })
      const now = note.links()
      setMade({ link, id: now.find(({ id }) => !before.has(id))?.id ?? '' })
      setLinks(now)
    })
  // One that was taken back meanwhile, here or by another admin, is not handed on.
  const shown = links.find(({ id }) => id === made?.id)
  return (
    <Sheet title="Share this note" onClose={onClose}>
      <fieldset className="segments">
        <legend className="out-of-sight">Whoever opens the link</legend>
        {(['writer', 'reader'] as const).map((each) => (
          <label key={each}>
            <input
              type="radio"
              name="role"
              checked={role === each}
              onChange={() => {
                setRole(each)
                setMade(null)
              }}
            />
            <span>{each === 'writer' ? 'Can edit' : 'Can view'}</span>
          </label>
        ))}
      </fieldset>
      {made === null || shown === undefined ? (
        <button type="button" className="primary" disabled={isBusy} onClick={make}>
          {isBusy ? 'Making the link…' : 'Make an invite link'}
        </button>
      ) : (
        <MadeLink link={made.link} />
      )}
      <WaitLine note={note} isSlow={isSlow} />
      {failure !== null && <p role="alert">{failure}</p>}
      <p className="quiet">
        The link’s secret stands behind its #, which no browser sends to any server. Whoever has the link gets in: pass
        it on like a key. It ends in 30 days.
      </p>
      <button type="button" onClick={onVerify}>
        Compare the safety code
      </button>
      {links.length > 0 && (
        <section>
          <h3>Links that are out</h3>
          <ul className="rows">
            {links.map(({ id, role: linkRole, used, expires }) => (
              <li key={id}>
                <span className="grow">
                  {linkRole === 'reader' ? 'Can view' : 'Can edit'}
                  {id === shown?.id && ' (this one)'}
                  <small className="quiet below">{linkText(used, expires)}</small>
                </span>
                <button
                  type="button"
                  className="danger"
                  disabled={isBusy}
                  onClick={() =>
                    run(async () => {
                      await note.revokeLink(id)
                      setLinks(note.links())
                    })
                  }
                >
                  Revoke
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
    </Sheet>
  )
}

function linkText(used: number, expires: Date | null): string {
  const joined = used === 0 ? 'Nobody has used it yet' : `Used ${used === 1 ? 'once' : `${used} times`}`
  if (expires === null) return joined
  const day = expires.toLocaleDateString([], { day: 'numeric', month: 'short' })
  return `${joined} · ${expires.getTime() > Date.now() ? 'ends on' : 'ended on'} ${day}`
}

function MadeLink({ link }: { readonly link: string }): ReactElement {
  const [isCopied, setCopied] = useState(false)
  const { failure, run } = useAttempt()
  const copy = (): void =>
    run(async () => {
      await navigator.clipboard.writeText(link)
      setCopied(true)
    })
  return (
    <>
      <QrCode text={link} label="Invite link as a QR code" />
      <button type="button" className="primary" onClick={copy}>
        <Icon name="copy" /> {isCopied ? 'Copied' : 'Copy invite link'}
      </button>
      {failure !== null && <p role="alert">{failure}</p>}
      {'share' in navigator && (
        <button type="button" onClick={() => void navigator.share({ url: link }).catch(() => undefined)}>
          <Icon name="share" /> Send it with another app
        </button>
      )}
    </>
  )
}
