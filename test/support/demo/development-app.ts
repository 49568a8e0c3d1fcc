/**
 * The notes app built for development, where React does under StrictMode what it leaves out in production: it mounts everything twice.
 *
 * @module
 */
import { startRelay } from '@y-sealed/relay'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import { createPages } from '../../../mobile-demo/host/pages.ts'

interface DevelopmentApp {
  readonly url: string
  readonly caPath: string
  close(): Promise<void>
}

/** Builds into `folder`, and serves it with a relay of its own. */
export async function startDevelopmentApp(folder: string): Promise<DevelopmentApp> {
  // A process of its own: the bundler changes the environment of this one.
  const builder = spawn(
    process.execPath,
    ['--import', 'tsx', fileURLToPath(import.meta.resolve('./build-development.ts')), `${folder}/app`],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  )
  const [code] = (await once(builder, 'exit')) as [number | null]
  if (code !== 0) throw new Error('the app could not be built')
  const pages = createPages({ folder: `${folder}/app`, frames: false, relays: [] })
  const relay = await startRelay({ data: `${folder}/data`, host: '127.0.0.1', port: 0, pages, logLevel: 'error' })
  return { url: relay.pageUrl, caPath: relay.caPath ?? '', close: async () => await relay.close() }
}
