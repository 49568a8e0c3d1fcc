/**
 * The packages and the lockfile: one version, one Yjs, nothing heavy for those who install the client.
 *
 * @module
 */
import { describe, expect, it } from 'vitest'

import { listRepositoryFiles, readRepositoryFile } from '../support/repository.ts'

interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly type: string
  readonly license: string
  readonly engines: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly bin?: Readonly<Record<string, string>>
  readonly files?: readonly string[]
}

interface LockedPackage {
  readonly version?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly link?: boolean
  /** `npm ci --omit=dev` leaves it out. */
  readonly dev?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

const ROOMS = ['shared', 'client', 'server', 'mobile-demo', 'test'] as const
const PUBLIC_ROOMS = ['shared', 'client', 'server'] as const

const manifestAt = (path: string): Manifest => JSON.parse(readRepositoryFile(path)) as Manifest
const root = manifestAt('package.json')
const manifests = ROOMS.map((room) => ({ room, manifest: manifestAt(`${room}/package.json`) }))
const lock = (
  JSON.parse(readRepositoryFile('package-lock.json')) as { readonly packages: Readonly<Record<string, LockedPackage>> }
).packages

/** Where a package that `from` asks for is found in the lockfile, by Node's own rule; `undefined` when nowhere. */
function findLocked(from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
    const path = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`
    const found = lock[path]
    if (found !== undefined) return found.link === true ? found.resolved : path
    if (folder === '') return undefined
  }
}

/** Names of everything that comes along when somebody installs this room. */
function namesInstalledWith(room: string): ReadonlySet<string> {
  const names = new Set<string>()
  const visited = new Set<string>()
  const visit = (path: string): void => {
    if (visited.has(path)) return
    visited.add(path)
    const {
      dependencies = {},
      optionalDependencies = {},
      peerDependencies = {},
      peerDependenciesMeta = {},
    } = lock[path] ?? {}
    const peers = Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional !== true)
    for (const name of [...Object.keys(dependencies), ...Object.keys(optionalDependencies), ...peers]) {
      names.add(name)
      const next = findLocked(path, name)
      if (next !== undefined) visit(next)
    }
  }
  visit(room)
  return names
}

describe('the packages', () => {
  it.each(manifests)('$room has the version, licence and engines of the house', ({ manifest }) => {
    expect({ ...manifest }).toMatchObject({
      version: root.version,
      license: 'MIT',
      type: 'module',
      engines: { node: root.engines['node'] },
    })
  })

  it.each(PUBLIC_ROOMS)('%s publishes its built files, and nothing of the compiler', (room) => {
    const { files, private: isPrivate } = manifestAt(`${room}/package.json`)
    expect(isPrivate).toBeUndefined()
    expect(files).toEqual(expect.arrayContaining(['dist', '!dist/**/*.tsbuildinfo']))
  })

  it('is found by the compiler where its entry points say', () => {
    const tsconfig = readRepositoryFile('tsconfig.json').replaceAll(/^\s*\/\/.*$/gm, '')
    const { compilerOptions } = JSON.parse(tsconfig) as {
      readonly compilerOptions: { readonly paths: Readonly<Record<string, readonly string[]>> }
    }
    const expected = PUBLIC_ROOMS.flatMap((room) => {
      const { name, exports = {} } = manifestAt(`${room}/package.json`)
      return Object.entries(exports).flatMap(([key, entry]) =>
        typeof entry === 'string' ? [] : [[name + key.slice(1), [`./${room}/${(entry['source'] ?? '').slice(2)}`]]],
      )
    })
    expect(compilerOptions.paths).toEqual(Object.fromEntries(expected))
  })

  it.each(['client/node/cli/main.ts', 'server/cli/main.ts'])('%s begins with a shebang', (path) => {
    expect(readRepositoryFile(path).split('\n')[0]).toBe('#!/usr/bin/env node')
  })

  it('the client brings no database, no socket library and no token library', () => {
    const names = namesInstalledWith('client')
    expect(names).toContain('libsodium-wrappers')
    for (const name of ['better-sqlite3', 'ws', 'jose', 'commander', 'pino', '@y-sealed/relay']) {
      expect(names).not.toContain(name)
    }
  })

  it('`npm start` does without what is for development', () => {
    const { dependencies = {} } = lock['mobile-demo'] ?? {}
    const asked = listRepositoryFiles()
      .filter((path) => /^mobile-demo\/(?!native\/).*\.tsx?$/.test(path))
      .flatMap((path) => [...readRepositoryFile(path).matchAll(/(?:\bfrom |^import |\bimport\()'([^'.][^']*)'/gm)])
      .map(([, name = '']) => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? '')
      .filter((name) => !name.startsWith('node:'))
    // That one Node itself is told to load.
    const names = [...new Set([...asked, 'tsx'])]
    expect(names).toEqual(expect.arrayContaining(['vite', 'react', 'yjs']))
    expect(names.filter((name) => dependencies[name] === undefined)).toEqual([])
    const left = names.filter((name) => lock[findLocked('mobile-demo', name) ?? '']?.dev === true)
    expect(left).toEqual([])
  })

  it('the relay brings no Yjs', () => {
    const names = namesInstalledWith('server')
    expect(names).toContain('better-sqlite3')
    for (const name of ['yjs', 'y-protocols', 'lib0', '@y-sealed/client']) expect(names).not.toContain(name)
  })
})

describe('the lockfile', () => {
  const installed = Object.entries(lock).filter(([path, { link }]) => path.includes('node_modules/') && link !== true)

  it.each(['yjs', 'lib0', 'y-protocols', 'libsodium-wrappers'])('holds one %s', (name) => {
    expect(Object.keys(lock).filter((path) => path.endsWith(`node_modules/${name}`))).toEqual([`node_modules/${name}`])
  })

  it('names no host but the public registry', () => {
    const hosts = installed.flatMap(([, { resolved }]) => (resolved === undefined ? [] : [new URL(resolved).host]))
    expect(hosts.filter((host) => host !== 'registry.npmjs.org')).toEqual([])
  })

  it('pins every package by its hash', () => {
    expect(installed.filter(([, { integrity }]) => integrity === undefined).map(([path]) => path)).toEqual([])
  })

  it('holds every optional package of every platform', () => {
    const gaps = Object.entries(lock).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies)
        .filter((name) => findLocked(path, name) === undefined)
        .map((name) => `${path} -> ${name}`),
    )
    expect(gaps).toEqual([])
  })
})
