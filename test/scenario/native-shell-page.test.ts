/**
 * The app as a native shell carries it, in Chromium behind Capacitor's own bridge, against a real relay of another origin.
 */
import { createMemoryKeyStore, type SealedDocuments } from '@y-sealed/client'
import { startRelay, type RunningRelay } from '@y-sealed/relay'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, devices, type Browser } from 'playwright'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'

import { createEcKey } from '../../server/ops/ec-key.ts'
import { createPinSet, pinOf } from '../../server/ops/pins.ts'
import { openWebView, type WebView } from '../support/capacitor/web-view.ts'
import { CHROMIUM_FLAGS, findChromium } from '../support/chromium.ts'
import { hasComponent } from '../support/components.ts'
import { createNote, showInvite, textOf, typeText } from '../support/demo/note-steps.ts'
import { readQr } from '../support/demo/read-qr.ts'
import { hasNativeShells, NATIVE_FOLDER } from '../support/native-shells.ts'
import { createPerson, eventually, textOf as textOfNote, write } from '../support/person.ts'
import { REPOSITORY_ROOT } from '../support/repository.ts'

const MAKE_MS = 240_000
const SEEN = { timeout: 30_000, interval: 100 }
const canRun = hasNativeShells() && hasComponent('chromium') && hasComponent('certutil')

async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  return port
}

describe.skipIf(!canRun)('the app in a native shell', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'y-sealed-shell-page-'))
  let relay: RunningRelay
  let browser: Browser
  let ca: string
  /** Addresses name it, so it has to be known before the relay is there. */
  let port: number
  let views = 0

  beforeAll(async () => {
    const data = join(folder, 'relay')
    port = await findFreePort()
    relay = await startRelay({
      data,
      port,
      urls: [`wss://relay.example:${port}/sync`, `wss://localhost:${port}/sync`],
      nativeShells: true,
      logLevel: 'error',
    })
    const caPath = join(data, 'tls/ca.pem')
    ca = readFileSync(caPath, 'ascii')
    const pins = createPinSet({
      hosts: ['relay.example'],
      current: pinOf(createEcKey()),
      backups: [pinOf(createEcKey())],
      days: 180,
      nowMs: Date.now(),
    })
    writeFileSync(join(folder, 'pins.json'), JSON.stringify(pins))
    const program = ['--import', 'tsx', '--conditions=source', join(NATIVE_FOLDER, 'make.ts')]
    const options = ['--pins', join(folder, 'pins.json'), '--out', folder, '--relay', `wss://relay.example:${port}`]
    const { NODE_ENV: _, ...env } = process.env
    execFileSync(process.execPath, [...program, ...options], {
      cwd: REPOSITORY_ROOT,
      env: { ...env, NODE_OPTIONS: '' },
      stdio: 'pipe',
    })
    const store = join(folder, 'home/.pki/nssdb')
    execFileSync('mkdir', ['-p', store])
    execFileSync('certutil', ['-d', `sql:${store}`, '-N', '--empty-password'])
    execFileSync('certutil', ['-d', `sql:${store}`, '-A', '-t', 'C,,', '-n', 'y-sealed test', '-i', caPath])
    browser = await chromium.launch({
      executablePath: findChromium() ?? '',
      // A page that Playwright serves has no address of its own, so the relay on this machine would count as somebody's local network.
      args: [
        ...CHROMIUM_FLAGS,
        '--host-resolver-rules=MAP relay.example 127.0.0.1',
        '--disable-features=LocalNetworkAccessChecks',
      ],
      env: { ...(process.env as Record<string, string>), HOME: join(folder, 'home') },
    })
  }, MAKE_MS)

  afterAll(async () => {
    await browser.close()
    await relay.close()
    rmSync(folder, { recursive: true, force: true })
  })

  async function openShell(launchUrl?: string): Promise<WebView & { readonly database: string }> {
    const context = await browser.newContext(devices['Pixel 7'])
    onTestFinished(() => context.close())
    const database = join(folder, `notes-${views++}.db`)
    const view = await openWebView({
      context,
      folder: join(folder, 'web'),
      database,
      ...(launchUrl === undefined ? {} : { launchUrl }),
    })
    return { ...view, database }
  }

  const openBob = async (): Promise<SealedDocuments> =>
    (await createPerson({ relay: { url: `wss://localhost:${port}`, ca }, name: 'Bob', keys: createMemoryKeyStore() }))
      .documents

  it('[B11] [AU9] writes at its relay under its policy, keeps keys and notes with the phone and nothing in the web view, and has them when it is loaded anew', async () => {
    const { page, complaints, keychain, database } = await openShell()
    await createNote(page, 'Alice', 'Shopping')
    await typeText(page, 'quince-canary')
    const link = await readQr(await showInvite(page, 'Can edit'))
    expect(link.startsWith('https://relay.example/#')).toBe(true)
    const joined = await (await openBob()).openDocument(link)
    await eventually(() =>
      expect(JSON.stringify(joined.doc.getXmlFragment('default').toJSON())).toContain('quince-canary'),
    )
    expect(complaints).toEqual([])

    expect([...keychain.keys()].every((name) => name.startsWith('y-sealed/'))).toBe(true)
    expect(keychain.size).toBeGreaterThan(2)
    for (const { sync, access } of keychain.values()) expect([sync, access]).toEqual([false, 3])
    const kept = await page.evaluate(async () => ({
      databases: (await indexedDB.databases()).length,
      local: localStorage.length,
      caches: (await caches.keys()).length,
      workers: (await navigator.serviceWorker.getRegistrations()).length,
    }))
    expect(kept).toEqual({ databases: 0, local: 0, caches: 0, workers: 0 })
    expect(readFileSync(database, 'latin1')).not.toContain('canary')

    await page.reload()
    await expect.poll(() => textOf(page).innerText(), SEEN).toContain('quince-canary')
  })

  it('[CL21] opens a link that the phone hands it, at its start and later, and follows the phone out of view and back', async () => {
    const bobs = await openBob()
    const [first, second] = [await bobs.createDocument({ name: 'one' }), await bobs.createDocument({ name: 'two' })]
    for (const note of [first, second]) await write(note, 'x')
    const invite = async (note: typeof first): Promise<string> =>
      await note.invite({ role: 'writer', app: 'https://relay.example/' })
    const phone = await openShell(await invite(first))
    const { page, complaints } = phone
    await page.getByLabel('Your name, for the members of your notes').fill('Alice')
    await page.getByRole('button', { name: 'Open the note' }).click()
    await textOf(page).waitFor()
    await eventually(() => expect(first.members()).toHaveLength(2))

    await phone.tell('App', 'appUrlOpen', { url: 'https://other.example/#AAAA' })
    await phone.tell('App', 'appUrlOpen', { url: await invite(second) })
    await eventually(() => expect(second.members()).toHaveLength(2))
    await textOf(page).waitFor()
    // No secret of a link stays in the address, nor is the first taken again.
    expect(page.url()).toBe('https://localhost/')

    const seen = (): number => second.provider.awareness.getStates().size
    await eventually(() => expect(seen()).toBe(2))
    await phone.tell('App', 'appStateChange', { isActive: false })
    await eventually(() => expect(seen()).toBe(1))
    await phone.tell('App', 'appStateChange', { isActive: true })
    await eventually(() => expect(seen()).toBe(2))
    expect(complaints).toEqual([])
    expect(textOfNote(second)).toBe('x')
  })
})
