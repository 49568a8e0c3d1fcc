/**
 * `/phone`: the app's address as a QR code, and how a phone comes to trust the relay's own authority, and to forget it again. Words alone, no
 * script: it has to work behind a warning that was clicked away. Row B11.
 *
 * @module
 */
import { encode } from 'uqr'

import { escapeXml, type AuthorityFiles } from './authority-files.ts'

export interface PhonePageFacts {
  /** Where the app is, by an address that phones reach. */
  readonly appUrl: string
  /** `null` where the relay was given a certificate: phones know who signed it, or its owner knows better. */
  readonly authority: Pick<AuthorityFiles, 'fingerprint' | 'name' | 'validTo'> | null
}

/** The page, whole. */
export function renderPhonePage({ appUrl, authority }: PhonePageFacts): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Sealed notes on a phone</title>
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/phone.css">
</head>
<body>
<main>
<h1>Sealed notes on a phone</h1>
<p>A phone in the same network opens this address with its camera:</p>
<figure>${drawQr(appUrl, 'QR code of the app’s address')}<figcaption><a href="${escapeXml(appUrl)}">${escapeXml(appUrl)}</a></figcaption></figure>
${authority === null ? '' : explainTrust(authority, new URL('/phone', appUrl).href)}
</main>
</body>
</html>
`
}

/** Attributes only: the page may have no style of its own in it. */
function drawQr(text: string, label: string): string {
  const { data, size } = encode(text, { border: 2 })
  const path = data
    .flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')))
    .filter((step) => step !== '')
    .join('')
  return (
    `<svg class="qr" viewBox="0 0 ${size} ${size}" role="img" aria-label="${label}" shape-rendering="crispEdges">` +
    `<rect width="${size}" height="${size}" fill="#fff"/><path d="${path}" fill="#000"/></svg>`
  )
}

function explainTrust(
  { fingerprint, name, validTo }: NonNullable<PhonePageFacts['authority']>,
  ownUrl: string,
): string {
  const certificate = `<strong>${escapeXml(name)}</strong>`
  return `<section>
<h2>Why the phone warns</h2>
<p>The relay on your computer made its own certificate, which no phone knows. You can go on past the warning; then the phone will not keep the
app for use without a network. To end the warning, install the relay’s authority: ${certificate}, valid until ${validTo.toISOString().slice(0, 10)}.
It can vouch for names and addresses of private networks alone (localhost, .local, 192.168.…, 10.… and the like), never for a site on the
internet. Its key lies on the computer that runs the relay: whoever has that computer could stand in for machines of your network.</p>
<p>Compare before you trust it. The terminal that runs the relay shows the same SHA-256:</p>
<p><code>${fingerprint.replaceAll(':', ':<wbr>')}</code></p>
<figure>${drawQr(ownUrl, 'QR code of this page’s address')}<figcaption>This page, to read on the phone</figcaption></figure>
</section>
<section id="ios">
<h2>iPhone and iPad</h2>
<ol>
<li>Open this page in Safari; past its warning by <em>Show Details</em>, then <em>visit this website</em>.</li>
<li><a href="/ca.mobileconfig" download>Download the profile</a>, and <em>Allow</em>.</li>
<li>Open <em>Settings</em>. Tap <em>Profile Downloaded</em> near its top (or <em>General → VPN &amp; Device Management</em>), tap <em>Install</em>, enter
the passcode, and confirm. Under <em>More Details</em> you find the certificate with its SHA-256.</li>
<li>In <em>Settings → General → About → Certificate Trust Settings</em> switch on ${certificate}. Without this step it is installed, but not trusted for websites.</li>
<li>Open the app’s address again. From Safari’s share menu, <em>Add to Home Screen</em> installs it.</li>
</ol>
<p><strong>To remove it:</strong> <em>Settings → General → VPN &amp; Device Management</em>, tap ${certificate}, then <em>Remove Profile</em>. The certificate and the trust in it go with the profile.</p>
</section>
<section id="android">
<h2>Android</h2>
<p>Makers give these screens different names; searching the settings for “CA certificate” finds them. The phone must have a screen lock.</p>
<ol>
<li>Open this page in Chrome; past its warning by <em>Advanced</em>, then <em>Proceed</em>.</li>
<li><a href="/ca.crt" download="y-sealed.crt">Download the certificate</a>. It only lands among the downloads: since Android 11 a certificate authority is installed from the settings alone.</li>
<li><em>Settings → Security &amp; privacy → More security &amp; privacy → Encryption &amp; credentials → Install a certificate → CA certificate → Install anyway</em>, and
choose <code>y-sealed.crt</code>.</li>
<li>Open the app’s address again in Chrome. <em>Add to Home screen</em> in its menu installs the app. Android says from then on that the network may be monitored: that is about
this certificate. Firefox does not trust it; nor does any other app that has not asked for such certificates.</li>
</ol>
<p><strong>To remove it:</strong> <em>Settings → Security &amp; privacy → More security &amp; privacy → Encryption &amp; credentials → Trusted credentials → User</em>, tap
${certificate} (listed as <em>y-sealed on this machine only</em>), then <em>Uninstall</em> or <em>Remove</em>. Then delete <code>y-sealed.crt</code> from the downloads.</p>
</section>`
}
