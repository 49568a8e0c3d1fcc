/**
 * The app around its screens: what is seen before they are there, and where one breaks.
 *
 * @module
 */
import { lazy, Suspense, type ReactElement } from 'react'

import type { Device } from './device/open-device.ts'
import { Boundary } from './parts/boundary.tsx'
import { Opening } from './parts/opening.tsx'
import { SnackbarHost } from './parts/snackbar.tsx'

/** With the client, which is large: something is seen before it is there. */
const Screens = lazy(async () => ({ default: (await import('./screens/screens.tsx')).Screens }))

interface AppProps {
  readonly device: Promise<Device>
  /** What the app was opened with. */
  readonly link: string | null
}

export function App({ device, link }: AppProps): ReactElement {
  return (
    <Boundary>
      <Suspense fallback={<Opening />}>
        <SnackbarHost>
          <Screens device={device} link={link} />
        </SnackbarHost>
      </Suspense>
    </Boundary>
  )
}
