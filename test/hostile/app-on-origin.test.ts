/** An app that is served from the relay's origin, and has faults: what it throws ends one answer, never the relay. */
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'

import { startRelay, type RunningRelay } from '../../server/serve.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'

interface Scene {
  readonly relay: RunningRelay
  readonly ca: string
  readonly events: () => readonly Readonly<Record<string, unknown>>[]
}

async function startFaultyApp(): Promise<Scene> {
  const lines: string[] = []
  const relay = await startRelay({
    data: makeTemporaryFolder(),
    port: 0,
    logLevel: 'error',
    writeLog: (line) => lines.push(line),
    pages: ({ url }, response) => {
      if (url === '/half') response.writeHead(200).write('half of it')
      if (url !== '/well') throw new RangeError(`secret of ${url}`)
      response.end('well')
      return true
    },
    pageSockets: ({ url }) => {
      throw new RangeError(`secret of ${url}`)
    },
  })
  onTestFinished(() => relay.close())
  const events = (): Record<string, unknown>[] => lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  return { relay, ca: readFileSync(relay.caPath ?? '', 'utf8'), events }
}

/** Status and body, or that it was cut off. */
async function get({ relay, ca }: Scene, path: string): Promise<readonly [number | undefined, string] | 'cut off'> {
  return await new Promise((resolve) => {
    request(new URL(path, relay.pageUrl), { ca }, (response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')))
      response.on('error', () => resolve('cut off'))
      response.on('end', () => resolve([response.statusCode, body]))
    })
      .on('error', () => resolve('cut off'))
      .end()
  })
}

async function dial({ relay, ca }: Scene): Promise<number | undefined> {
  return await new Promise((resolve, reject) => {
    const socket = new WebSocket(new URL('/app/socket', relay.url).href, { ca })
    socket.on('unexpected-response', (_request, { statusCode }) => resolve(statusCode))
    socket.on('error', reject)
  })
}

it('[B10] [J3] answers 500 for what an app throws, says where without its words, and goes on', async () => {
  const scene = await startFaultyApp()
  expect(await get(scene, '/page')).toEqual([500, 'Internal Server Error\n'])
  expect(await get(scene, '/half')).toBe('cut off')
  expect(await dial(scene)).toBe(500)
  expect(await get(scene, '/well')).toEqual([200, 'well'])
  const events = scene.events()
  expect(events.map(({ event, cause }) => [event, cause])).toEqual(
    ['/page', '/half', '/app/socket'].map(() => ['app-failed', 'RangeError']),
  )
  expect(String(events[0]?.['at'])).toMatch(/^app-on-origin\.test\.ts:\d+/)
  expect(JSON.stringify(events)).not.toContain('secret')
})
