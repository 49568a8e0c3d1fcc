import { writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'

import { whenText } from '../../../mobile-demo/app/notes/when-text.ts'
import { createPages } from '../../../mobile-demo/host/pages.ts'
import { readSettings } from '../../../mobile-demo/host/settings.ts'
import { makeTemporaryFolder } from '../../support/temporary-folder.ts'

const SCRIPT = 'export const answer = 42\n'.repeat(50)

/** Serves a folder with one script that the build made small, and one that it did not. */
async function startPages(
  relays: readonly string[] = [],
): Promise<(path: string, encodings?: string) => Promise<[IncomingMessage, Buffer]>> {
  const folder = makeTemporaryFolder()
  writeFileSync(join(folder, 'packed.js'), SCRIPT)
  writeFileSync(join(folder, 'packed.js.br'), brotliCompressSync(SCRIPT))
  writeFileSync(join(folder, 'plain.js'), SCRIPT)
  const pages = createPages({ folder, frames: false, relays })
  const server = createServer((request, response) => {
    if (!pages(request, response)) response.writeHead(404).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return async (path, encodings) => {
    const headers = encodings === undefined ? {} : { 'Accept-Encoding': encodings }
    const [response] = (await once(get({ port, path, headers, agent: false }), 'response')) as [IncomingMessage]
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk as Buffer)
    return [response, Buffer.concat(chunks)]
  }
}

describe('the pages of the demo', () => {
  it('[DEMO 5] sends a file as the build packed it to whoever takes that, and as it is to others', async () => {
    const ask = await startPages()
    const [packed, small] = await ask('/packed.js', 'gzip, deflate, br')
    expect(packed.headers).toMatchObject({ 'content-encoding': 'br', vary: 'Accept-Encoding' })
    expect(packed.headers['content-type']).toBe('text/javascript; charset=utf-8')
    expect(packed.headers['content-length']).toBe(String(small.length))
    expect(small.length).toBeLessThan(SCRIPT.length / 2)
    expect(brotliDecompressSync(small).toString()).toBe(SCRIPT)
    for (const encodings of [undefined, 'gzip', 'breadcrumbs']) {
      const [whole, body] = await ask('/packed.js', encodings)
      expect(whole.headers['content-encoding']).toBeUndefined()
      expect(body.toString()).toBe(SCRIPT)
    }
    const [never] = await ask('/plain.js', 'br')
    expect(never.headers['content-encoding']).toBeUndefined()
    const [hidden] = await ask('/packed.js.br', 'br')
    expect(hidden.statusCode).toBe(404)
  })
})

describe('relays that the settings of the app may name', () => {
  const policyFor = async (relays: readonly string[]): Promise<string> => {
    const [{ headers }] = await (await startPages(relays))('/plain.js')
    return String(headers['content-security-policy'])
  }

  it('[B11] are reached for tokens where whoever serves the app has named them, and nobody else is', async () => {
    const settings = readSettings(['--relay', 'wss://one.example', '--relay', 'wss://two.example:8443'], {})
    const policy = await policyFor(settings?.relays ?? [])
    expect(policy).toContain("; connect-src 'self' wss: https://one.example https://two.example:8443; ")
    expect(await policyFor(readSettings([], {})?.relays ?? [])).toContain("; connect-src 'self' wss:; ")
  })

  it.each([
    'one.example',
    'https://one.example',
    'wss://one.example/path',
    'wss://a@one.example',
    'wss://x; script-src *',
  ])('[B11] are no relays when they are %s', (address) => {
    expect(() => readSettings(['--relay', address], {})).toThrow(/is no relay’s address/)
  })
})

describe('the time of a note', () => {
  it('[DEMO 4] is said by the clock today, and by its day before', () => {
    const now = new Date(2026, 10, 30, 12, 0)
    const said = (...[month, day, hour]: readonly [number, number, number]): string =>
      whenText(new Date(2026, month, day, hour, 5), now)
    expect(said(10, 30, 0)).toMatch(/^Today, 12:05/)
    expect(said(10, 29, 23)).toMatch(/^Yesterday, 11:05/)
    expect(said(10, 28, 23)).toMatch(/Nov/)
    expect(whenText(new Date(2025, 10, 30), now)).toMatch(/2025/)
  })
})
