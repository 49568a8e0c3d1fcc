/**
 * The development authority in the forms that phones install: a certificate for Android, a configuration profile for iPhones.
 *
 * @module
 */
import { createHash, X509Certificate } from 'node:crypto'

export interface AuthorityFiles {
  /** DER, which Android takes under the name `.crt`. */
  readonly crt: Buffer
  /** An XML property list with the certificate as a root (Apple's "Certificates" payload). */
  readonly mobileconfig: string
  /** SHA-256, in pairs of hexadecimal digits with colons. */
  readonly fingerprint: string
  /** The name under which a phone lists it. */
  readonly name: string
  readonly validTo: Date
}

/** `pem` is the authority's certificate. */
export function readAuthorityFiles(pem: string): AuthorityFiles {
  const certificate = new X509Certificate(pem)
  const name = /^CN=(.+)$/m.exec(certificate.subject)?.[1] ?? 'y-sealed development'
  return {
    crt: certificate.raw,
    mobileconfig: makeProfile(certificate, name),
    fingerprint: certificate.fingerprint256,
    name,
    validTo: new Date(certificate.validTo),
  }
}

/** The same certificate gives the same profile, so that installing it again replaces it. */
function makeProfile({ raw }: X509Certificate, name: string): string {
  const hash = createHash('sha256').update(raw).digest('hex')
  const title = escapeXml(name)
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>PayloadType</key><string>Configuration</string>
  <key>PayloadVersion</key><integer>1</integer>
  <key>PayloadIdentifier</key><string>dev.y-sealed.authority.${hash.slice(0, 12)}</string>
  <key>PayloadUUID</key><string>${uuidOf(hash)}</string>
  <key>PayloadDisplayName</key><string>${title}</string>
  <key>PayloadDescription</key><string>Lets this phone trust a y-sealed relay on your own computer, for names and addresses of private networks alone. Remove it when you have tried things out.</string>
  <key>PayloadRemovalDisallowed</key><false/>
  <key>PayloadContent</key>
  <array>
    <dict>
      <key>PayloadType</key><string>com.apple.security.root</string>
      <key>PayloadVersion</key><integer>1</integer>
      <key>PayloadIdentifier</key><string>dev.y-sealed.authority.${hash.slice(0, 12)}.root</string>
      <key>PayloadUUID</key><string>${uuidOf(hash.slice(32))}</string>
      <key>PayloadDisplayName</key><string>${title}</string>
      <key>PayloadCertificateFileName</key><string>y-sealed.crt</string>
      <key>PayloadContent</key><data>${raw.toString('base64')}</data>
    </dict>
  </array>
</dict>
</plist>
`
}

/** Version 8 of RFC 9562: 122 bits of one's own choosing. */
function uuidOf(hex: string): string {
  const [a, b, c, d, e] = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(13, 16), hex.slice(17, 20), hex.slice(20, 32)]
  return `${a}-${b}-8${c}-8${d}-${e}`.toUpperCase()
}

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
