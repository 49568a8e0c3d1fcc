/**
 * What a link leads to: a note to join, or another device of this person to be paired with.
 *
 * @module
 */
import { linkKind } from '@y-sealed/client'
import { useEffect, useEffectEvent, useRef, useState, type ReactElement } from 'react'

import type { Place } from '../place.ts'
import type { Device } from '../device/open-device.ts'
import type { Profile } from '../device/profile.ts'
import { explain } from '../parts/explain.ts'
import { Icon } from '../parts/icon.tsx'
import { NameForm } from '../parts/name-form.tsx'
import { useLater } from '../parts/use-later.ts'
import { PairingPage } from './pairing-page.tsx'

interface JoinScreenProps {
  readonly device: Device
  readonly link: string
  readonly change: (profile: Profile) => Promise<Device>
  readonly go: (place: Place) => void
  readonly back: () => void
}

export function JoinScreen({ device, link, change, go, back }: JoinScreenProps): ReactElement {
  const [failure, setFailure] = useState<unknown>(null)
  if (linkKind(link) === 'pairing') return <PairingPage device={device} text={link} change={change} back={back} />
  if (isOffline(failure)) return <Unreached retry={() => setFailure(null)} back={back} />
  if (failure !== null) {
    return (
      <main className="screen centre" role="alert">
        <h1>The link opens nothing</h1>
        <p>{explain(failure)}</p>
        <button type="button" className="primary" onClick={back}>
          My notes
        </button>
      </main>
    )
  }
  const { profile } = device
  // What is no link at all says so before anybody is asked for anything.
  if (profile.name === '' && linkKind(link) !== null) {
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
    <Joining device={device} link={link} onOpen={(id) => go({ at: 'note', id })} onFailure={setFailure} back={back} />
  )
}

interface JoiningProps {
  readonly device: Device
  readonly link: string
  readonly onOpen: (id: string) => void
  readonly onFailure: (error: unknown) => void
  readonly back: () => void
}

/** So long nobody wonders. */
const SLOW_MS = 3_000

function Joining({ device, link, onOpen, onFailure, back }: JoiningProps): ReactElement {
  const isStarted = useRef(false)
  const isLeft = useRef(false)
  const isSlow = useLater(true, SLOW_MS) || !navigator.onLine
  useEffect(() => {
    isLeft.current = false
    return () => {
      isLeft.current = true
    }
  }, [])
  useEffect(() => {
    // StrictMode mounts twice; a link may be for one.
    if (isStarted.current) return
    isStarted.current = true
    device.documents.openDocument(link).then(
      // Whoever went to the list meanwhile finds it there.
      (note) => !isLeft.current && onOpen(note.id),
      (error: unknown) => !isLeft.current && onFailure(error),
    )
  }, [device, link, onOpen, onFailure])
  return (
    <main className="screen centre" aria-busy="true">
      <p className="quiet" role="status">
        Joining… {isSlow && (navigator.onLine ? 'The relay has not answered yet.' : 'There is no connection.')}
      </p>
      {isSlow && (
        <button type="button" onClick={back}>
          Not now
        </button>
      )}
    </main>
  )
}

/** The link is held meanwhile; nothing was asked of anybody. */
function Unreached({ retry, back }: { readonly retry: () => void; readonly back: () => void }): ReactElement {
  const retryNow = useEffectEvent(retry)
  useEffect(() => {
    const onOnline = (): void => retryNow()
    window.addEventListener('online', onOnline)
    return () => window.removeEventListener('online', onOnline)
  }, [])
  return (
    <main className="screen centre">
      <h1>Not opened yet</h1>
      <p role="alert">There is no connection to the relay. The link is kept here until you are online.</p>
      <button type="button" className="primary" onClick={retry}>
        Try again
      </button>
      <button type="button" onClick={back}>
        My notes
      </button>
    </main>
  )
}

function isOffline(error: unknown): boolean {
  return (error as { readonly code?: unknown } | null)?.code === 'OFFLINE'
}
