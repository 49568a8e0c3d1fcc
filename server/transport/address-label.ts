/**
 * An address as logs may have it: the network, never the person. Rows J1, J3.
 *
 * @module
 */

/** The /24 of an IPv4 address or the /48 of an IPv6 address; empty for what is neither. */
export function labelAddress(address: string): string {
  const dotted = /^(?:::ffff:)?(\d{1,3}\.\d{1,3}\.\d{1,3})\.\d{1,3}$/i.exec(address)?.[1]
  if (dotted !== undefined) return `${dotted}.0/24`
  if (!/^[0-9a-f:.]+(%[\w.-]+)?$/i.test(address) || !address.includes(':')) return ''
  const [head = '', tail] = (address.split('%')[0] as string).toLowerCase().split('::')
  const left = head === '' ? [] : head.split(':')
  // Only an address that is written short in its first three groups needs to be filled up.
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const gap = tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0')
  return `${[...left, ...gap, ...right].slice(0, 3).join(':')}::/48`
}
