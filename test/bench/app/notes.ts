/**
 * The same note twice, each on two phones in Chromium: as the demo serves it, sealed, and on a y-websocket server.
 *
 * @module
 */
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContext, Page } from 'playwright'
import { build } from 'vite'

import { startDemoHost, type DemoHost } from '../../support/demo/demo-host.ts'
import { closeSheet, createNote, joinNote, showInvite, textOf } from '../../support/demo/note-steps.ts'
import { startPhones, takePhone } from '../../support/demo/phones.ts'
import { readQr } from '../../support/demo/read-qr.ts'
import { installPeers, PEERS_NODE } from '../peers.ts'
import { startServer, type ServerProcess } from '../server-process.ts'
import type { Workplace } from '../workplace.ts'

/** Two phones with one note open, and what to call that. */
export interface Pair {
  readonly name: string
  readonly from: Page
  readonly to: Page
}

export interface AppStage {
  readonly host: DemoHost
  readonly browser: Browser
  /** Two phones on the demo's app. */
  openSealed(): Promise<Pair>
  /** The same, where the relay's database is on a RAM disk, and outlives no power cut; `null` where the machine has none. */
  openSealedInRam(): Promise<Pair | null>
  /** Two phones on y-websocket, which keeps notes in memory and writes nothing down; `null` where its server is not to be had. */
  openPlain(): Promise<Pair | null>
  close(): Promise<void>
}

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** Linux has one. */
const RAM_DISK = '/dev/shm'

/** Beside the other host, under its authority. */
async function startHostInRam(tls: string): Promise<{ readonly host: DemoHost; stop(): Promise<void> } | null> {
  if (!existsSync(RAM_DISK)) return null
  const data = mkdtempSync(join(RAM_DISK, 'y-sealed-bench-'))
  cpSync(tls, join(data, 'tls'), { recursive: true })
  const host = await startDemoHost({ data, port: 0 })
  const stop = async (): Promise<void> => {
    await host.stop()
    rmSync(data, { recursive: true, force: true })
  }
  return { host, stop }
}

export async function openStage(workplace: Workplace): Promise<AppStage> {
  const data = workplace.folder('demo')
  const host = await startDemoHost({ data, port: 0 })
  const tls = join(data, 'tls')
  const browser = await startPhones(workplace.folder('home'), join(tls, 'ca.pem'))
  let plain: ServerProcess | null = null
  let inRam: Awaited<ReturnType<typeof startHostInRam>> = null
  let rooms = 0
  const startPlain = async (): Promise<ServerProcess | null> => {
    if (!installPeers()) return null
    const pages = workplace.folder('pages')
    await buildPlain(pages)
    const settings = { pages, certPath: join(tls, 'server.pem'), keyPath: join(tls, 'server.key') }
    return await startServer({ script: 'peers/y-websocket-page.ts', node: PEERS_NODE, settings })
  }
  const openOn = async ({ url }: DemoHost, name: string): Promise<Pair> => {
    const { page: from } = await takePhone(browser, 'Pixel 7')
    await from.goto(url)
    await createNote(from, 'Alice', 'Speed')
    const link = await readQr(await showInvite(from, 'Can edit'))
    await closeSheet(from)
    const { page: to } = await takePhone(browser, 'Pixel 7')
    await joinNote(to, link, 'Bob')
    return { name, from, to }
  }
  return {
    host,
    browser,
    openSealed: async () => await openOn(host, 'sealed'),
    async openSealedInRam() {
      inRam ??= await startHostInRam(tls)
      return inRam && (await openOn(inRam.host, 'sealed, database on a RAM disk'))
    },
    async openPlain() {
      plain ??= await startPlain()
      if (plain === null) return null
      const url = `https://localhost:${plain.port}/plain.html?room=${rooms++}`
      const open = async (name: string): Promise<Page> => {
        const { page } = await takePhone(browser, 'Pixel 7')
        await page.goto(`${url}&name=${name}`)
        await textOf(page).waitFor()
        return page
      }
      return { name: 'y-websocket', from: await open('Alice'), to: await open('Bob') }
    },
    async close() {
      await browser.close()
      await plain?.stop()
      await inRam?.stop()
      await host.stop()
    },
  }
}

export async function closePair({ from, to }: Pair): Promise<void> {
  const contexts: readonly BrowserContext[] = [from.context(), to.context()]
  for (const context of contexts) await context.close()
}

async function buildPlain(outDir: string): Promise<void> {
  await build({
    configFile: false,
    root: pathOf('.'),
    logLevel: 'error',
    // As in the demo's own build.
    resolve: {
      conditions: ['source', 'module', 'browser', 'development|production'],
      dedupe: ['yjs', 'y-protocols', 'lib0'],
    },
    build: {
      outDir,
      target: 'es2023',
      rolldownOptions: { input: { plain: pathOf('plain.html') } },
    },
  })
}
