import { readPinSet } from '@y-sealed/protocol'
import { createHash, createPublicKey } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'

import { createProgram } from '../../../../server/cli/program.ts'
import { createTestKey, publicJwk } from '../../../support/tokens.ts'
import { runRelayCommand, startRelayCommand } from '../../../support/command-line.ts'
import { makeTemporaryFolder } from '../../../support/temporary-folder.ts'

const newData = (): string => join(makeTemporaryFolder(), 'data')
const decode = (segment: string | undefined): Record<string, unknown> =>
  JSON.parse(Buffer.from(segment ?? '', 'base64url').toString()) as Record<string, unknown>

function fetchNonce(url: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request(new URL('token', url), { ca, agent: false }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => resolve(text))
    })
      .on('error', reject)
      .end()
  })
}

describe('y-sealed-relay', () => {
  it('teaches: every option of every command has a text and a variable', () => {
    const { commands } = createProgram()
    expect(commands.map((command) => command.name())).toContain('serve')
    for (const command of commands) {
      let help = ''
      command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp()
      expect(help).toContain('Example')
      const options = help.match(/^ {2}(-\w, )?--(?!help)[a-z-]+/gm) ?? []
      expect(help.match(/Y_SEALED_\w+/g)).toHaveLength(options.length)
    }
  })

  it('serves with nothing said, answers /token under its authority, and stops cleanly when asked', async () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const data = newData()
      const { child, output, finished } = startRelayCommand(['serve', '--data', data, '--port', '0'])
      await vi.waitFor(() => expect(output.stdout).toContain('Ctrl-C stops it.'), { timeout: 15_000, interval: 50 })
      const url = /running at (https:\/\/localhost:\d+\/)/.exec(output.stdout)?.[1] ?? ''
      expect(output.stdout).toMatch(/SHA-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}/)
      expect(output.stdout).toContain(`y-sealed-relay trust --data ${data}`)
      expect(await fetchNonce(url, readFileSync(join(data, 'tls/ca.pem'), 'ascii'))).toMatch(
        /^\{"nonce":"[\w-]{70,80}"\}$/,
      )
      child.kill(signal)
      expect((await finished).exitCode).toBe(0)
      expect(
        output.stderr
          .trim()
          .split('\n')
          .map((line) => (JSON.parse(line) as { event: string }).event),
      ).toEqual(['started', 'stopped'])
      expect((statSync(data).mode & 0o777).toString(8)).toBe('700')
    }
  })

  it('[A13] refuses to start in production without a certificate', async () => {
    const { exitCode, stderr } = await runRelayCommand(['serve', '--data', newData(), '--port', '0'], {
      NODE_ENV: 'production',
    })
    expect([exitCode, stderr]).toEqual([
      2,
      expect.stringMatching(/^error: there is no certificate, and NODE_ENV is production.*--cert and --key.*\n$/),
    ])
  })

  it('[A13] refuses to start in plaintext before anybody, unless the proxy is named', async () => {
    const url = 'wss://relay.example/sync'
    const args = ['serve', '--data', newData(), '--port', '0', '--host', '0.0.0.0', '--url', url]
    for (const proxy of [undefined, '', 'proxy', '0.0.0.0/0']) {
      const { exitCode, stderr } = await runRelayCommand(args, {
        Y_SEALED_PLAINTEXT: '1',
        ...(proxy !== undefined && { Y_SEALED_TRUSTED_PROXY: proxy }),
      })
      expect([proxy, exitCode, stderr]).toEqual([proxy, 2, expect.stringMatching(/^error: .*--trusted-proxy.*\n$/)])
    }
  })

  it.each(['0', 'no', 'false', 'off', ''])('[A13] takes Y_SEALED_PLAINTEXT=%s for no', async (value) => {
    const { exitCode, stderr } = await runRelayCommand(['serve', '--data', newData(), '--port', '0'], {
      Y_SEALED_PLAINTEXT: value,
      NODE_ENV: 'production',
    })
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('there is no certificate')])
  })

  it('[J6] refuses to start when the issuer’s key may be read by others', async () => {
    const data = newData()
    await runRelayCommand(['keys', '--data', data])
    const path = join(data, 'keys/issuer.key')
    chmodSync(path, 0o644)
    const { exitCode, stderr } = await runRelayCommand(['serve', '--data', data, '--port', '0'])
    expect([exitCode, stderr]).toEqual([
      2,
      expect.stringMatching(/^error: the key file .*issuer\.key may be read by other users.*\n$/),
    ])
    expect(stderr).not.toContain(readFileSync(path).toString('hex'))
  })

  it('[J7] refuses a key set with a private key', async () => {
    const key = createTestKey('a')
    const path = join(makeTemporaryFolder(), 'jwks.json')
    writeFileSync(path, JSON.stringify({ keys: [{ ...publicJwk(key), ...key.privateKey.export({ format: 'jwk' }) }] }))
    const { exitCode, stderr } = await runRelayCommand([
      'serve',
      '--data',
      newData(),
      '--port',
      '0',
      '--jwks',
      path,
      '--issuer',
      'x',
    ])
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('error: the set holds a private or symmetric key')])
    expect(stderr).not.toContain(key.privateKey.export({ format: 'jwk' }).d as string)
  })

  it.each([
    ['an unknown command', ['serv'], 'Did you mean serve?'],
    ['a switch that is none', ['serve', '--plaintext', 'maybe'], 'yes or no'],
    [
      'plaintext and a certificate',
      ['serve', '--plaintext', '--cert', 'x.pem', '--key', 'x.key'],
      '--plaintext shows no',
    ],
    ['plaintext that nobody can dial', ['serve', '--plaintext'], 'needs --url'],
    ['an unknown option', ['serve', '--prot', '1'], 'Did you mean --port?'],
    ['a port that is none', ['serve', '--port', '70000'], 'from 0 to 65535'],
    ['a policy that is none', ['serve', '--create', 'all'], 'open, invite, closed'],
    ['an address that is none', ['serve', '--url', 'https://relay.example'], 'wss://relay.example/sync'],
    ['an address with a query', ['serve', '--url', 'wss://relay.example/sync?x'], 'wss://relay.example/sync'],
    ['an origin with a path', ['serve', '--origin', 'https://notes.example/'], 'without a path'],
    ['every origin', ['serve', '--origin', '*'], 'no origin'],
    ['a certificate without its key', ['serve', '--cert', 'x.pem'], 'go together'],
    ['a certificate that is not there', ['serve', '--cert', '/nowhere.pem', '--key', '/nowhere.key'], 'no key file'],
    ['a key set without its issuer', ['serve', '--jwks', 'x.json'], 'go together'],
    ['a key set that is not there', ['serve', '--jwks', '/nowhere.json', '--issuer', 'x'], 'cannot be read'],
    ['a key set in the clear', ['serve', '--jwks', 'http://keys.example/x', '--issuer', 'x'], 'over https'],
    [
      'a policy for an issuer of one’s own',
      ['serve', '--jwks', 'x', '--issuer', 'x', '--create', 'open'],
      'embedded issuer',
    ],
    ['a token for nothing', ['token'], '--doc and --device'],
    [
      'a token that lives too long',
      ['token', '--doc', 'AAECAwQFBgcICQoLDA0ODw', '--device', 'AAECAwQFBgcICQoLDA0ODw', '--ttl', '11m'],
      'at most 600',
    ],
    [
      'a permission that is none',
      ['token', '--doc', 'AAECAwQFBgcICQoLDA0ODw', '--device', 'AAECAwQFBgcICQoLDA0ODw', '--perm', 'admin'],
      'knows no "admin"',
    ],
    ['an id that is none', ['token', '--doc', 'notes'], '22 characters'],
    ['nothing to untrust', ['untrust'], 'nothing to take back'],
  ])('answers %s with one line that helps and exit code 2', async (_what, args, words) => {
    const { exitCode, stdout, stderr } = await runRelayCommand([
      ...args,
      ...(args[0] === 'serv' ? [] : ['--data', newData()]),
    ])
    expect([exitCode, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^error: [^\n]+\n$/)
    expect(stderr).toContain(words)
  })

  it('says that a port is taken, with exit code 1', async () => {
    const first = startRelayCommand(['serve', '--data', newData(), '--port', '0'])
    await vi.waitFor(() => expect(first.output.stdout).toContain('Ctrl-C'), { timeout: 15_000, interval: 50 })
    const port = /localhost:(\d+)/.exec(first.output.stdout)?.[1] ?? ''
    const { exitCode, stderr } = await runRelayCommand(['serve', '--data', newData(), '--port', port])
    expect([exitCode, stderr]).toEqual([
      1,
      'error: another program listens on this port already: stop it, or choose another with --port\n',
    ])
  })

  it('warns of a variable that nothing reads, and reads those that exist', async () => {
    const data = newData()
    const { exitCode, stderr, stdout } = await runRelayCommand(['keys'], {
      Y_SEALED_DATA: data,
      Y_SEALED_PROT: '1',
      Y_SEALED_ZZZZZZZZ: '',
    })
    expect(exitCode).toBe(0)
    expect(stderr).toBe(
      'warning: Y_SEALED_PROT is set, but nothing reads a variable of that name; did you mean Y_SEALED_PORT?\n' +
        'warning: Y_SEALED_ZZZZZZZZ is set, but nothing reads a variable of that name; see --help for those that exist\n',
    )
    expect(stdout).toContain('"crv": "Ed25519"')
    expect(statSync(join(data, 'keys/issuer.key')).size).toBe(32)
  })

  it('[J7] keys prints public halves alone, the same each time', async () => {
    const data = newData()
    const first = await runRelayCommand(['keys', '--data', data])
    expect((await runRelayCommand(['keys', '--data', data])).stdout).toBe(first.stdout)
    const seed = readFileSync(join(data, 'keys/head.key'))
    for (const encoding of ['hex', 'base64', 'base64url'] as const)
      expect(first.stdout).not.toContain(seed.toString(encoding))
    expect(first.stdout).not.toContain('"d"')
  })

  it('[AU3] token prints a token of the embedded issuer, and an invitation on request', async () => {
    const data = newData()
    const id = 'AAECAwQFBgcICQoLDA0ODw'
    const args = [
      'token',
      '--data',
      data,
      '--doc',
      id,
      '--device',
      id,
      '--perm',
      'write,read',
      '--audience',
      'wss://Relay.example:443/sync',
    ]
    const { stdout } = await runRelayCommand(args)
    const [header, payload] = stdout.trim().split('.')
    const { kid } = decode(header)
    expect(decode(header)).toEqual({ alg: 'EdDSA', kid, typ: 'y-sealed+jwt' })
    const claims = decode(payload)
    expect(claims).toMatchObject({
      iss: `y-sealed:${String(kid)}`,
      aud: 'wss://relay.example/sync',
      sub: id,
      doc: id,
      cnf: id,
      perm: ['read', 'write'],
    })
    expect(Number(claims['exp']) - Number(claims['iat'])).toBe(300)
    const invitation = await runRelayCommand(['token', '--data', data, '--invite', '--ttl', '2d'])
    const [inviteHeader, invitePayload] = invitation.stdout.trim().split('.')
    expect(decode(inviteHeader)['typ']).toBe('y-sealed-invite+jwt')
    expect(Object.keys(decode(invitePayload)).sort()).toEqual(['aud', 'exp', 'iat', 'iss', 'jti'])
  })

  it('[PN1] pins prints or writes the pins of the TLS key and of a backup key', async () => {
    const data = newData()
    const out = join(makeTemporaryFolder(), 'pins.json')
    const { stdout } = await runRelayCommand(['pins', '--data', data])
    await runRelayCommand(['pins', '--data', data, '--out', out])
    expect(readFileSync(out, 'utf8')).toBe(stdout)
    const { hosts, expires, pins } = readPinSet(stdout)
    expect([hosts, pins.map(({ use }) => use)]).toEqual([
      ['localhost', '127.0.0.1', '::1'],
      ['current', 'backup'],
    ])
    const daysLeft = (Date.parse(expires) - Date.now()) / 86_400_000
    expect(daysLeft).toBeGreaterThan(363)
    expect(daysLeft).toBeLessThanOrEqual(365)
  })

  it('[PN2] pins makes a backup key where it is told to, and takes the public half of one that lies elsewhere', async () => {
    const data = newData()
    const folder = makeTemporaryFolder()
    const secret = join(folder, 'safe', 'backup.key')
    const pinsWith = async (file: string): Promise<string> => {
      const { stdout } = await runRelayCommand([
        'pins',
        '--data',
        data,
        '--host',
        'Relay.example',
        '--days',
        '91',
        '--backup-key',
        file,
      ])
      const { hosts, pins } = readPinSet(stdout)
      expect(hosts).toEqual(['relay.example'])
      return pins[1]?.pin ?? ''
    }
    const made = await pinsWith(secret)
    expect(statSync(secret).mode & 0o777).toBe(0o600)
    const open = join(folder, 'backup.pem')
    writeFileSync(open, createPublicKey(readFileSync(secret)).export({ type: 'spki', format: 'pem' }))
    expect(await pinsWith(open)).toBe(made)
    expect(existsSync(join(data, 'tls', 'backup.key'))).toBe(false)
    const current = await runRelayCommand(['pins', '--data', data, '--backup-key', join(data, 'tls', 'server.key')])
    expect([current.exitCode, current.stderr]).toEqual([2, expect.stringContaining('another than the current one')])
    const short = await runRelayCommand(['pins', '--data', data, '--days', '90'])
    expect(short.exitCode).toBe(2)
  })

  it('[PN5] switch-key makes the backup key the relay’s own, and keeps the key that was', async () => {
    const data = newData()
    const early = await runRelayCommand(['switch-key', '--data', data])
    expect([early.exitCode, early.stderr]).toEqual([2, expect.stringContaining('no backup key')])
    const before = readPinSet((await runRelayCommand(['pins', '--data', data])).stdout).pins
    expect((await runRelayCommand(['switch-key', '--data', data])).exitCode).toBe(0)
    const after = readPinSet((await runRelayCommand(['pins', '--data', data])).stdout).pins
    expect(after[0]?.pin).toBe(before[1]?.pin)
    expect(before.map(({ pin }) => pin)).not.toContain(after[1]?.pin)
    const retired = createPublicKey(readFileSync(join(data, 'tls', 'retired.key'))).export({
      type: 'spki',
      format: 'der',
    })
    expect(createHash('sha256').update(retired).digest('base64')).toBe(before[0]?.pin)
  })

  it('trust shows what it would do and does nothing when it cannot ask', async () => {
    const home = makeTemporaryFolder()
    mkdirSync(join(home, 'bin'))
    const variables = { HOME: home, PATH: join(home, 'bin') }
    const data = newData()
    const { exitCode, stdout } = await runRelayCommand(['trust', '--data', data], variables)
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining(join(data, 'tls/ca.pem'))])
    const dry = await runRelayCommand(['untrust', '--data', data, '--dry-run'], variables)
    expect(dry.exitCode).toBe(0)
  })
})
