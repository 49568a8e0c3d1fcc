/**
 * Which screen is shown: the list, one note, or the settings. The way back is the browser's own.
 *
 * @module
 */
import { lazy, Suspense, use, useEffect, useState, type ReactElement } from 'react'

import { takeLink } from '../device/address.ts'
import { changeProfile, restoreDevice, type Device } from '../device/open-device.ts'
import type { Profile } from '../device/profile.ts'
import { useRemoval } from '../notes/use-removal.ts'
import { Opening } from '../parts/opening.tsx'
import type { Place } from '../place.ts'
import { useStage } from '../stage/use-stage.ts'
import { ListScreen } from './list-screen.tsx'

/** With the editor, which is large: the list is there before it. */
const importNote = async () => await import('./note-screen.tsx')
const NoteScreen = lazy(async () => ({ default: (await importNote()).NoteScreen }))
const JoinScreen = lazy(async () => ({ default: (await import('./join-screen.tsx')).JoinScreen }))
const PairingPage = lazy(async () => ({ default: (await import('./pairing-page.tsx')).PairingPage }))
const SettingsScreen = lazy(async () => ({ default: (await import('./settings-screen.tsx')).SettingsScreen }))

/** The list is drawn by then, also on slow phones. */
const EDITOR_AFTER_MS = 400

interface ScreensProps {
  readonly device: Promise<Device>
  /** What the app was opened with. */
  readonly link: string | null
}

export function Screens({ device: opening, link }: ScreensProps): ReactElement {
  const [device, setDevice] = useState(use(opening))
  const [place, setPlace] = useState<Place>(() => startingPlace(link))
  useEffect(() => {
    const onPop = (event: PopStateEvent): void => setPlace(placeIn(event.state))
    window.addEventListener('popstate', onPop)
    return () => window.removeEventListener('popstate', onPop)
  }, [])
  useLinks(setPlace)
  useEffect(() => {
    // While the list is looked at, or the link is followed, the editor comes.
    const timer = setTimeout(() => void importNote(), place.at === 'list' ? EDITOR_AFTER_MS : 0)
    return () => clearTimeout(timer)
  }, [place.at])
  const go = (next: Place): void => {
    // A link is a secret: it is in no history. Behind the note that it led to stands the list, not what was there before the app.
    if (place.at === 'join') history.replaceState({ place: { at: 'list' } satisfies Place }, '')
    if (next.at !== 'join') history.pushState({ place: next }, '')
    setPlace(next)
  }
  const back = (): void => {
    if (place.at !== 'join' && placeIn(history.state).at !== 'list') history.back()
    setPlace({ at: 'list' })
  }
  useStage(device, go)
  const change = async (profile: Profile): Promise<Device> => {
    const changed = await changeProfile(device, profile)
    setDevice(changed)
    return changed
  }
  const restore = async (file: Uint8Array<ArrayBuffer>, key: string, name: string): Promise<void> => {
    const restored = await restoreDevice(device, { ...device.profile, name }, { file, key })
    setDevice(restored.device)
    if (restored.failure !== null) throw restored.failure
  }
  const removal = useRemoval(device.documents)
  return <Suspense fallback={<Opening />}>{screenAt()}</Suspense>

  function screenAt(): ReactElement {
    switch (place.at) {
      case 'list':
        return <ListScreen device={device} change={change} restore={restore} removal={removal} go={go} />
      case 'note':
        return <NoteScreen key={place.id} device={device} place={place} back={back} />
      case 'join':
        return <JoinScreen key={place.link} device={device} link={place.link} change={change} go={go} back={back} />
      case 'pair':
        return <PairingPage device={device} text="" change={change} back={back} />
      case 'settings':
        break
    }
    return <SettingsScreen device={device} change={change} go={go} back={back} />
  }
}

/** A link that is opened while the app is: browsers change the address of the page that they have. */
function useLinks(setPlace: (place: Place) => void): void {
  useEffect(() => {
    const onLink = (): void => {
      const link = takeLink()
      if (link !== null) setPlace({ at: 'join', link })
    }
    window.addEventListener('hashchange', onLink)
    return () => window.removeEventListener('hashchange', onLink)
  }, [setPlace])
}

function startingPlace(link: string | null): Place {
  return link === null ? placeIn(history.state) : { at: 'join', link }
}

function placeIn(state: unknown): Place {
  return (state as { readonly place?: Place } | null)?.place ?? { at: 'list' }
}
