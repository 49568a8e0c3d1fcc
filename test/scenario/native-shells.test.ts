/**
 * The native projects as `make.ts` makes them, from nothing: read by real parsers, and held against the one `pins.json`. No SDK is here: what they do on a
 * phone is not shown by this.
 */
import { readPinSet, type PinSet } from '@y-sealed/protocol'
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { readAuthorityFiles } from '../../mobile-demo/host/authority-files.ts'
import { createAuthority } from '../../server/ops/certificate.ts'
import { createEcKey } from '../../server/ops/ec-key.ts'
import { createPinSet, pinOf } from '../../server/ops/pins.ts'
import { hasNativeShells, NATIVE_FOLDER, parsePlist, parseXml, type XmlElement } from '../support/native-shells.ts'
import { REPOSITORY_ROOT } from '../support/repository.ts'

const MAKE_MS = 120_000
const DAY_MS = 86_400_000

function makePins(days = 180, hosts: readonly string[] = ['relay.example']): PinSet {
  return createPinSet({
    hosts,
    current: pinOf(createEcKey()),
    backups: [pinOf(createEcKey())],
    days,
    nowMs: Date.now(),
  })
}

/** Exit code and what was said. */
function make(
  pins: PinSet | string,
  out: string,
  ...options: readonly string[]
): { status: number | null; said: string } {
  const file = join(out, 'pins.json')
  writeFileSync(file, typeof pins === 'string' ? pins : JSON.stringify(pins))
  const program = ['--import', 'tsx', '--conditions=source', join(NATIVE_FOLDER, 'make.ts'), '--pins', file]
  const { NODE_ENV: _, ...env } = process.env
  const { status, stdout, stderr } = spawnSync(process.execPath, [...program, '--out', out, ...options], {
    cwd: REPOSITORY_ROOT,
    env: { ...env, NODE_OPTIONS: '' },
    encoding: 'utf8',
  })
  return { status, said: stdout + stderr }
}

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => `${file.parentPath}/${file.name}`)

const elements = (parent: XmlElement, name: string): XmlElement[] => Array.from(parent.getElementsByTagName(name))

it.runIf(process.env['CI'] === 'true')(
  'the packages of the native shells are installed, which the suite below needs',
  () => {
    expect(hasNativeShells()).toBe(true)
  },
)

const note = hasNativeShells() ? '' : ' (SKIPPED: npm ci in mobile-demo/native)'

describe.skipIf(!hasNativeShells())(`the native projects${note}`, { timeout: MAKE_MS }, () => {
  const out = mkdtempSync(join(tmpdir(), 'y-sealed-shells-'))
  const read = (path: string): string => readFileSync(join(out, path), 'utf8')
  let pins: PinSet
  const pinsOf = (): string[] => pins.pins.map(({ pin }) => pin)

  beforeAll(() => {
    pins = makePins()
    const { status, said } = make(pins, out)
    if (status !== 0) throw new Error(`nothing was made: ${said}`)
  }, MAKE_MS)

  afterAll(() => rmSync(out, { recursive: true, force: true }))

  it('[PN1] [PN4] have the pins of pins.json in both, two at least, and more than 90 days before them', () => {
    const file = readPinSet(read('pins.json'))
    const { documentElement } = parseXml(read('android/app/src/main/res/xml/network_security_config.xml'))
    const [domain] = elements(documentElement, 'domain-config') as [XmlElement]
    const android = elements(domain, 'pin').map((pin) => [pin.getAttribute('digest'), pin.textContent])
    expect(android).toEqual(pinsOf().map((pin) => ['SHA-256', pin]))
    expect(elements(domain, 'domain').map((host) => host.textContent)).toEqual(file.hosts)
    expect(elements(domain, 'pin-set').map((set) => set.getAttribute('expiration'))).toEqual([file.expires])

    const info = parsePlist(read('ios/App/App/Info.plist'))
    const identities = pinsOf().map((pin) => ({ 'SPKI-SHA256-BASE64': pin }))
    expect(info['NSAppTransportSecurity']).toEqual({
      NSAllowsArbitraryLoads: false,
      NSPinnedDomains: { 'relay.example': { NSIncludesSubdomains: false, NSPinnedLeafIdentities: identities } },
    })
    expect(info['YSealedPinsExpire']).toBe(file.expires)
    expect(new Set(pinsOf()).size).toBeGreaterThanOrEqual(2)
    expect(Date.parse(file.expires) - Date.now()).toBeGreaterThan(90 * DAY_MS)
  })

  it('speak no cleartext, trust what the system trusts, and are in no backup', () => {
    const { documentElement } = parseXml(read('android/app/src/main/res/xml/network_security_config.xml'))
    const cleartext = ['base-config', 'domain-config'].flatMap((name) => elements(documentElement, name))
    expect(cleartext.map((each) => each.getAttribute('cleartextTrafficPermitted'))).toEqual(['false', 'false'])
    expect(elements(documentElement, 'certificates').map((each) => each.getAttribute('src'))).toEqual(['system'])
    expect(elements(documentElement, 'debug-overrides')).toEqual([])
    const [application] = elements(
      parseXml(read('android/app/src/main/AndroidManifest.xml')).documentElement,
      'application',
    ) as [XmlElement]
    const settings = [
      'allowBackup',
      'fullBackupContent',
      'dataExtractionRules',
      'usesCleartextTraffic',
      'networkSecurityConfig',
      'debuggable',
    ]
    expect(settings.map((name) => application.getAttribute(`android:${name}`))).toEqual([
      'false',
      'false',
      '@xml/data_extraction_rules',
      'false',
      '@xml/network_security_config',
      null,
    ])
    const rules = parseXml(read('android/app/src/main/res/xml/data_extraction_rules.xml')).documentElement
    const excluded = (part: string): (string | null)[] =>
      elements(elements(rules, part)[0] as XmlElement, 'exclude').map((each) => each.getAttribute('domain'))
    expect(excluded('cloud-backup')).toEqual(
      expect.arrayContaining(['root', 'file', 'database', 'sharedpref', 'external']),
    )
    expect(excluded('device-transfer')).toEqual(excluded('cloud-backup'))
    expect(elements(rules, 'include')).toEqual([])
  })

  it('show no note in a screenshot of Android, nor in the app switcher of an iPhone', () => {
    expect(read('android/app/src/main/java/dev/ysealed/notes/MainActivity.java')).toMatch(
      /setFlags\(WindowManager\.LayoutParams\.FLAG_SECURE, WindowManager\.LayoutParams\.FLAG_SECURE\);\s+super\.onCreate/,
    )
    const delegate = read('ios/App/App/SceneDelegate.swift')
    expect(delegate).toMatch(
      /func sceneWillResignActive\(_ scene: UIScene\) \{\n(?: {8}.*\n)+? {8}window\.addSubview\(view\)\n/,
    )
    expect(delegate).toMatch(/func sceneDidBecomeActive\(_ scene: UIScene\) \{\n {8}cover\?\.removeFromSuperview\(\)\n/)
  })

  it('open invite links, and no other address', () => {
    const manifest = parseXml(read('android/app/src/main/AndroidManifest.xml')).documentElement
    const links = elements(manifest, 'data').map((data) =>
      ['scheme', 'host', 'path', 'port'].map((name) => data.getAttribute(`android:${name}`)),
    )
    expect(links).toEqual([['https', 'relay.example', '/', null]])
    const filter = elements(manifest, 'data')[0]?.parentNode
    expect(filter?.getAttribute('android:autoVerify')).toBe('true')
    const exported = [
      ...elements(manifest, 'activity'),
      ...elements(manifest, 'provider'),
      ...elements(manifest, 'service'),
    ]
    expect(exported.filter((each) => each.getAttribute('android:exported') === 'true')).toHaveLength(1)
    expect(elements(manifest, 'uses-permission').map((each) => each.getAttribute('android:name'))).toEqual([
      'android.permission.INTERNET',
      'android.permission.CAMERA',
    ])
    expect(parsePlist(read('ios/App/App/App.entitlements'))).toEqual({
      'com.apple.developer.associated-domains': ['applinks:relay.example'],
      'com.apple.developer.default-data-protection': 'NSFileProtectionCompleteUntilFirstUserAuthentication',
    })
  })

  it('consist of XML and property lists that parse', () => {
    const files = [...filesIn(join(out, 'android')), ...filesIn(join(out, 'ios'))]
    const lists = files.filter((path) => /\.(?:plist|entitlements)$/.test(path))
    const documents = files.filter((path) => /\.(?:xml|storyboard)$/.test(path))
    expect(lists.length).toBeGreaterThanOrEqual(3)
    expect(documents.length).toBeGreaterThanOrEqual(10)
    for (const path of lists) expect(Object.keys(parsePlist(readFileSync(path, 'utf8'))).length).toBeGreaterThan(0)
    for (const path of documents)
      expect(parseXml(readFileSync(path, 'utf8').trim()).documentElement.tagName).not.toBe('')
  })

  it('have their Swift files in Xcode’s list, each id once declared, and sign with the entitlements', () => {
    const project = read('ios/App/App.xcodeproj/project.pbxproj')
    const declared = [...project.matchAll(/^\t\t([0-9A-F]{23,24}) .*= \{/gm)].map(([, id]) => id)
    expect(new Set(declared).size).toBe(declared.length)
    for (const name of ['PinningPlugin.swift', 'ShellViewController.swift']) {
      const build = new RegExp(
        String.raw`\t\t([0-9A-F]{24}) /\* ${name} in Sources \*/ = \{isa = PBXBuildFile; fileRef = ([0-9A-F]{24})`,
      ).exec(project)
      const [, inSources = '?', file = '?'] = build ?? []
      const sources = /isa = PBXSourcesBuildPhase;.*?files = \((.*?)\);/s.exec(project)?.[1]
      expect(sources).toContain(inSources)
      expect(project).toContain(`${file} /* ${name} */ = {isa = PBXFileReference`)
      expect(existsSync(join(out, 'ios/App/App', name))).toBe(true)
    }
    expect(project.match(/CODE_SIGN_ENTITLEMENTS = App\/App\.entitlements;/g)).toHaveLength(2)
  })

  it('[PN2] make a pin of a raw key as the relay does, for the kinds of keys that TLS certificates have', () => {
    const swift = read('ios/App/App/PinningPlugin.swift')
    const headerOf = (name: string): Buffer => {
      const bytes = new RegExp(`"${name}": \\[([^\\]]+)\\]`).exec(swift)?.[1]?.match(/0x[0-9a-f]{2}/g) ?? []
      return Buffer.from(bytes.map(Number))
    }
    const kinds = [
      ['ec256', generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey],
      ['ec384', generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey],
      ['rsa2048', generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey],
      ['rsa3072', generateKeyPairSync('rsa', { modulusLength: 3072 }).publicKey],
    ] as const
    for (const [name, key] of kinds) {
      const whole = key.export({ type: 'spki', format: 'der' })
      // What iOS gives out of a key: the point of an elliptic curve, or a PKCS #1 key.
      const raw = name.startsWith('rsa')
        ? key.export({ type: 'pkcs1', format: 'der' })
        : whole.subarray(-(name === 'ec256' ? 65 : 97))
      const pin = createHash('sha256').update(headerOf(name)).update(raw).digest('base64')
      expect(pin).toBe(
        pinOf(
          createPublicKey(key.export({ type: 'spki', format: 'pem' })).export({
            type: 'spki',
            format: 'pem',
          }) as string,
        ),
      )
    }
  })

  it('[B11] carry an app that names no address in clear, and takes code, styles, fonts and pictures from nobody', () => {
    const files = filesIn(join(out, 'web')).filter((path) => /\.(?:js|css|html|svg)$/.test(path))
    expect(files.length).toBeGreaterThan(5)
    const namespaces = new Set<string>()
    for (const path of files) {
      const text = readFileSync(path, 'utf8')
      // A scheme alone is what addresses are compared with.
      const named = text.match(/\b(?:ws|http):\/\/[\w[][^"'`\s)<>]*/g) ?? []
      for (const address of named) namespaces.add(address)
      expect(text).not.toMatch(/["'`](?:node:)(?:tls|crypto|fs|net)["'`]/)
      expect(text).not.toMatch(/(?:src|href)=["']?(?:https?:)?\/\/|@import|url\(["']?(?:https?:)?\/\/|importScripts\(/)
    }
    // Names of vocabularies, which nobody fetches.
    expect([...namespaces].toSorted()).toEqual([
      'http://www.w3.org/1998/Math/MathML',
      'http://www.w3.org/1999/xlink',
      'http://www.w3.org/2000/svg',
      'http://www.w3.org/XML/1998/namespace',
    ])
    expect(files.some((path) => path.endsWith('sw.js'))).toBe(false)
    const page = read('web/index.html')
    const policy = /Content-Security-Policy" content="([^"]+)"/.exec(page)?.[1] ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("connect-src 'self' capacitor://localhost https://relay.example wss://relay.example;")
    expect(policy).not.toMatch(/unsafe-inline|unsafe-eval(?!')|'unsafe-eval'|\*|http:|ws:/)
    expect(page).not.toMatch(/<script(?![^>]*src=)|<style|\son\w+=/)
  })

  it('carry the same app as was built, and a configuration that logs nothing and lets nobody debug', () => {
    const built = filesIn(join(out, 'web'))
      .map((path) => path.slice(join(out, 'web').length))
      .toSorted()
    for (const carried of ['android/app/src/main/assets/public', 'ios/App/App/public']) {
      const own = filesIn(join(out, carried)).map((path) => path.slice(join(out, carried).length))
      // Capacitor puts two empty files of its own beside it.
      expect(own.filter((path) => !/^\/cordova(?:_plugins)?\.js$/.test(path)).toSorted()).toEqual(built)
    }
    for (const path of ['android/app/src/main/assets/capacitor.config.json', 'ios/App/App/capacitor.config.json']) {
      expect(JSON.parse(read(path))).toMatchObject({
        loggingBehavior: 'none',
        server: { androidScheme: 'https', cleartext: false },
        android: { allowMixedContent: false, webContentsDebuggingEnabled: false },
        ios: { webContentsDebuggingEnabled: false },
      })
    }
    for (const plugin of ['secure-storage', 'sqlite', 'app', 'network'])
      expect(read('ios/App/CapApp-SPM/Package.swift').toLowerCase()).toContain(plugin.replace('-', ''))
  })

  it('are made from sources that hold together with the plugins’ own types', () => {
    const tsc = join(REPOSITORY_ROOT, 'node_modules/typescript/bin/tsc')
    expect(() =>
      execFileSync(process.execPath, [tsc, '-p', NATIVE_FOLDER], { encoding: 'utf8', stdio: 'pipe' }),
    ).not.toThrow()
  })

  it('[PN1] [PN4] are not made of pins that end too soon, of an address, of another relay, or of no pins', () => {
    const other = join(out, 'refused')
    mkdirSync(other)
    const [soon, late] = [makePins(90), makePins(91)]
    expect(make(soon, other)).toEqual({ status: 1, said: expect.stringContaining('more than 90 days') as string })
    expect(make(makePins(180, ['192.168.0.2']), other).said).toContain('bound by no iPhone')
    expect(make(makePins(180, ['localhost']), other).said).toContain('bound by no iPhone')
    expect(make(late, other, '--relay', 'wss://other.example').said).toContain('a host of pins.json')
    expect(make(late, other, '--relay', 'ws://relay.example').said).toContain('must be wss:')
    expect(make('{}', other).said).toContain('the pins cannot be used')
    expect(existsSync(join(other, 'android'))).toBe(false)
  })

  it('the profile for iPhones is a property list with the certificate in it', async () => {
    const { mobileconfig, crt } = readAuthorityFiles(await createAuthority(createEcKey(), [], Date.now()))
    const profile = parsePlist(mobileconfig)
    expect(profile).toMatchObject({ PayloadType: 'Configuration', PayloadVersion: 1, PayloadRemovalDisallowed: false })
    const [payload] = profile['PayloadContent'] as [Record<string, unknown>]
    expect(payload['PayloadType']).toBe('com.apple.security.root')
    expect(Buffer.from(payload['PayloadContent'] as Uint8Array).equals(crt)).toBe(true)
  })
})
