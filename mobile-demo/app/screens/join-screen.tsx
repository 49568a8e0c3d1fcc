/**
 * What a link leads to: a note to join, or another device of this person to be paired with.
 *
 * @module
 */
import { useEffect, useRef, useState, type ReactElement } from 'react'

import type { Place } from '../app.tsx'
import type { Device } from '../device/open-device.ts'
import type { Profile } from '../device/profile.ts'
import { explain } from '../parts/explain.ts'
import { PairingPage } from './pairing-page.tsx'

interface JoinScreenProps {
  readonly device: Device
  readonly link: string
  readonly change: (profile: Profile) => Promise<void>
  readonly go: (place: Place) => void
  readonly back: () => void
}

export function JoinScreen({ device, link, change, go, back }: JoinScreenProps): ReactElement {
  const [failure, setFailure] = useState<string | null>(null)
  if (failure === 'PAIRING') return <PairingPage device={device} text={link} back={back} />
  if (failure !== null) {
    return (
      <main className="screen centre" role="alert">
        <h1>The link opens nothing</h1>
        <p>{failure}</p>
        <button type="button" className="primary" onClick={back}>
          My notes
        </button>
      </main>
    )
  }
  const { profile } = device
  if (profile.name === '') return <NameQuestion onName={async (name) => await change({ ...profile, name })} />
  return (
    <Joining
      device={device}
      link={link}
      onOpen={(id) => go({ at: 'note', id })}
      onFailure={(error) => {
        const isPairing = (error as { readonly code?: unknown }).code === 'NOT_A_DOCUMENT'
        setFailure(isPairing ? 'PAIRING' : explain(error))
      }}
    />
  )
}

interface JoiningProps {
  readonly device: Device
  readonly link: string
  readonly onOpen: (id: string) => void
  readonly onFailure: (error: unknown) => void
}

function Joining({ device, link, onOpen, onFailure }: JoiningProps): ReactElement {
  const isStarted = useRef(false)
  useEffect(() => {
    // StrictMode mounts twice; a link may be for one.
    if (isStarted.current) return
    isStarted.current = true
    device.documents.openDocument(link).then(({ id }) => onOpen(id), onFailure)
  }, [device, link, onOpen, onFailure])
  return <main className="screen centre quiet">Joining…</main>
}

/** Asked once, where it is needed first. */
function NameQuestion({ onName }: { readonly onName: (name: string) => Promise<void> }): ReactElement {
  return (
    <main className="screen centre">
      <h1>You are invited to a note</h1>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          const given = new FormData(event.currentTarget).get('name')
          const name = typeof given === 'string' ? given.trim() : ''
          if (name !== '') void onName(name)
        }}
      >
        <label>
          Your name, for its members
          <input name="name" required maxLength={20} autoComplete="given-name" />
        </label>
        <button type="submit" className="primary">
          Open the note
        </button>
        <p className="quiet">The relay does not see it.</p>
      </form>
    </main>
  )
}
