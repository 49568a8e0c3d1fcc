/**
 * The app's entry: opens this device, then shows its notes.
 *
 * @module
 */
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'

import { App } from './app.tsx'
import { takeLink } from './device/address.ts'
import { followKeyboard } from './device/keyboard.ts'
import { registerWorker } from './device/worker.ts'
import './style/tokens.css'
import './style/page.css'
import './style/parts.css'
import './style/cards.css'
import './style/sheets.css'
import './style/note.css'

const host = document.querySelector('#app')
if (host === null) throw new Error('the page has no place for the app')

// Before anything else sees it: the secret behind the # is not to stay in the address bar.
const link = takeLink()
followKeyboard()
void registerWorker()
// Asked for at once, and beside the first picture: it is large.
const device = import('./device/open-device.ts').then(async ({ openDevice }) => await openDevice())
createRoot(host).render(
  <StrictMode>
    <App device={device} link={link} />
  </StrictMode>,
)
