/**
 * Two people write secrets by a relay that logs all it can, and every byte that it wrote, said or carried is searched for them. What the
 * search finds in a client and a relay that leak on purpose, it must not find in the real ones.
 */
import {
  concatBytes,
  Envelope,
  HEADER_BYTES,
  KIND,
  padLength,
  toBytes,
  writeHeader,
  type Bytes,
} from '@y-sealed/protocol'
import { randomBytes, type Device } from '@y-sealed/protocol/sealing'
import { describe, expect, it } from 'vitest'

import { placesOf, play, search, secretWord } from '../support/leak-play.ts'
import {
  findLeaks,
  leakingPlaces,
  textCanary,
  wirePlaces,
  withoutRightfulTokens,
  type Canary,
} from '../support/leak-scan.ts'
import { copyRelay } from '../support/relay-process.ts'
import { intrude, type Scene } from '../support/stage.ts'

/** An envelope that the relay takes for a good one, and whose sealed part is not sealed. */
function leakyEnvelope(scene: Scene, device: Device, content: Bytes): Envelope {
  const length = padLength(4 + content.length) + 16
  const bytes = writeHeader({
    kind: KIND.update,
    document: scene.document.id,
    epoch: 1,
    device: device.id,
    session: randomBytes(8),
    counter: 1,
    prev: new Uint8Array(16),
    seenSeq: 0,
    seenTranscript: scene.document.start.transcript.slice(0, 16),
    nonce: randomBytes(24),
    length,
  })
  bytes.set(content, HEADER_BYTES + 4)
  return new Envelope(bytes)
}

/** Each starts a relay of its own as a process. */
const OPTIONS = { timeout: 60_000 }

describe('what leaks on purpose is found', OPTIONS, () => {
  it('T22 [I6] a client that does not encrypt: on the wire, in the write-ahead log, then in the database', async () => {
    const played = await play()
    const secrets = played.secrets.filter(({ name }) => ['the text', "the app's key", 'the link'].includes(name))
    const content = concatBytes(...secrets.map(({ bytes }) => bytes))
    const { client } = await intrude({ url: played.lying.url, ca: played.lying.ca }, played.scene)
    client.send({ type: 'push', envelopes: [leakyEnvelope(played.scene, client.device, content)] })
    await client.nextOf('ack')
    const found = search(played)
    expect(leakingPlaces(found)).toEqual(['relay.db-wal', 'wire: from-client', 'wire: from-relay'])
    for (const { name } of secrets) {
      const places = found.filter(({ canary }) => canary === name).map(({ place }) => place)
      expect(places).toContain('relay.db-wal')
    }
    await played.relay.stop()
    expect(leakingPlaces(search(played))).toEqual(['relay.db', 'wire: from-client', 'wire: from-relay'])
  })

  it('T22 [J3] a relay that notes tokens down: in its log, its greeting, a file of its own', async () => {
    const root = copyRelay(
      'server/auth/token-verifier.ts',
      '    const jws = readJws(token, TOKEN_TYPE)\n',
      `    process.stderr.write(JSON.stringify({ level: 'debug', event: 'token', token }) + '\\n')
    process.stdout.write(Buffer.from('..' + token).toString('base64url') + '\\n')
    const folder = process.argv[process.argv.indexOf('--data') + 1]
    process.getBuiltinModule('node:fs').appendFileSync(folder + '/debug.log', Buffer.from(token, 'utf16le'))
    const jws = readJws(token, TOKEN_TYPE)\n`,
    )
    const played = await play(root)
    const found = search(played)
    expect(leakingPlaces(found)).toEqual(['debug.log', 'stderr', 'stdout'])
    expect(found).toContainEqual({ place: 'stderr', canary: 'token 0', form: 'raw' })
    expect(found).toContainEqual({ place: 'stdout', canary: 'token 0', form: 'base64url +2' })
    expect(found).toContainEqual({ place: 'debug.log', canary: 'token 0', form: 'UTF-16 LE' })
  })

  it('T22 [AU9] [AU10] a token on the wire, in any place but the four where it belongs', async () => {
    const { lying, tokens } = await play()
    const [token] = tokens
    const bytes = token?.bytes as Bytes
    const rightful = withoutRightfulTokens(lying.captured)
    expect(findLeaks(wirePlaces(rightful), tokens)).toEqual([])
    expect(leakingPlaces(findLeaks(wirePlaces(lying.captured), tokens))).toEqual([
      'wire: from-client',
      'wire: request-head',
      'wire: response-body',
    ])
    const url = toBytes(Buffer.concat([Buffer.from('GET /sync?token='), bytes]))
    const misplaced = withoutRightfulTokens([
      { place: 'request-head', bytes: url },
      { place: 'request-body', bytes },
      { place: 'response-head', bytes },
      { place: 'from-client', bytes },
      { place: 'from-relay', bytes },
    ])
    expect(leakingPlaces(findLeaks(wirePlaces(misplaced), [token as Canary]))).toHaveLength(5)
  })

  it('T22 a secret in every form, wherever it begins', () => {
    const secret = { name: 'secret', bytes: randomBytes(32) }
    const word = textCanary('word', secretWord('form'))
    for (const { name, bytes } of [secret, word]) {
      for (const before of [0, 1, 2, 3, 4]) {
        const whole = Buffer.concat([randomBytes(before), bytes, randomBytes(5)])
        const written = ['hex', 'base64', 'base64url'].map((encoding) => whole.toString(encoding as BufferEncoding))
        for (const text of [...written, whole.toString('hex').toUpperCase()]) {
          const leaks = findLeaks([{ name: 'place', bytes: toBytes(Buffer.from(`x${text}x`)) }], [{ name, bytes }])
          expect(leakingPlaces(leaks)).toEqual(['place'])
        }
      }
    }
  })
})

describe('what the relay writes, says and carries', OPTIONS, () => {
  it('T1 T22 [I6] [J3] holds no text, name, key, link or token, in any usual form', async () => {
    const played = await play()
    const names = placesOf(played).map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['relay.db', 'relay.db-wal', 'relay.db-shm', 'stdout', 'stderr']))
    expect(played.tokens.length).toBeGreaterThanOrEqual(4)
    expect(played.relay.output.stderr.split('\n').length).toBeGreaterThan(10)
    expect(search(played)).toEqual([])
    await played.relay.stop()
    expect(search(played)).toEqual([])
  })
})
