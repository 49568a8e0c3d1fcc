/**
 * `npm start -- --lan`, seen from other machines of the same network: network namespaces, which only root can make.
 */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Browser } from 'playwright'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

import { startProgram } from '../support/client-command.ts'
import { hasComponent } from '../support/components.ts'
import { createNote, joinNote, showInvite, textOf, typeText } from '../support/demo/note-steps.ts'
import { startPhones, takePhone, type Phone, type PhoneModel } from '../support/demo/phones.ts'
import { readQr } from '../support/demo/read-qr.ts'
import { canMakeNetworks, createLan, type Machine } from '../support/lan.ts'
import { makeTemporaryFolder } from '../support/temporary-folder.ts'

/** The first start may build the app. */
vi.setConfig({ testTimeout: 240_000 })
const SEEN = { timeout: 60_000, interval: 100 }
const PORT = 8443
const HERE = `https://192.168.77.1:${PORT}/`
const MOVED = `https://192.168.78.1:${PORT}/`

interface Host {
  readonly ca: string
  readonly said: () => string
}

async function startHost(machine: Machine): Promise<Host> {
  const data = join(makeTemporaryFolder(), 'data')
  const { said } = machine.start('mobile-demo/start.ts', ['--lan', '--port', String(PORT), '--data', data])
  await vi.waitFor(() => expect(said()).toContain('until Ctrl-C'), { ...SEEN, timeout: 200_000 })
  return { ca: join(data, 'tls', 'ca.pem'), said }
}

/** What a program on that machine is answered: a status, or the code of an error. */
function visit(machine: Machine, url: string, ca: string, origin = ''): string {
  const program = ['--import', 'tsx', '--conditions=source', 'test/support/lan-visitor.ts', url, ca, origin]
  return (
    machine
      .run(process.execPath, ...program)
      .split(' ', 1)[0]
      ?.trim() ?? ''
  )
}

async function takePhoneAt(
  machine: Machine,
  model: PhoneModel,
  ca: string | null,
): Promise<Phone & { readonly browser: Browser }> {
  const browser = await startPhones(makeTemporaryFolder(), ca, { program: machine.browser() })
  onTestFinished(() => browser.close())
  return { ...(await takePhone(browser, model)), browser }
}

it.runIf(process.env['CI'] === 'true')('network namespaces are to be had, which the suite below needs', () => {
  expect(canMakeNetworks, 'the program ip (iproute2) and the rights of root').toBe(true)
})

const canRun = canMakeNetworks && hasComponent('chromium') && hasComponent('certutil')
const note = canRun ? '' : ' (SKIPPED: needs root, ip, chromium and certutil)'

describe.skipIf(!canRun)(`npm start -- --lan${note}`, () => {
  it('two phones write one note over the address of the network when they trust the authority, and a third that does not is refused', async () => {
    const lan = createLan({
      host: '192.168.77.1/24',
      alice: '192.168.77.2/24',
      bob: '192.168.77.3/24',
      eve: '192.168.77.4/24',
    })
    const host = await startHost(lan.host)
    const alice = await takePhoneAt(lan.alice, 'iPhone 15', host.ca)
    await alice.page.goto(HERE)
    await createNote(alice.page, 'Alice', 'Shopping')
    await typeText(alice.page, 'milk')
    const code = await showInvite(alice.page, 'Can edit')
    const link = await readQr(code)
    expect(link.startsWith(HERE)).toBe(true)
    const bob = await takePhoneAt(lan.bob, 'Pixel 7', host.ca)
    await joinNote(bob.page, link, 'Bob')
    await expect.poll(() => textOf(bob.page).innerText(), SEEN).toContain('milk')
    await typeText(bob.page, ' and bread')
    await expect.poll(() => textOf(alice.page).innerText(), SEEN).toContain('milk and bread')

    const eve = await takePhoneAt(lan.eve, 'Pixel 7', null)
    await expect(eve.page.goto(link)).rejects.toThrow('ERR_CERT_AUTHORITY_INVALID')
    expect(visit(lan.eve, HERE, '-')).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
    expect(visit(lan.eve, HERE, host.ca)).toBe('200')
    const stranger = join(makeTemporaryFolder(), 'ca.pem')
    lan.eve.run(
      'openssl',
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      '/CN=x',
      '-keyout',
      '/dev/null',
      '-out',
      stranger,
    )
    expect(visit(lan.eve, HERE, stranger)).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
  })

  it('[AU9] [AU5] certificate, origins and addresses follow the machine, and its authority stays', async () => {
    const lan = createLan({ host: '192.168.77.1/24', phone: '192.168.77.2/24' })
    const host = await startHost(lan.host)
    const authority = readFileSync(host.ca, 'utf8')
    lan.phone.addAddress('192.168.78.2/24')
    lan.host.addAddress('192.168.78.1/24')
    lan.host.removeAddress('192.168.77.1/24')
    await vi.waitFor(() => expect(host.said()).toContain(`same network:       ${MOVED}`), SEEN)
    expect(visit(lan.phone, MOVED, host.ca)).toBe('200')
    const socket = MOVED.replace('https:', 'wss:')
    // Past the check of the origin, a token that is none is what it is refused for.
    expect(visit(lan.phone, `${socket}sync`, host.ca, MOVED.slice(0, -1))).toBe('401')
    expect(visit(lan.phone, `${socket}sync`, host.ca, HERE.slice(0, -1))).toBe('403')
    expect(readFileSync(host.ca, 'utf8')).toBe(authority)
    const leaf = new X509Certificate(readFileSync(host.ca.replace('ca.pem', 'server.pem')))
    expect(leaf.subjectAltName).toContain('192.168.78.1')
    expect(leaf.subjectAltName).not.toContain('192.168.77.1')
  })

  it('turns away who comes by a public address of the machine', async () => {
    const lan = createLan({ host: '192.168.77.1/24', stranger: '192.168.77.2/24' })
    const host = await startHost(lan.host)
    lan.host.addAddress('203.0.113.1/24')
    lan.stranger.addAddress('203.0.113.2/24')
    const url = `https://203.0.113.1:${PORT}/`
    expect(['ECONNRESET', 'EPIPE']).toContain(visit(lan.stranger, url, host.ca))
    expect(visit(lan.stranger, HERE, host.ca)).toBe('200')
    expect(host.said()).not.toContain('203.0.113.1')
  })

  it('[B11] shows a phone the address and how to trust and to forget the authority, in words, under a policy that lets nothing run', async () => {
    const lan = createLan({ host: '192.168.77.1/24', phone: '192.168.77.2/24' })
    const host = await startHost(lan.host)
    const { page, complaints } = await takePhoneAt(lan.phone, 'iPhone 15', host.ca)
    const answer = await page.goto(`${HERE}phone`)
    expect(answer?.headers()['content-security-policy']).toContain("default-src 'none'")
    const codes = page.locator('svg.qr')
    expect(await readQr(codes.nth(0))).toBe(HERE)
    expect(await readQr(codes.nth(1))).toBe(`${HERE}phone`)
    const text = (await page.locator('main').innerText()).replaceAll(/\s+/g, ' ')
    const { fingerprint256 } = new X509Certificate(readFileSync(host.ca))
    expect(text).toContain(fingerprint256)
    expect(host.said()).toContain(fingerprint256)
    expect(text.match(/To remove it:/g)).toHaveLength(2)
    expect(complaints).toEqual([])
    const served = lan.phone.run(
      'curl',
      '--silent',
      '--cacert',
      host.ca,
      `${HERE}ca.crt`,
      '--output',
      '-',
      '--write-out',
      '%{content_type}',
    )
    expect(served).toContain('application/x-x509-ca-cert')
  })
})

describe('npm start', () => {
  it('listens on this machine alone unless it is told otherwise', async () => {
    const data = join(makeTemporaryFolder(), 'data')
    const { output, child } = startProgram('mobile-demo/start.ts', ['--port', '0', '--data', data])
    const port = (): number => Number(/https:\/\/localhost:(\d+)\/\s/.exec(output.stdout)?.[1] ?? 0)
    await vi.waitFor(() => expect(port()).toBeGreaterThan(0), { ...SEEN, timeout: 200_000 })
    expect(output.stdout).not.toContain('/phone')
    // On every other address of this machine the port is free: another program can listen there. On this one it cannot.
    const listen = (host: string): Promise<string> =>
      new Promise((resolve) => {
        const server = createServer()
        server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
        server.listen(port(), host, () => server.close(() => resolve('free')))
      })
    expect(await listen('127.0.0.1')).toBe('EADDRINUSE')
    expect(await listen('127.0.0.2')).toBe('free')
    expect(await listen('::1')).toBe('free')
    if (process.platform !== 'linux') return
    const sockets = readFileSync(`/proc/${child.pid}/net/tcp`, 'latin1').split('\n')
    const hex = port().toString(16).toUpperCase().padStart(4, '0')
    const bound = sockets
      .filter((line) => line.includes(`:${hex} 00000000:0000 0A`))
      .map((line) => line.trim().split(' ')[1])
    expect(bound).toEqual([`0100007F:${hex}`])
  })
})
