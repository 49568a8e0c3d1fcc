/**
 * The app's entry: opens this device, then shows its notes.
 *
 * @module
 */
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'

import { App } from './app.tsx'
import { takeLink } from './device/address.ts'
import { openDevice } from './device/open-device.ts'
import { followKeyboard } from './device/keyboard.ts'
import { registerWorker } from './device/worker.ts'
import './style/tokens.css'
import './style/page.css'
import './style/parts.css'
import './style/note.css'

const host = document.querySelector('#app')
if (host === null) throw new Error('the page has no place for the app')

// Before anything else sees it: the secret behind the # is not to stay in the address bar.
const link = takeLink()
followKeyboard()
void registerWorker()
createRoot(host).render(
  <StrictMode>
    <App device={openDevice()} link={link} />
  </StrictMode>,
)
