import { describe, expect, it } from 'vitest'

import { judgeOrigin, readTrustedProxies, type TrustedProxies } from '../../../../server/transport/forwarded.ts'
import { startCpuClock } from '../../../support/cpu-clock.ts'

const read = (...entries: string[]): TrustedProxies => readTrustedProxies(entries) as TrustedProxies
const proxies = read('10.0.0.0/8', '127.0.0.1', '2001:db8:1::/48')

/** The client's address by what a trusted peer says; `peer` when it is not believed. */
function clientOf(forwardedFor: string | undefined, peer = '10.0.0.1'): string | null {
  const headers = {
    'x-forwarded-proto': 'https',
    ...(forwardedFor !== undefined && { 'x-forwarded-for': forwardedFor }),
  }
  const origin = judgeOrigin(peer, headers, { proxies, isPlain: true })
  return origin.ok ? origin.address : null
}

describe('proxies that are trusted', () => {
  it.each([
    ['10.255.1.2', true],
    ['11.0.0.1', false],
    ['127.0.0.1', true],
    ['127.0.0.2', false],
    ['::ffff:10.1.2.3', true],
    ['::ffff:11.1.2.3', false],
    ['2001:db8:1:ffff::1', true],
    ['2001:db8:2::1', false],
    ['', false],
    ['proxy.example', false],
  ])('[A14] %s: %s', (address, isTrusted) => {
    expect(proxies.has(address)).toBe(isTrusted)
  })

  it.each([
    '0.0.0.0/0',
    '::/0',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0/8',
    'proxy.example',
    '',
    'fe80::1%eth0',
  ])('[A14] are not to be had by %j', (entry) => {
    expect(readTrustedProxies(['127.0.0.1', entry])).toBe(entry)
  })
})

describe('the client that a proxy names', () => {
  it.each([
    ['the last that is no proxy', '6.6.6.6, 198.51.100.7, 10.0.0.9', '198.51.100.7'],
    ['what stands before it may be made up', '127.0.0.1, 198.51.100.7', '198.51.100.7'],
    ['the first where all are proxies', '10.0.0.7, 10.0.0.9', '10.0.0.7'],
    ['with a port', '198.51.100.7:4711', '198.51.100.7'],
    ['IPv6', '2001:db8:9::7', '2001:db8:9::7'],
    ['IPv6 with a port', '[2001:db8:9::7]:4711', '2001:db8:9::7'],
    ['IPv4 as IPv6', '::ffff:198.51.100.7', '198.51.100.7'],
    ['the nearest that can be read', '6.6.6.6, garbage, 10.0.0.9', '10.0.0.9'],
    ['nobody: the proxy', 'garbage', '10.0.0.1'],
    ['nobody: the proxy', '', '10.0.0.1'],
    ['nobody: the proxy', undefined, '10.0.0.1'],
  ])('[A14] is %s', (_what, header, address) => {
    expect(clientOf(header)).toBe(address)
  })

  it('[A14] is nobody when a stranger says so', () => {
    const headers = { 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'http', forwarded: 'for=6.6.6.6;proto=http' }
    expect(judgeOrigin('198.51.100.7', headers, { proxies, isPlain: false })).toEqual({
      ok: true,
      address: '198.51.100.7',
      isForwarded: false,
    })
  })

  it('[A14] is read of a header without end in no time', () => {
    const cpuMs = startCpuClock()
    expect(clientOf(`${'10.0.0.2,'.repeat(1_000)}10.0.0.3`)).toBe('10.0.0.2')
    expect(cpuMs()).toBeLessThan(50)
  })
})

describe('a request that came to the proxy', () => {
  it.each([
    ['https', true, true],
    ['wss', true, true],
    ['HTTPS, https', true, true],
    ['http', false, false],
    ['https, http', false, false],
    ['http, https', false, false],
    ['', false, false],
    ['httpsx', false, false],
    [undefined, false, true],
  ])('[A14] by %j: on a plain port %s, on a TLS port %s', (proto, onPlain, onTls) => {
    const headers = proto === undefined ? {} : { 'x-forwarded-proto': proto }
    expect(judgeOrigin('10.0.0.1', headers, { proxies, isPlain: true }).ok).toBe(onPlain)
    expect(judgeOrigin('10.0.0.1', headers, { proxies, isPlain: false }).ok).toBe(onTls)
  })
})

describe('a plain port', () => {
  it('[A14] takes nobody but the proxy', () => {
    const headers = { 'x-forwarded-proto': 'https' }
    for (const peer of ['198.51.100.7', '127.0.0.2', '::1', '']) {
      expect(judgeOrigin(peer, headers, { proxies, isPlain: true })).toEqual({ ok: false, event: 'not-the-proxy' })
    }
  })

  it('[A14] without a proxy takes this machine alone, and nothing that was forwarded', () => {
    const alone = { proxies: read(), isPlain: true }
    expect(judgeOrigin('127.0.0.1', { host: 'a' }, alone)).toMatchObject({ ok: true, isForwarded: false })
    expect(judgeOrigin('198.51.100.7', {}, alone)).toEqual({ ok: false, event: 'not-the-proxy' })
    for (const name of ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded']) {
      expect(judgeOrigin('127.0.0.1', { [name]: 'https' }, alone)).toEqual({ ok: false, event: 'unnamed-proxy' })
    }
  })
})
