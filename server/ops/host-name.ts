/**
 * Names and addresses under which a relay can be dialled, as certificates and audiences spell them. Rule AU5.
 *
 * @module
 */
import { toBytes, type Bytes } from '@y-sealed/protocol'
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'

/** True for a host that only this machine can reach. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

/** True for an address that stands for all interfaces. */
export function isAnyHost(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

/** Lower case, without a final dot or brackets; `null` for what is neither a DNS name nor an address. */
export function normaliseHost(text: string): string | null {
  const host = text.toLowerCase().replace(/^\[(.*)\]$/, '$1')
  if (isIP(host) !== 0) return host.includes('%') ? null : host
  const name = host.replace(/\.$/, '')
  const label = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/
  return name.length <= 253 && name.split('.').every((part) => label.test(part)) && !/^[\d.]+$/.test(name) ? name : null
}

/** A host as it stands in a URL. */
export function hostInUrl(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host
}

/**
 * Hosts under which a relay that listens on `host` is reached: this machine's own names, and `host` itself or, when it listens
 * everywhere, the IPv4 addresses of the network.
 */
export function hostsOf(
  host: string,
  interfaces: () => readonly string[] = () => networkAddresses(),
): readonly string[] {
  const others = isAnyHost(host) ? interfaces() : [host]
  return [...new Set(['localhost', '127.0.0.1', '::1', ...others])]
}

/** Networks that containers, machines within the machine and tunnels make: no phone is in them, unless nothing else is there. */
const INNER_NETWORK = /^(?:br-|docker|podman|cni|veth|virbr|vmnet|vboxnet|bridge|tailscale|utun|tun|wg|zt)/

/** The IPv4 addresses that other machines may reach, the likeliest first. */
export function networkAddresses(interfaces: typeof networkInterfaces = networkInterfaces): readonly string[] {
  const named = Object.entries(interfaces()).toSorted(([a], [b]) => rankOf(a) - rankOf(b))
  const all = named.flatMap(([, addresses]) => addresses ?? [])
  return all.filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => address)
}

function rankOf(name: string): number {
  return INNER_NETWORK.test(name) ? 1 : 0
}

/** An address in network byte order: 4 or 16 bytes. Throws for a DNS name. */
export function addressToBytes(address: string): Bytes {
  if (isIP(address) === 4) return Uint8Array.from(address.split('.').map(Number))
  if (isIP(address) !== 6) throw new TypeError('no IP address')
  // The URL parser canonicalises IPv6: no embedded IPv4, lower case, shortest form.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const groups = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => '0'), ...right]
  return toBytes(Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex'))
}
