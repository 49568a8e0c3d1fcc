/**
 * What is ours in the Android project: TLS alone and pinned, no backup, no screenshots, links. Rule PN1.
 *
 * @module
 */
import { DOMParser, XMLSerializer, type Element } from '@xmldom/xmldom'
import type { PinSet } from '@y-sealed/protocol'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { replaceOnce } from './replace-once.ts'
import type { ShellSettings } from './shell-settings.ts'

const OVERLAY = fileURLToPath(new URL('../overlay/android/', import.meta.url))
const ANDROID = 'http://schemas.android.com/apk/res/android'

/** Changes the project in the folder of the settings. Throws where the template is another than it was written for. */
export function applyAndroid({ pins, app, id, out }: ShellSettings): void {
  const main = join(out, 'android/app/src/main')
  cpSync(join(OVERLAY, 'xml'), join(main, 'res/xml'), { recursive: true })
  writeFileSync(join(main, 'res/xml/network_security_config.xml'), renderNetworkSecurity(pins))
  // Nothing of the app is shared as a file, so nothing has to say which.
  writeFileSync(
    join(main, 'res/xml/file_paths.xml'),
    '<?xml version="1.0" encoding="utf-8"?>\n<paths xmlns:android="http://schemas.android.com/apk/res/android" />\n',
  )
  const java = readFileSync(join(OVERLAY, 'java/MainActivity.java'), 'utf8')
  const activity = join(main, 'java', ...id.split('.'), 'MainActivity.java')
  writeFileSync(activity, replaceOnce(java, 'package dev.ysealed.notes;', `package ${id};`))
  const manifest = join(main, 'AndroidManifest.xml')
  writeFileSync(manifest, changeManifest(readFileSync(manifest, 'utf8'), new URL(app)))
  // Templates of tests that test nothing of ours.
  for (const folder of ['test', 'androidTest'])
    rmSync(join(out, 'android/app/src', folder), { recursive: true, force: true })
}

/** Cleartext off for everybody; for the relay its keys, of which one at least must be in the chain, until they expire. Only what the system trusts counts. */
export function renderNetworkSecurity({ hosts, expires, pins }: PinSet): string {
  const domains = hosts.map((host) => `    <domain includeSubdomains="false">${host}</domain>`)
  const digests = pins.map(({ pin }) => `      <pin digest="SHA-256">${pin}</pin>`)
  return `<?xml version="1.0" encoding="utf-8"?>
<!-- Made from pins.json. -->
<network-security-config>
  <base-config cleartextTrafficPermitted="false">
    <trust-anchors>
      <certificates src="system" />
    </trust-anchors>
  </base-config>
  <domain-config cleartextTrafficPermitted="false">
${domains.join('\n')}
    <pin-set expiration="${expires}">
${digests.join('\n')}
    </pin-set>
  </domain-config>
</network-security-config>
`
}

function changeManifest(xml: string, app: URL): string {
  const document = new DOMParser().parseFromString(xml, 'text/xml')
  const find = (name: string): Element => {
    const found = document.getElementsByTagName(name)[0]
    if (found === undefined) throw new Error(`the template's AndroidManifest.xml has no <${name}>`)
    return found
  }
  const make = (
    name: string,
    attributes: Readonly<Record<string, string>>,
    ...children: readonly Element[]
  ): Element => {
    const element = document.createElement(name)
    for (const [key, value] of Object.entries(attributes)) element.setAttributeNS(ANDROID, `android:${key}`, value)
    for (const child of children) element.appendChild(child)
    return element
  }
  const application = find('application')
  const settings = {
    allowBackup: 'false',
    fullBackupContent: 'false',
    dataExtractionRules: '@xml/data_extraction_rules',
    usesCleartextTraffic: 'false',
    networkSecurityConfig: '@xml/network_security_config',
    hasFragileUserData: 'false',
  }
  for (const [key, value] of Object.entries(settings)) application.setAttributeNS(ANDROID, `android:${key}`, value)
  find('activity').appendChild(
    make(
      'intent-filter',
      { autoVerify: 'true' },
      make('action', { name: 'android.intent.action.VIEW' }),
      make('category', { name: 'android.intent.category.DEFAULT' }),
      make('category', { name: 'android.intent.category.BROWSABLE' }),
      make('data', {
        scheme: 'https',
        host: app.hostname,
        ...(app.port === '' ? {} : { port: app.port }),
        path: app.pathname,
      }),
    ),
  )
  const manifest = find('manifest')
  // For the QR codes of invite links; asked for when a person scans one.
  manifest.appendChild(make('uses-permission', { name: 'android.permission.CAMERA' }))
  manifest.appendChild(make('uses-feature', { name: 'android.hardware.camera', required: 'false' }))
  return `${new XMLSerializer().serializeToString(document)}\n`
}
