/**
 * Compact JWS (RFC 7515) as this relay's own issuer writes them. Rule AU1.
 *
 * @module
 */
import { bytesToBase64url, type Bytes } from '@y-sealed/protocol'

/** Makes a compact JWS signed with Ed25519. */
export function signJws(
  signer: { readonly kid: string; sign(message: Bytes): Bytes },
  type: string,
  claims: Readonly<Record<string, unknown>>,
): string {
  const header = encodeJson({ alg: 'EdDSA', kid: signer.kid, typ: type })
  const input = `${header}.${encodeJson(claims)}`
  return `${input}.${bytesToBase64url(signer.sign(new TextEncoder().encode(input)))}`
}

function encodeJson(value: unknown): string {
  return bytesToBase64url(new TextEncoder().encode(JSON.stringify(value)))
}
