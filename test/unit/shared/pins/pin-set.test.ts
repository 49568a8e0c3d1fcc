import { pinsExpireAtMs, readPinSet } from '@y-sealed/protocol'
import { describe, expect, it } from 'vitest'

const [ONE, TWO, THREE] = [1, 2, 3].map((byte) => Buffer.alloc(32, byte).toString('base64')) as [string, string, string]

const good = {
  version: 1,
  algorithm: 'sha256-spki',
  hosts: ['relay.example', '192.168.0.2', 'fd00::1'],
  expires: '2027-02-28',
  pins: [
    { use: 'current', pin: ONE },
    { use: 'backup', pin: TWO },
  ],
}
const [current, backup] = good.pins

describe('pins.json', () => {
  it('[PN1] is read as it stands', () => {
    expect(readPinSet(JSON.stringify(good))).toEqual(good)
  })

  it('[PN4] ends when its last day begins in UTC', () => {
    expect(pinsExpireAtMs(readPinSet(JSON.stringify(good)))).toBe(Date.UTC(2027, 1, 28))
  })

  it.each([
    ['no JSON', '{'],
    ['no object', 'null'],
    ['a list', '[]'],
    ['a field too few', JSON.stringify({ ...good, expires: undefined })],
    ['a field too many', JSON.stringify({ ...good, includeSubdomains: true })],
    ['another version', JSON.stringify({ ...good, version: 2 })],
    ['another algorithm', JSON.stringify({ ...good, algorithm: 'sha1-spki' })],
    ['no host', JSON.stringify({ ...good, hosts: [] })],
    ['a host with a port', JSON.stringify({ ...good, hosts: ['relay.example:443'] })],
    ['a host in capitals', JSON.stringify({ ...good, hosts: ['Relay.example'] })],
    ['a host twice', JSON.stringify({ ...good, hosts: ['relay.example', 'relay.example'] })],
    ['all hosts of a domain', JSON.stringify({ ...good, hosts: ['*.relay.example'] })],
    ['markup for a host', JSON.stringify({ ...good, hosts: ['</domain>'] })],
    [
      'seventeen hosts',
      JSON.stringify({ ...good, hosts: Array.from({ length: 17 }, (_, at) => `relay${at}.example`) }),
    ],
    ['a day that no calendar has', JSON.stringify({ ...good, expires: '2027-02-29' })],
    ['a moment for a day', JSON.stringify({ ...good, expires: '2027-02-28T00:00:00Z' })],
    ['one pin', JSON.stringify({ ...good, pins: [current] })],
    ['nine pins', JSON.stringify({ ...good, pins: Array.from({ length: 9 }, () => backup) })],
    ['two current ones', JSON.stringify({ ...good, pins: [current, { use: 'current', pin: THREE }] })],
    ['none that is current', JSON.stringify({ ...good, pins: [backup, { use: 'backup', pin: THREE }] })],
    ['the same pin twice', JSON.stringify({ ...good, pins: [current, { use: 'backup', pin: ONE }] })],
    [
      'a pin of 31 bytes',
      JSON.stringify({ ...good, pins: [current, { use: 'backup', pin: Buffer.alloc(31).toString('base64') }] }),
    ],
    [
      'a pin with loose bits at its end',
      JSON.stringify({ ...good, pins: [current, { use: 'backup', pin: `${'A'.repeat(42)}B=` }] }),
    ],
    ['a pin as base64url', JSON.stringify({ ...good, pins: [current, { use: 'backup', pin: `${'_'.repeat(42)}8=` }] })],
    ['a field too many at a pin', JSON.stringify({ ...good, pins: [current, { ...backup, since: '2026' }] })],
  ])('[PN1] refuses %s', (_, text) => {
    expect(() => readPinSet(text)).toThrow(expect.objectContaining({ code: 'PINS_MALFORMED' }) as Error)
  })
})
