import type { NetworkInterfaceInfo } from 'node:os'
import { describe, expect, it } from 'vitest'

import { networkAddresses } from '../../../../server/ops/host-name.ts'
import { followNames, type Names } from '../../../../server/ops/living-names.ts'
import { completeSettings } from '../../../../server/settings.ts'
import { createTestClock } from '../../../support/tokens.ts'

const LOOK_MS = 2_000

const namesAt = (...hosts: readonly string[]): Names => ({
  hosts,
  audiences: hosts.map((host) => `wss://${host}/sync`),
  origins: hosts.map((host) => `https://${host}`),
})

describe('the names of a relay whose addresses change', () => {
  it('[AU5] [AU9] are others in the lists that were handed out, once the machine’s are', () => {
    const clock = createTestClock()
    let now = namesAt('localhost', '10.0.0.2')
    const changes: string[] = []
    const names = followNames(now, { read: () => now, onChange: () => changes.push(names.hosts.join()), clock })
    const { hosts, audiences, origins } = names
    clock.advance(3 * LOOK_MS)
    expect(changes).toEqual([])
    now = namesAt('localhost', '10.0.0.3', '10.1.0.1')
    clock.advance(LOOK_MS)
    expect({ hosts, audiences, origins }).toEqual(now)
    expect(changes).toEqual(['localhost,10.0.0.3,10.1.0.1'])
    now = namesAt('localhost')
    clock.advance(LOOK_MS)
    expect({ hosts, audiences, origins }).toEqual(now)
    names.close()
    now = namesAt('localhost', '10.0.0.9')
    clock.advance(3 * LOOK_MS)
    expect(hosts).toEqual(['localhost'])
  })

  it('are those of the likeliest network first, and of IPv4 alone', () => {
    const at = (address: string, family: 'IPv4' | 'IPv6' = 'IPv4', internal = false): NetworkInterfaceInfo[] => {
      const rest = { address, internal, netmask: '', mac: '', cidr: null }
      return [family === 'IPv4' ? { ...rest, family } : { ...rest, family, scopeid: 0 }]
    }
    const interfaces = (): NodeJS.Dict<NetworkInterfaceInfo[]> => ({
      lo: at('127.0.0.1', 'IPv4', true),
      docker0: at('172.17.0.1'),
      wlan0: [...at('fe80::1', 'IPv6'), ...at('192.168.0.7')],
      'br-12ab': at('172.18.0.1'),
    })
    expect(networkAddresses(interfaces)).toEqual(['192.168.0.7', '172.17.0.1', '172.18.0.1'])
  })

  it('are not asked for together with one address', () => {
    expect(() => completeSettings({ lan: true, host: '10.0.0.1' }, 8443)).toThrow(
      expect.objectContaining({ code: 'BAD_SETTINGS' }) as Error,
    )
  })
})
