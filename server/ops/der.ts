/**
 * The little DER (ITU-T X.690) that the certificate library lacks: the extension that confines a certificate authority to names.
 *
 * @module
 */
import { concatBytes, type Bytes } from '@y-sealed/protocol'

/** Names that an authority may certify: DNS names with everything below them, and networks as address ‖ mask. */
export interface PermittedNames {
  readonly dns: readonly string[]
  readonly networks: readonly Bytes[]
}

/** One DER element. */
function encodeElement(tag: number, ...content: readonly Uint8Array[]): Bytes {
  const body = concatBytes(...content)
  const size = body.length
  // DER wants the shortest form of a length (X.690 §10.1).
  if (size < 0x80) return concatBytes(Uint8Array.of(tag, size), body)
  if (size < 0x100) return concatBytes(Uint8Array.of(tag, 0x81, size), body)
  if (size < 0x10000) return concatBytes(Uint8Array.of(tag, 0x82, size >> 8, size & 0xff), body)
  throw new RangeError('a DER element of more than 65535 bytes')
}

const SEQUENCE = 0x30
/** `permittedSubtrees [0]` */
const PERMITTED = 0xa0
/** `dNSName [2]` and `iPAddress [7]` of GeneralName. */
const DNS_NAME = 0x82
const IP_ADDRESS = 0x87

/** One permitted DNS name, as it stands inside {@link encodeNameConstraints}. */
export function encodePermittedDns(name: string): Bytes {
  return encodeElement(SEQUENCE, encodeElement(DNS_NAME, new TextEncoder().encode(name)))
}

/** One permitted network, likewise. */
export function encodePermittedNetwork(network: Bytes): Bytes {
  return encodeElement(SEQUENCE, encodeElement(IP_ADDRESS, network))
}

/** The value of a `nameConstraints` extension (RFC 5280 §4.2.1.10) that permits these names and no others of their two kinds. */
export function encodeNameConstraints(names: PermittedNames): Bytes {
  const subtrees = [...names.dns.map(encodePermittedDns), ...names.networks.map(encodePermittedNetwork)]
  return encodeElement(SEQUENCE, encodeElement(PERMITTED, ...subtrees))
}
