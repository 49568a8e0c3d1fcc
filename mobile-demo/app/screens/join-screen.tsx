/**
 * What a link leads to: a note to join, or another device of this person to be paired with.
 *
 * @module
 */
import { linkKind } from '@y-sealed/client'
import { useEffect, useRef, useState, type ReactElement } from 'react'

import type { Place } from '../place.ts'
import type { Device } from '../device/open-device.ts'
import type { Profile } from '../device/profile.ts'
import { explain } from '../parts/explain.ts'
import { Icon } from '../parts/icon.tsx'
import { NameForm } from '../parts/name-form.tsx'
import { PairingPage } from './pairing-page.tsx'

interface JoinScreenProps {
  readonly device: Device
  readonly link: string
  readonly change: (profile: Profile) => Promise<Device>
  readonly go: (place: Place) => void
  readonly back: () => void
}

export function JoinScreen({ device, link, change, go, back }: JoinScreenProps): ReactElement {
  const [failure, setFailure] = useState<string | null>(null)
  if (linkKind(link) === 'pairing') return <PairingPage device={device} text={link} change={change} back={back} />
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
  if (profile.name === '') {
    return (
      <main className="screen join">
        <div className="join-behind" aria-hidden="true">
          <span className="ghost title" />
          <span className="ghost line" />
          <span className="ghost line" />
          <span className="ghost line short" />
        </div>
        <section className="join-card">
          <span className="emblem">
            <Icon name="lock" />
          </span>
          <h1>You are invited to a note</h1>
          <NameForm submit="Open the note" onName={async (name) => void (await change({ ...profile, name }))} />
        </section>
      </main>
    )
  }
  return (
    <Joining
      device={device}
      link={link}
      onOpen={(id) => go({ at: 'note', id })}
      onFailure={(error) => setFailure(explain(error))}
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
