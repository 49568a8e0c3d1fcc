/**
 * Names and addresses that no public site can have. Row A11.
 *
 * @module
 */
import { isIP } from 'node:net'

import { addressToBytes } from './host-name.ts'

/** Reserved domains: RFC 6761, 6762, 8375 and `.internal`. */
export const PRIVATE_DOMAINS: readonly string[] = ['localhost', 'local', 'home.arpa', 'internal', 'test']

/** Private, link-local, shared and loopback networks, each an address and a mask: RFC 1918, 3927, 4193, 4291, 6598. */
export const PRIVATE_NETWORKS: readonly (readonly [address: string, mask: string])[] = [
  ['127.0.0.0', '255.0.0.0'],
  ['10.0.0.0', '255.0.0.0'],
  ['172.16.0.0', '255.240.0.0'],
  ['192.168.0.0', '255.255.0.0'],
  ['169.254.0.0', '255.255.0.0'],
  ['100.64.0.0', '255.192.0.0'],
  ['::1', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['fc00::', 'fe00::'],
  ['fe80::', 'ffc0::'],
]

/** Is it a name or an address that no public site can have? */
export function isPrivateHost(host: string): boolean {
  if (isIP(host) === 0) return PRIVATE_DOMAINS.some((domain) => host === domain || host.endsWith(`.${domain}`))
  const bytes = addressToBytes(host)
  return PRIVATE_NETWORKS.some(([address, mask]) => {
    const network = addressToBytes(address)
    const bits = addressToBytes(mask)
    return network.length === bytes.length && network.every((byte, i) => ((bytes[i] ?? 0) & (bits[i] ?? 0)) === byte)
  })
}
