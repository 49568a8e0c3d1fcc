import { HeadKeyPin, createMemoryKeyStore } from '@y-sealed/client'
import {
  cryptoReady,
  headInput,
  headKeyInput,
  type HeadKeyStatement,
  type SignedHead,
  zeroHead,
} from '@y-sealed/protocol'
import { createDeviceSeeds, Device } from '@y-sealed/protocol/sealing'
import { beforeAll, describe, expect, it } from 'vitest'

import { Attachment } from '../../../client/connection/attachment.ts'
import { Backoff, LONGEST_DELAY_MS } from '../../../client/connection/backoff.ts'
import { audienceOf } from '../../../client/connection/socket.ts'

beforeAll(() => cryptoReady())

describe("the relay's URL", () => {
  it.each([
    ['wss://relay.example', 'wss://relay.example/sync'],
    ['wss://relay.example/', 'wss://relay.example/sync'],
    ['wss://relay.example:443/sync', 'wss://relay.example/sync'],
    ['wss://RELAY.example:8443/sync', 'wss://relay.example:8443/sync'],
    ['wss://[::1]:8443/sync', 'wss://[::1]:8443/sync'],
  ])('[AU5] %s is the audience %s', (url, audience) => {
    expect(audienceOf(url)).toBe(audience)
  })

  it.each([
    'ws://relay.example/sync',
    'https://relay.example/sync',
    'wss://relay.example/other',
    'wss://relay.example/sync?token=x',
    'wss://relay.example/sync#x',
    'wss://user:secret@relay.example/sync',
    'relay.example',
  ])('[K16] [AU5] refuses %s', (url) => {
    expect(() => audienceOf(url)).toThrow(TypeError)
  })
})

describe('backoff', () => {
  it('[CL8] draws from a range that doubles up to 30 s, and starts over after a success', () => {
    const highest = new Backoff(() => 0.999_999)
    const delays = Array.from({ length: 10 }, () => highest.next())
    expect(delays.slice(0, 4)).toEqual([249, 499, 999, 1999])
    expect(Math.max(...delays)).toBeLessThanOrEqual(LONGEST_DELAY_MS)
    highest.reset()
    expect(highest.next()).toBe(249)
  })

  it('[CL8] never goes below what the relay asked for', () => {
    expect(new Backoff(() => 0).next(5_000)).toBe(5_000)
  })
})

describe('a document that is opened anew on its socket', () => {
  it('[FR7] [K3] hears neither the entries of a READ of the opening before, nor that it was all', () => {
    const document = new Uint8Array(16)
    const entries = { type: 'entries', document, seq: 2, envelopes: [] } as const
    const done = { type: 'read-done', document, through: 2, headSeq: 2 } as const
    const attached = new Attachment({
      documentId: document,
      token: undefined,
      cursor: () => ({ seq: 1, transcript: new Uint8Array(32), recordHead: new Uint8Array(32) }),
      receive: () => undefined,
      dialling: () => undefined,
      down: () => undefined,
    })
    const hear = (): readonly string[] => [entries, done].map((frame) => attached.hear(frame))
    attached.opening()
    expect(hear()).toEqual(['late', 'late'])
    const stands = { head: zeroHead(), role: 'writer', permissions: 0, expiresAtMs: 0, oldestSeq: 1 } as const
    const snapshot = { snapshotId: new Uint8Array(32), snapshotSeq: 0, snapshotBytes: 0 }
    attached.hear({ type: 'opened', document, present: true, through: 0, ...stands, ...snapshot })
    expect(hear()).toEqual(['heard', 'heard'])
    attached.opening()
    expect(hear()).toEqual(['late', 'late'])
  })
})

describe("the relay's head key", () => {
  const device = (): Device => new Device(createDeviceSeeds())
  const statement = (from: Device, to: Device): HeadKeyStatement => ({
    oldKey: from.signPublic,
    newKey: to.signPublic,
    signature: from.sign(headKeyInput(from.signPublic, to.signPublic)),
  })

  const document = new Uint8Array(16).fill(7)
  const transcript = new Uint8Array(32).fill(9)
  const headBy = (key: Device): SignedHead => ({
    seq: 3,
    transcript,
    signature: key.sign(headInput(document, 3, transcript)),
  })
  /** A pin of this key: the relay has shown it, and what it signed. */
  const pinned = async (
    key: Device,
    options: ConstructorParameters<typeof HeadKeyPin>[0] = {},
  ): Promise<HeadKeyPin> => {
    const pin = new HeadKeyPin(options)
    await pin.accept(key.signPublic, [])
    await pin.witness(document, headBy(key))
    return pin
  }

  it('[LO5] is taken on first use and then alone, once it has signed what came with it', async () => {
    const [one, two] = [device(), device()]
    const pin = await pinned(one)
    expect(await pin.accept(two.signPublic, [])).toBe(false)
    await pin.witness(document, headBy(two))
    expect([pin.key, await pin.pinned()]).toEqual([one.signPublic, one.signPublic])
  })

  it('[LO5] is forgotten where it has not, and another one is taken', async () => {
    const keys = createMemoryKeyStore()
    const [one, two] = [device(), device()]
    const pin = new HeadKeyPin({ keys })
    await pin.accept(one.signPublic, [])
    expect([pin.key, await pin.pinned()]).toEqual([one.signPublic, null])
    await pin.witness(document, headBy(two))
    expect([pin.key, await keys.list('')]).toEqual([null, []])
    await pin.accept(two.signPublic, [])
    await pin.witness(document, headBy(two))
    expect([await pin.pinned(), await pin.accept(one.signPublic, [])]).toEqual([two.signPublic, false])
    expect(await new HeadKeyPin({ keys }).pinned()).toEqual(two.signPublic)
  })

  it('[LO5] of a link stands in for the first use', async () => {
    const keys = createMemoryKeyStore()
    const [one, two] = [device(), device()]
    const pin = new HeadKeyPin({ keys })
    await pin.pin(one.signPublic)
    await pin.pin(two.signPublic)
    expect([await pin.accept(two.signPublic, []), await new HeadKeyPin({ keys }).pinned()]).toEqual([
      false,
      one.signPublic,
    ])
    expect(await new HeadKeyPin({ known: one.signPublic }).accept(two.signPublic, [])).toBe(false)
  })

  it('[LO5] changes by the word of the old key, through several keys at once', async () => {
    const [one, two, three] = [device(), device(), device()]
    const pin = await pinned(one)
    expect(await pin.accept(three.signPublic, [statement(one, two), statement(two, three)])).toBe(true)
    expect(await pin.pinned()).toEqual(three.signPublic)
  })

  it("[LO5] does not change by a stranger's word, or by a bent one", async () => {
    const [one, two, mallory] = [device(), device(), device()]
    const pin = await pinned(one)
    expect(await pin.accept(two.signPublic, [statement(mallory, two)])).toBe(false)
    const bent = statement(one, two)
    bent.signature[5] = (bent.signature[5] as number) ^ 1
    expect(await pin.accept(two.signPublic, [bent])).toBe(false)
  })

  it('[LO5] is remembered between runs where a key store is given, and differs between relays', async () => {
    const keys = createMemoryKeyStore()
    const [one, two] = [device(), device()]
    await pinned(one, { keys, name: 'a' })
    expect(await new HeadKeyPin({ keys, name: 'a' }).accept(two.signPublic, [])).toBe(false)
    expect(await new HeadKeyPin({ keys, name: 'b' }).accept(two.signPublic, [])).toBe(true)
  })
})
