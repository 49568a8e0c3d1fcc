import { HeadKeyPin, createMemoryKeyStore } from '@y-sealed/client'
import { cryptoReady, headKeyInput, type HeadKeyStatement } from '@y-sealed/protocol'
import { createDeviceSeeds, Device } from '@y-sealed/protocol/sealing'
import { beforeAll, describe, expect, it } from 'vitest'

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

describe("the relay's head key", () => {
  const device = (): Device => new Device(createDeviceSeeds())
  const statement = (from: Device, to: Device): HeadKeyStatement => ({
    oldKey: from.signPublic,
    newKey: to.signPublic,
    signature: from.sign(headKeyInput(from.signPublic, to.signPublic)),
  })

  it('[LO5] is taken on first use and then alone', async () => {
    const pin = new HeadKeyPin()
    const [one, two] = [device(), device()]
    expect(await pin.accept(one.signPublic, [])).toBe(true)
    expect(await pin.accept(two.signPublic, [])).toBe(false)
    expect(pin.key).toEqual(one.signPublic)
  })

  it('[LO5] changes by the word of the old key, through several keys at once', async () => {
    const pin = new HeadKeyPin()
    const [one, two, three] = [device(), device(), device()]
    await pin.accept(one.signPublic, [])
    expect(await pin.accept(three.signPublic, [statement(one, two), statement(two, three)])).toBe(true)
    expect(pin.key).toEqual(three.signPublic)
  })

  it("[LO5] does not change by a stranger's word, or by a bent one", async () => {
    const pin = new HeadKeyPin()
    const [one, two, mallory] = [device(), device(), device()]
    await pin.accept(one.signPublic, [])
    expect(await pin.accept(two.signPublic, [statement(mallory, two)])).toBe(false)
    const bent = statement(one, two)
    bent.signature[5] = (bent.signature[5] as number) ^ 1
    expect(await pin.accept(two.signPublic, [bent])).toBe(false)
  })

  it('[LO5] is remembered between runs where a key store is given, and differs between relays', async () => {
    const keys = createMemoryKeyStore()
    const [one, two] = [device(), device()]
    await new HeadKeyPin({ keys, name: 'a' }).accept(one.signPublic, [])
    expect(await new HeadKeyPin({ keys, name: 'a' }).accept(two.signPublic, [])).toBe(false)
    expect(await new HeadKeyPin({ keys, name: 'b' }).accept(two.signPublic, [])).toBe(true)
  })
})
