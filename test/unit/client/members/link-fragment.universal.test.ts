import { bytesToBase64url, cryptoReady, documentIdOf, headInput } from '@y-sealed/protocol'
import { createDeviceSeeds, Device, randomBytes } from '@y-sealed/protocol/sealing'
import { beforeAll, describe, expect, it } from 'vitest'

import { linkDevice } from '../../../../client/links/link-device.ts'
import { decodeLinkFragment, encodeLinkFragment, type LinkFragment } from '../../../../client/links/link-fragment.ts'
import { linkKind, readLink, writeLink } from '../../../../client/links/link-url.ts'

beforeAll(() => cryptoReady())

function createLink(): LinkFragment {
  const relay = new Device(createDeviceSeeds())
  const genesisHash = randomBytes(32)
  const transcript = randomBytes(32)
  const head = { seq: 7, transcript, signature: relay.sign(headInput(documentIdOf(genesisHash), 7, transcript)) }
  return { genesisHash, seed: randomBytes(32), headKey: relay.signPublic, head }
}

/** Base64url of a fragment with one change. */
function changed(change: (bytes: number[]) => void): string {
  const bytes = [...fromBase64url(encodeLinkFragment(createLink()))]
  change(bytes)
  return bytesToBase64url(Uint8Array.from(bytes))
}

function fromBase64url(text: string): Uint8Array {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0))
}

describe('the fragment of a link', () => {
  it('[KM12] has 268 characters and reads back as it was', () => {
    const link = createLink()
    const text = encodeLinkFragment(link)
    expect(text).toHaveLength(268)
    expect(text).toMatch(/^[A-Za-z0-9_-]+$/)
    expect(decodeLinkFragment(text)).toEqual(link)
  })

  const malformed: readonly (readonly [string, () => string])[] = [
    ['a character that is not base64url', () => `${encodeLinkFragment(createLink()).slice(0, -1)}!`],
    ['nothing', () => ''],
    ['a lost last character', () => encodeLinkFragment(createLink()).slice(0, -1)],
    ['one byte less', () => changed((bytes) => bytes.pop())],
    ['one byte more', () => changed((bytes) => bytes.push(0))],
    ['another document than the one whose head was signed', () => changed((bytes) => (bytes[1] = (bytes[1] ?? 0) ^ 1))],
    ['another head key', () => changed((bytes) => (bytes[70] = (bytes[70] ?? 0) ^ 1))],
    ['another head', () => changed((bytes) => (bytes[104] = (bytes[104] ?? 0) ^ 1))],
    ['a seq beyond 2^53', () => changed((bytes) => (bytes[97] = 0xff))],
  ]
  it.each(malformed)('[KM12] with %s is LINK_MALFORMED', (_, make) => {
    expect(() => decodeLinkFragment(make())).toThrow(expect.objectContaining({ code: 'LINK_MALFORMED' }))
  })

  it('[KM12] of another version is LINK_VERSION, whatever its length', () => {
    const texts = [changed((bytes) => (bytes[0] = 2)), bytesToBase64url(Uint8Array.of(9, 1, 2))]
    for (const text of texts) {
      expect(() => decodeLinkFragment(text)).toThrow(expect.objectContaining({ code: 'LINK_VERSION' }))
    }
  })
})

describe('the keys of a link', () => {
  it('[KM12] follow from its seed and from nothing else', () => {
    const seed = randomBytes(32)
    expect(linkDevice(seed).id).toEqual(linkDevice(seed).id)
    expect(linkDevice(seed).signPublic).not.toEqual(linkDevice(seed).boxPublic)
    expect(linkDevice(randomBytes(32)).id).not.toEqual(linkDevice(seed).id)
    expect(() => linkDevice(randomBytes(31))).toThrow(TypeError)
  })
})

describe('a link as people pass it on', () => {
  it('[KM12] keeps the fragment behind the #, which no request carries', () => {
    const link = writeLink('abc', 'document', 'https://app.example/notes')
    expect(link).toBe('https://app.example/notes#abc')
    expect(new URL(link).pathname + new URL(link).search).not.toContain('abc')
    expect(readLink(link)).toEqual({ kind: 'document', fragment: 'abc' })
    expect(readLink(' #abc\n')).toEqual({ kind: 'document', fragment: 'abc' })
    expect(readLink('abc')).toEqual({ kind: 'document', fragment: 'abc' })
  })

  it('[KM22] tells a pairing from a document', () => {
    expect(writeLink('abc', 'pairing')).toBe('#pair=abc')
    expect(readLink(writeLink('abc', 'pairing', 'https://app.example'))).toEqual({ kind: 'pairing', fragment: 'abc' })
  })

  it.each(['', '#', 'https://app.example/', 'https://app.example/#a b', '#pair='])('%j is LINK_MALFORMED', (text) => {
    expect(() => readLink(text)).toThrow(expect.objectContaining({ code: 'LINK_MALFORMED' }))
  })

  it.each([
    'http://app.example/',
    'https://app.example/#x',
    'https://app.example/?x',
    'https://a:b@app.example/',
    'app',
  ])('is not written for the address %s', (app) => {
    expect(() => writeLink('abc', 'document', app)).toThrow(TypeError)
  })

  it('is written for a page of this computer, and for an app of its own scheme', () => {
    expect(writeLink('abc', 'document', 'http://localhost:5173/')).toBe('http://localhost:5173/#abc')
    expect(writeLink('abc', 'document', 'notes://open')).toBe('notes://open#abc')
  })
})

describe('the kind of a link', () => {
  it('[KM12] is known by its looks, with and without an address; what is no link has none', () => {
    const fragment = encodeLinkFragment(createLink())
    const kindOf = (kind: 'document' | 'pairing', app?: string): string | null =>
      linkKind(writeLink(fragment, kind, app))
    expect(kindOf('document')).toBe('document')
    expect(kindOf('pairing')).toBe('pairing')
    expect(kindOf('document', 'https://app.example/')).toBe('document')
    expect(kindOf('pairing', 'https://app.example/')).toBe('pairing')
    for (const text of ['', '#', 'https://app.example/', 'https://app.example/#?', 'pair='])
      expect(linkKind(text)).toBeNull()
  })
})
