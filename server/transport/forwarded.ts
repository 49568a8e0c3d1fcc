/**
 * Who a request is from when a proxy stands in front: what it says is believed where its address was named, and nowhere else. A plain
 * port serves such proxies alone, and only what came to them over TLS. Rows A5, A14.
 *
 * @module
 */
import type { IncomingHttpHeaders } from 'node:http'
import { BlockList, isIP } from 'node:net'

import { isLoopback } from './network-key.ts'

/** Addresses of proxies. */
export interface TrustedProxies {
  /** True when there is none. */
  readonly isEmpty: boolean
  has(address: string): boolean
}

/** Where a request comes from, or why it may not be answered. */
export type Origin =
  | { readonly ok: true; readonly address: string; readonly isForwarded: boolean }
  | { readonly ok: false; readonly event: 'not-the-proxy' | 'unnamed-proxy' | 'forwarded-in-clear' }

/** Hops that are looked at: a chain of proxies is short. */
const MAX_HOPS = 16

/** The proxies that a list names, each an address or a network (`10.0.0.0/8`); or the first entry that is neither. */
export function readTrustedProxies(entries: readonly string[]): TrustedProxies | string {
  const list = new BlockList()
  for (const entry of entries) {
    const [address = '', length, ...rest] = entry.split('/')
    const version = isIP(address)
    const most = version === 4 ? 32 : 128
    const bits = length === undefined ? most : /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN
    // A network of everybody would make everybody's word count.
    if (version === 0 || address.includes('%') || rest.length > 0 || !(bits >= 1 && bits <= most)) return entry
    list.addSubnet(address, bits, version === 4 ? 'ipv4' : 'ipv6')
  }
  return {
    isEmpty: entries.length === 0,
    has(address) {
      const plain = unmap(address)
      const version = isIP(plain)
      return version !== 0 && list.check(plain, version === 4 ? 'ipv4' : 'ipv6')
    },
  }
}

/** Judges a request by the address of its TCP peer and by what that says of others. */
export function judgeOrigin(
  peer: string,
  headers: IncomingHttpHeaders,
  { proxies, isPlain }: { readonly proxies: TrustedProxies; readonly isPlain: boolean },
): Origin {
  if (!proxies.has(peer)) {
    if (!isPlain) return { ok: true, address: peer, isForwarded: false }
    if (!proxies.isEmpty || !isLoopback(peer)) return { ok: false, event: 'not-the-proxy' }
    // Whoever forwards is a proxy: without its name all its clients would pass for this machine.
    if (isForwarding(headers)) return { ok: false, event: 'unnamed-proxy' }
    return { ok: true, address: peer, isForwarded: false }
  }
  if (!cameOverTls(headers['x-forwarded-proto'], isPlain)) return { ok: false, event: 'forwarded-in-clear' }
  const address = readClient(headers['x-forwarded-for'], proxies)
  return address === null ? { ok: true, address: peer, isForwarded: false } : { ok: true, address, isForwarded: true }
}

function isForwarding(headers: IncomingHttpHeaders): boolean {
  return headers.forwarded !== undefined || Object.keys(headers).some((name) => name.startsWith('x-forwarded-'))
}

/** Every hop must say so. On a TLS port a proxy may leave it out: it has shown already that it can speak TLS. */
function cameOverTls(header: string | readonly string[] | undefined, isNeeded: boolean): boolean {
  if (header === undefined) return !isNeeded
  return textOf(header)
    .split(',')
    .every((word) => /^(?:https|wss)$/i.test(word.trim()))
}

/**
 * The last hop that is no proxy of ours: what stands before it anybody may have written. Where all are ours, the first of them; `null`
 * when the header is lacking, or its last word is no address.
 */
function readClient(header: string | readonly string[] | undefined, proxies: TrustedProxies): string | null {
  const words = header === undefined ? [] : textOf(header).split(',').slice(-MAX_HOPS)
  let nearest: string | null = null
  for (const word of words.reverse()) {
    const address = readAddress(word.trim())
    if (address === null) return nearest
    nearest = address
    if (!proxies.has(address)) return nearest
  }
  return nearest
}

/** An address with or without a port: some proxies add it. */
function readAddress(word: string): string | null {
  const bare = /^\[([0-9a-f:.]{2,45})\](?::\d{1,5})?$/i.exec(word)?.[1] ?? /^([\d.]{7,15}):\d{1,5}$/.exec(word)?.[1]
  const address = bare ?? word
  return isIP(address) === 0 || address.includes('%') ? null : unmap(address)
}

/** IPv4 as IPv4. */
function unmap(address: string): string {
  return /^::ffff:(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})$/i.exec(address)?.[1] ?? address
}

function textOf(header: string | readonly string[]): string {
  return typeof header === 'string' ? header : header.join(',')
}
