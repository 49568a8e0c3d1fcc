/**
 * Which screen is shown: the list, one note, or the settings. The way back is the browser's own.
 *
 * @module
 */
import { Suspense, use, useEffect, useState, type ReactElement } from 'react'

import { changeProfile, type Device } from './device/open-device.ts'
import type { Profile } from './device/profile.ts'
import { Boundary } from './parts/boundary.tsx'
import { SnackbarHost } from './parts/snackbar.tsx'
import { JoinScreen } from './screens/join-screen.tsx'
import { ListScreen } from './screens/list-screen.tsx'
import { NoteScreen } from './screens/note-screen.tsx'
import { SettingsScreen } from './screens/settings-screen.tsx'
import { useStage } from './stage/use-stage.ts'

/** Where in the app; kept in the tab's history, never in its address. */
export type Place =
  | { readonly at: 'list' }
  | { readonly at: 'note'; readonly id: string }
  | { readonly at: 'join'; readonly link: string }
  | { readonly at: 'settings' }

interface AppProps {
  readonly device: Promise<Device>
  /** What the app was opened with. */
  readonly link: string | null
}

export function App({ device, link }: AppProps): ReactElement {
  return (
    <Boundary>
      <Suspense fallback={<p className="quiet centre">Opening…</p>}>
        <SnackbarHost>
          <Screens device={device} link={link} />
        </SnackbarHost>
      </Suspense>
    </Boundary>
  )
}

function Screens({ device: opening, link }: AppProps): ReactElement {
  const [device, setDevice] = useState(use(opening))
  const [place, setPlace] = useState<Place>(() => startingPlace(link))
  useEffect(() => {
    const onPop = (event: PopStateEvent): void => setPlace(placeIn(event.state))
    window.addEventListener('popstate', onPop)
    return () => window.removeEventListener('popstate', onPop)
  }, [])
  const go = (next: Place): void => {
    // A link is a secret: it is in no history.
    if (next.at === 'note' && place.at === 'join') history.replaceState({ place: next }, '')
    else if (next.at !== 'join') history.pushState({ place: next }, '')
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
  switch (place.at) {
    case 'list':
      return <ListScreen device={device} change={change} go={go} />
    case 'note':
      return <NoteScreen key={place.id} device={device} id={place.id} back={back} />
    case 'join':
      return <JoinScreen key={place.link} device={device} link={place.link} change={change} go={go} back={back} />
    case 'settings':
      break
  }
  return <SettingsScreen device={device} change={change} go={go} back={back} />
}

function startingPlace(link: string | null): Place {
  return link === null ? placeIn(history.state) : { at: 'join', link }
}

function placeIn(state: unknown): Place {
  return (state as { readonly place?: Place } | null)?.place ?? { at: 'list' }
}
