import { describe, expect, it } from 'vitest'

import { readAppLinks, renderAssetLinks, renderSiteAssociation } from '../../../mobile-demo/host/app-links.ts'
import { fragmentOf } from '../../../mobile-demo/native/shell/links.ts'
import { completeSettings } from '../../../server/settings.ts'

const FINGERPRINT = Array.from({ length: 32 }, () => 'AB').join(':')
const good = {
  android: { package: 'dev.ysealed.notes', fingerprints: [FINGERPRINT] },
  ios: { appId: 'ABCDE12345.dev.ysealed.notes' },
}

describe('the origin’s word for the native apps', () => {
  it('is what Android and iOS ask for', () => {
    const links = readAppLinks(JSON.stringify(good))
    expect(JSON.parse(renderAssetLinks(links))).toEqual([
      {
        relation: ['delegate_permission/common.handle_all_urls'],
        target: {
          namespace: 'android_app',
          package_name: 'dev.ysealed.notes',
          sha256_cert_fingerprints: [FINGERPRINT],
        },
      },
    ])
    expect(JSON.parse(renderSiteAssociation(links))).toMatchObject({
      applinks: { details: [{ appIDs: ['ABCDE12345.dev.ysealed.notes'], components: [{ '/': '/', '#': '?*' }] }] },
    })
  })

  it('names no app where there is none', () => {
    const links = readAppLinks('{}')
    expect([renderAssetLinks(links), renderSiteAssociation(links)]).toEqual(['[]', '{"applinks":{"details":[]}}'])
  })

  it.each([
    ['a package that is none', { ...good, android: { ...good.android, package: 'notes' } }],
    ['a fingerprint of another hash', { ...good, android: { ...good.android, fingerprints: ['AB:CD'] } }],
    [
      'a fingerprint in small letters',
      { ...good, android: { ...good.android, fingerprints: [FINGERPRINT.toLowerCase()] } },
    ],
    ['a bundle without its team', { ...good, ios: { appId: 'dev.ysealed.notes' } }],
  ])('is not given for %s', (_, links) => {
    expect(() => readAppLinks(JSON.stringify(links))).toThrow(TypeError)
  })
})

describe('a link that the phone opens', () => {
  const app = 'https://relay.example/'

  it.each([
    ['an invite link', 'https://relay.example/#AbC-_1', '#AbC-_1'],
    ['a pairing link', 'https://relay.example/#pair=AbC', '#pair=AbC'],
    ['the app’s address alone', 'https://relay.example/', null],
    ['an empty fragment', 'https://relay.example/#', null],
    ['another path', 'https://relay.example/show#AbC', null],
    ['a query', 'https://relay.example/?device=alice#AbC', null],
    ['another origin', 'https://relay.example.evil.example/#AbC', null],
    ['another port', 'https://relay.example:8443/#AbC', null],
    ['cleartext', 'http://relay.example/#AbC', null],
    ['a scheme of some other app', 'notes://relay.example/#AbC', null],
    ['no address', 'relay', null],
  ])('gives its fragment, if it is one of this app: %s', (_, url, fragment) => {
    expect(fragmentOf(url, app)).toBe(fragment)
  })
})

describe('native shells at the relay', () => {
  it('[AU9] are let in beside other pages, and only when asked for', () => {
    expect(completeSettings({}, 443).origins).toEqual(['https://localhost', 'https://127.0.0.1'])
    const shells = ['https://localhost', 'capacitor://localhost']
    const own = { urls: ['wss://relay.example/sync'], nativeShells: true }
    expect(completeSettings(own, 443).origins).toEqual(['https://relay.example', ...shells])
    expect(completeSettings({ ...own, origins: ['https://notes.example'] }, 443).origins).toEqual([
      'https://notes.example',
      ...shells,
    ])
  })
})
