/** Rows A and B by a foreign implementation of TLS, and by bytes that come too slowly. */
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'

import { createScene, type Scene } from '../support/aftermath.ts'
import { hasComponent } from '../support/components.ts'
import { RawSocket, sendRequest, upgradeRequest } from '../support/raw-http.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'
import { startTestRelay } from '../support/test-relay.ts'
import { startStallClock } from '../support/stall-clock.ts'

const start = async (): Promise<Scene> => createScene(await startTestRelay())

/** What `openssl s_client` says, given `input` once `isReady` says so of what it has said. */
async function askOpenssl(
  { relay }: Scene,
  options: readonly string[],
  input: string,
  isReady: (said: string) => boolean = (said) => said.includes('---\n'),
): Promise<string> {
  const ca = join(makeTemporaryFolder(), 'ca.pem')
  writeFileSync(ca, relay.ca)
  const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${relay.port}`, '-CAfile', ca, ...options])
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  let isAsked = false
  const take = (chunk: Buffer): void => {
    said += chunk.toString('latin1')
    if (isAsked || !isReady(said)) return
    isAsked = true
    child.stdin.write(input)
  }
  child.stdout.on('data', take)
  child.stderr.on('data', take)
  child.stdin.on('error', () => {})
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  await Promise.race([ended, after(4_000)])
  child.kill('SIGKILL')
  await ended
  return said
}

describe.skipIf(!hasComponent('openssl'))('TLS by openssl', () => {
  it('T17 [A7] refuses a client that renegotiates', async () => {
    const scene = await start()
    const isReady = (said: string): boolean => said.includes('Verify return code')
    const said = await askOpenssl(scene, ['-tls1_2'], 'R\n', isReady)
    expect(said).toContain('Verify return code: 0 (ok)')
    expect(said).toMatch(/no renegotiation/i)
    expect((await sendRequest(scene.relay, upgradeRequest(scene.relay.token(scene.document.id, null)))).status).toBe(
      101,
    )
  })

  it('T17 [A9] takes no early data', async () => {
    const scene = await start()
    const folder = makeTemporaryFolder()
    const session = join(folder, 'session.pem')
    const early = join(folder, 'early')
    writeFileSync(early, 'GET /sync HTTP/1.1\r\nHost: a\r\n\r\n')
    // A ticket comes with the first answer.
    const request = 'GET /sync HTTP/1.1\r\nHost: a\r\n\r\n'
    await askOpenssl(scene, ['-tls1_3', '-sess_out', session, '-ign_eof'], request)
    const said = await askOpenssl(scene, ['-tls1_3', '-sess_in', session, '-early_data', early, '-ign_eof'], request)
    expect(said).toMatch(/Early data was (not sent|rejected)/)
    expect(said).not.toContain('Early data was accepted')
  })

  it(
    'T17 [A10] shows its one certificate to whoever asks for another name, and refuses nobody’s data for another',
    {
      timeout: 15_000,
    },
    async () => {
      const scene = await start()
      const request = 'GET / HTTP/1.1\r\nHost: bank.example\r\n\r\n'
      const said = await askOpenssl(scene, ['-servername', 'bank.example', '-ign_eof'], request)
      expect(said).not.toContain('CN = bank.example')
      expect(said).toContain('404 Not Found')
    },
  )
})

describe('slow HTTP', () => {
  it('T17 [B6] answers 408 to a header that does not come to its end', async () => {
    const scene = await start()
    const socket = await RawSocket.connect(scene.relay)
    const freeMs = startStallClock()
    socket.write('GET /sync HTTP/1.1\r\nHost: a\r\nX: ')
    expect((await socket.answer()).status).toBe(408)
    expect(freeMs()).toBeLessThan(8_000)
    await socket.ended
    await scene.expectUnharmed()
  })

  it('T17 [B9] answers nothing that comes behind an upgrade that was refused', async () => {
    const scene = await start()
    const socket = await RawSocket.connect(scene.relay)
    const good = upgradeRequest(scene.relay.token(scene.document.id, null))
    socket.write(upgradeRequest('a.b.c') + good + good)
    expect((await socket.answer()).status).toBe(401)
    await socket.ended
    expect(socket.received.toString('latin1')).toBe('')
    await scene.expectUnharmed()
  })
})
