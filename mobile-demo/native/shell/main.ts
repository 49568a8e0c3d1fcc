/**
 * The shell's entry: says what the app runs in, and then starts it.
 *
 * @module
 */
import { App } from '@capacitor/app'
import { Network } from '@capacitor/network'
import { followNativeLifeCycle, type Wakeable } from '@y-sealed/client/capacitor'

import { runInShell } from '../../app/device/shell.ts'
import { followLinks, takeFirstLink } from './links.ts'
import { openPhoneStorage, wipePhoneStorage } from './storage.ts'

/** Put in by the build, of `pins.json`. */
declare const RELAY_URL: string
declare const APP_ADDRESS: string

let open: Wakeable | null = null

runInShell({
  relay: RELAY_URL,
  appAddress: APP_ADDRESS,
  openStorage: openPhoneStorage,
  wipe: wipePhoneStorage,
  opened(documents) {
    open = documents
  },
})

async function start(): Promise<void> {
  await takeFirstLink(App, APP_ADDRESS)
  await followLinks(App, APP_ADDRESS)
  await followNativeLifeCycle({ app: App, network: Network, documents: () => open })
  await import('../../app/main.tsx')
}

void start()
