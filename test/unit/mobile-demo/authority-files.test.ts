import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'

import { readAuthorityFiles } from '../../../mobile-demo/host/authority-files.ts'
import { renderPhonePage } from '../../../mobile-demo/host/phone-page.ts'
import { createAuthority } from '../../../server/ops/certificate.ts'
import { createEcKey } from '../../../server/ops/ec-key.ts'

const NAME = /^y-sealed development [0-9a-f]{8}$/

describe('the authority as phones install it', () => {
  it('is the certificate itself for Android', async () => {
    const pem = await createAuthority(createEcKey(), ['localhost'], Date.now())
    const { crt, fingerprint, name } = readAuthorityFiles(pem)
    expect(new X509Certificate(crt).fingerprint256).toBe(fingerprint)
    expect(name).toMatch(NAME)
  })

  it('is a profile for iPhones that holds the same certificate, as a root and nothing else', async () => {
    const { crt, mobileconfig } = readAuthorityFiles(await createAuthority(createEcKey(), ['localhost'], Date.now()))
    expect(/<data>([^<]+)<\/data>/.exec(mobileconfig)?.[1]).toBe(crt.toString('base64'))
    expect(mobileconfig.match(/<key>PayloadType<\/key><string>[^<]+/g)).toEqual([
      '<key>PayloadType</key><string>Configuration',
      '<key>PayloadType</key><string>com.apple.security.root',
    ])
    expect(mobileconfig).toContain('<key>PayloadRemovalDisallowed</key><false/>')
  })

  it('has the same profile each time, and another one for another authority', async () => {
    const pems = [
      await createAuthority(createEcKey(), [], Date.now()),
      await createAuthority(createEcKey(), [], Date.now()),
    ]
    const idsOf = (pem: string): string[] =>
      readAuthorityFiles(pem).mobileconfig.match(/[0-9A-F]{8}-[0-9A-F]{4}-8[0-9A-F]{3}-8[0-9A-F]{3}-[0-9A-F]{12}/g) ??
      []
    const [one = [], other = []] = pems.map(idsOf)
    expect(new Set([...one, ...other]).size).toBe(4)
    expect(idsOf(pems[0] as string)).toEqual(one)
  })
})

describe('the page for phones', () => {
  const page = renderPhonePage({
    appUrl: 'https://192.168.0.2:8443/',
    authority: { name: '<b>"&', fingerprint: 'AA:BB', validTo: new Date(0) },
  })

  it('[B11] has no script, no style of its own, and asks nobody else', () => {
    expect(page).not.toMatch(/<script|<style|\sstyle=|\son\w+=/i)
    const addresses = [...page.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, address]) => address)
    expect(addresses.filter((address) => !address?.startsWith('/'))).toEqual(['https://192.168.0.2:8443/'])
  })

  it('takes nothing that it is told for markup', () => {
    expect(page).toContain('&lt;b&gt;&quot;&amp;')
    expect(page).not.toContain('<b>"')
  })

  it('says nothing of trust where there is no authority to be installed', () => {
    expect(renderPhonePage({ appUrl: 'https://relay.example/', authority: null })).not.toContain('Certificate')
  })
})
