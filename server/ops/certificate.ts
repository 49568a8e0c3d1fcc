/**
 * Makes X.509 certificates for development: an authority that is good for private names only, and leaves for servers. Knows no
 * file. Its library is most of what a relay could load, so this module is imported where a certificate has to be made. Rows A11, A13.
 *
 * @module
 */
import 'reflect-metadata'
import { bytesToHex } from '@y-sealed/protocol'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { createPrivateKey, createPublicKey, randomBytes, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'

import { encodeNameConstraints, encodePermittedDns, encodePermittedNetwork } from './der.ts'
import { addressToBytes } from './host-name.ts'
import { isPrivateHost, PRIVATE_DOMAINS, PRIVATE_NETWORKS } from './private-host.ts'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const DAY_MS = 86_400_000
const NAME_CONSTRAINTS = '2.5.29.30'

/**
 * A self-signed authority that may certify private names and `hosts`, for TLS servers alone. Once a person trusts it, its key
 * could otherwise stand in for their bank.
 *
 * It lives three years: every new one has to be installed by hand on every phone, so a short life would teach people to install
 * authorities without looking; and ten years would outlive the memory that it is there.
 */
export async function createAuthority(keyPem: string, hosts: readonly string[], nowMs: number): Promise<string> {
  const keys = await importKeys(keyPem)
  const networks = PRIVATE_NETWORKS.map(([address, mask]) => joinNetwork(address, mask))
  const names = hosts.filter((host) => !isPrivateHost(host))
  const constraints = encodeNameConstraints({
    dns: [...PRIVATE_DOMAINS, ...names.filter((host) => isIP(host) === 0)],
    networks: [...networks, ...names.filter((host) => isIP(host) !== 0).map((host) => joinNetwork(host))],
  })
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: createSerial(),
      name: [{ CN: [`y-sealed development ${bytesToHex(randomBytes(4))}`] }, { O: ['y-sealed on this machine only'] }],
      notBefore: new Date(nowMs - DAY_MS),
      notAfter: new Date(nowMs + 3 * 365 * DAY_MS),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new Extension(NAME_CONSTRAINTS, true, constraints),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  )
  return `${certificate.toString('pem')}\n`
}

/** A server's certificate for `hosts`, 90 days with its first hour in the past, signed by the authority. */
export async function createLeaf(
  keyPem: string,
  authority: { readonly key: string; readonly cert: string },
  hosts: readonly string[],
  nowMs: number,
): Promise<string> {
  const { publicKey } = await importKeys(keyPem)
  const { privateKey: signingKey } = await importKeys(authority.key)
  const issuer = new X509Certificate(authority.cert)
  const notAfterMs = Math.min(nowMs + 90 * DAY_MS - 3_600_000, issuer.notAfter.getTime())
  const certificate = await X509CertificateGenerator.create(
    {
      serialNumber: createSerial(),
      issuer: issuer.subject,
      subject: [{ CN: ['y-sealed relay'] }],
      notBefore: new Date(nowMs - 3_600_000),
      notAfter: new Date(notAfterMs),
      signingAlgorithm: ALGORITHM,
      publicKey,
      signingKey,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension(
          hosts.map((host) => ({ type: isIP(host) === 0 ? ('dns' as const) : ('ip' as const), value: host })),
        ),
        await AuthorityKeyIdentifierExtension.create(issuer, false, webcrypto),
        await SubjectKeyIdentifierExtension.create(publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  )
  return `${certificate.toString('pem')}\n`
}

/** True when the authority's constraints let it certify every one of `hosts`. */
export function mayCertify(authorityPem: string, hosts: readonly string[]): boolean {
  const constraints = new X509Certificate(authorityPem).getExtension(NAME_CONSTRAINTS)
  if (constraints === null) return false
  const value = Buffer.from(constraints.value)
  return hosts
    .filter((host) => !isPrivateHost(host))
    .map((host) => (isIP(host) === 0 ? encodePermittedDns(host) : encodePermittedNetwork(joinNetwork(host))))
    .every((subtree) => value.includes(Buffer.from(subtree)))
}

/** Address ‖ mask; the mask of one address is all ones. */
function joinNetwork(address: string, mask?: string): Uint8Array<ArrayBuffer> {
  const bytes = addressToBytes(address)
  const bits = mask === undefined ? new Uint8Array(bytes.length).fill(0xff) : addressToBytes(mask)
  return Uint8Array.from([...bytes, ...bits])
}

/** 16 random bytes, positive as RFC 5280 §4.1.2.2 asks. */
function createSerial(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return bytesToHex(bytes)
}

async function importKeys(pem: string) {
  const key = createPrivateKey(pem)
  const secret = key.export({ format: 'der', type: 'pkcs8' })
  const open = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return {
    privateKey: await webcrypto.subtle.importKey('pkcs8', secret, ALGORITHM, false, ['sign']),
    publicKey: await webcrypto.subtle.importKey('spki', open, ALGORITHM, true, ['verify']),
  }
}
