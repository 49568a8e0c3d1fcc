/**
 * Who may import whom, proved by breaking each rule once: the compiler or the linter must refuse.
 *
 * @module
 */
import { afterAll, describe, expect, it } from 'vitest'

import { openHouseCopy } from './house-copy.ts'

const house = openHouseCopy()
afterAll(() => house.close())

describe('the compiler', () => {
  it('accepts the house as it stands', { timeout: 60_000 }, () => {
    expect(house.compileWith({})).toBe('')
  })

  it.each([
    ['shared imports Node', 'shared/wire/x.ts', `export { sep } from 'node:path'`],
    ['shared names the DOM', 'shared/wire/x.ts', `export const x: string = document.title`],
    ['shared names a timer', 'shared/wire/x.ts', `setTimeout(() => 1, 1)`],
    ['shared names a Buffer', 'shared/wire/x.ts', `export const x: number = Buffer.byteLength('x')`],
    ['shared imports the client', 'shared/wire/x.ts', `export { BOTH } from '../../client/index.ts'`],
    ['shared imports sealing', 'shared/wire/x.ts', `export { SECRET } from '../sealing/index.ts'`],
    ['shared imports a test', 'shared/wire/x.ts', `export { ANY } from '../../test/support/any.ts'`],
    ['sealing imports Node', 'shared/sealing/x.ts', `export { sep } from 'node:path'`],
    ['the client imports Node', 'client/x.ts', `export { sep } from 'node:path'`],
    ['the client names process', 'client/x.ts', `export const x: number = process.pid`],
    ['the client imports client/node', 'client/x.ts', `export { NODE } from './node/index.ts'`],
    ['the client imports the relay', 'client/x.ts', `export { RELAY } from '@y-sealed/relay'`],
    ['the client imports a test', 'client/x.ts', `export { ANY } from '../test/support/any.ts'`],
    ['the hooks import Node', 'client/react/x.ts', `export { sep } from 'node:path'`],
    ['the hooks import the carets', 'client/react/x.ts', `export { CARETS } from '../tiptap/index.ts'`],
    ['client/node imports the relay', 'client/node/x.ts', `export { RELAY } from '@y-sealed/relay'`],
    ['the relay imports sealing', 'server/x.ts', `export { SECRET } from '@y-sealed/protocol/sealing'`],
    ['the relay imports sealing by its path', 'server/x.ts', `export { SECRET } from '../shared/sealing/index.ts'`],
    [
      'the relay imports only a type of sealing',
      'server/x.ts',
      `export type X = typeof import('@y-sealed/protocol/sealing')`,
    ],
    ['the relay imports the client', 'server/x.ts', `export { BOTH } from '@y-sealed/client'`],
    ['the relay imports a test', 'server/x.ts', `export { ANY } from '../test/support/any.ts'`],
    ['the core imports an adapter', 'server/core/x.ts', `export { STORE } from '../store/index.ts'`],
    ['the core imports sealing', 'server/core/x.ts', `export { SECRET } from '@y-sealed/protocol/sealing'`],
    ['the core imports Node', 'server/core/x.ts', `export { sep } from 'node:path'`],
    ['the core names a timer', 'server/core/x.ts', `setTimeout(() => 1, 1)`],
    ['an enum', 'shared/wire/x.ts', `export enum Colour { Red }`],
  ])('refuses: %s', (_rule, file, code) => {
    expect(house.compileWith({ [file]: `${code}\n` })).toMatch(new RegExp(`^${file}\\(\\d+,\\d+\\): error TS`, 'm'))
  })
})

/** [what is broken, file, code, rule of the linter]: all linted in one run, so every row has a file of its own. */
const BROKEN = [
  ['shared imports Node', `import 'node:path'`, 'shared/wire', 'no-restricted-imports'],
  ['shared imports Yjs', `import 'yjs'`, 'shared/wire', 'no-restricted-imports'],
  ['shared imports Yjs dynamically', `await import('yjs')`, 'shared/wire', 'no-restricted-imports'],
  ['shared imports its own package', `import '@y-sealed/protocol'`, 'shared/wire', 'no-restricted-imports'],
  ['shared imports sealing', `import '../sealing/index.ts'`, 'shared/wire', 'no-restricted-imports'],
  ['shared imports sealing from its top', `import './sealing/index.ts'`, 'shared', 'no-restricted-imports'],
  ['shared imports the relay', `import '../../server/index.ts'`, 'shared/wire', 'no-restricted-imports'],
  [
    'shared imports libsodium outside shared/crypto',
    `import 'libsodium-wrappers'`,
    'shared/wire',
    'no-restricted-imports',
  ],
  ['sealing imports libsodium', `import 'libsodium-wrappers'`, 'shared/sealing', 'no-restricted-imports'],
  ['shared/crypto imports Node', `import 'node:crypto'`, 'shared/crypto', 'no-restricted-imports'],
  ['shared reads the clock', `Date.now()`, 'shared/wire', 'no-restricted-properties'],
  ['shared throws dice', `Math.random()`, 'shared/wire', 'no-restricted-properties'],
  ['shared imports a test', `import '../../test/support/any.ts'`, 'shared/wire', 'no-restricted-imports'],
  ['the client imports Node', `import 'node:path'`, 'client/sync', 'no-restricted-imports'],
  ['the client imports ws', `import 'ws'`, 'client/sync', 'no-restricted-imports'],
  ['the client imports libsodium', `import 'libsodium-wrappers'`, 'client/sync', 'no-restricted-imports'],
  ['the client imports client/node', `import '../node/index.ts'`, 'client/sync', 'no-restricted-imports'],
  ['the client imports the relay', `import '@y-sealed/relay'`, 'client/sync', 'no-restricted-imports'],
  ['the client imports idb outside its adapter', `import 'idb'`, 'client/sync', 'no-restricted-imports'],
  ['the IndexedDB adapter imports Yjs', `import 'yjs'`, 'client/indexed-db', 'no-restricted-imports'],
  ['the client imports an adapter', `import '../adapter/x.ts'`, 'client/sync', 'no-restricted-imports'],
  ['an adapter imports its provider', `import 'y-websocket'`, 'client/y-websocket', 'no-restricted-imports'],
  ['an adapter imports another', `import '../hocuspocus/x.ts'`, 'client/y-websocket', 'no-restricted-imports'],
  ["the adapters' engine imports an adapter", `import '../hocuspocus/x.ts'`, 'client/adapter', 'no-restricted-imports'],
  ['an adapter imports client/node', `import '../node/x.ts'`, 'client/hocuspocus', 'no-restricted-imports'],
  ['the client imports shared by its path', `import '../../shared/index.ts'`, 'client/sync', 'no-restricted-imports'],
  ['the client imports React', `import 'react'`, 'client/sync', 'no-restricted-imports'],
  ['the client imports Tiptap', `import '@tiptap/core'`, 'client/sync', 'no-restricted-imports'],
  ['the hooks import Tiptap', `import '@tiptap/core'`, 'client/react', 'no-restricted-imports'],
  ['the hooks import sealing', `import '@y-sealed/protocol/sealing'`, 'client/react', 'no-restricted-imports'],
  ['the carets import React', `import 'react'`, 'client/tiptap', 'no-restricted-imports'],
  ['the client imports a test', `import '../../test/support/any.ts'`, 'client/sync', 'no-restricted-imports'],
  ['the client reads the clock', `Date.now()`, 'client/sync', 'no-restricted-properties'],
  ['the client throws dice', `Math.random()`, 'client/sync', 'no-restricted-properties'],
  ['the client sets a timer', `setTimeout(() => 1, 1)`, 'client/sync', 'no-restricted-globals'],
  ['the client uses localStorage', `localStorage.clear()`, 'client/sync', 'no-restricted-globals'],
  ...['applyUpdate', 'decodeUpdate', 'parseUpdateMeta', 'mergeUpdates', 'encodeStateAsUpdate'].flatMap((name) => [
    [`the client calls Y.${name}`, `import * as Y from 'yjs'\nY.${name}`, 'client/sync', 'no-restricted-properties'],
    [`client/node calls Y.${name}`, `import * as Y from 'yjs'\nY.${name}`, 'client/node', 'no-restricted-properties'],
  ]),
  ['client/node imports the relay', `import '@y-sealed/relay'`, 'client/node', 'no-restricted-imports'],
  ['client/node imports better-sqlite3', `import 'better-sqlite3'`, 'client/node', 'no-restricted-imports'],
  ['the relay imports Yjs', `import 'yjs'`, 'server', 'no-restricted-imports'],
  ['the relay imports lib0', `import 'lib0/encoding'`, 'server', 'no-restricted-imports'],
  ['the relay imports sealing', `import '@y-sealed/protocol/sealing'`, 'server', 'no-restricted-imports'],
  ['the relay imports libsodium', `import 'libsodium-wrappers'`, 'server', 'no-restricted-imports'],
  ['the relay imports the client', `import '@y-sealed/client'`, 'server', 'no-restricted-imports'],
  ['the relay imports shared by its path', `import '../shared/index.ts'`, 'server', 'no-restricted-imports'],
  ['the relay imports a test', `import '../test/support/any.ts'`, 'server', 'no-restricted-imports'],
  ['the relay logs by console', `console.log(1)`, 'server', 'no-console'],
  ['the core imports Node', `import 'node:path'`, 'server/core', 'no-restricted-imports'],
  ['the core imports a socket', `import 'ws'`, 'server/core', 'no-restricted-imports'],
  ['the core imports a database', `import 'better-sqlite3'`, 'server/core', 'no-restricted-imports'],
  ['the core imports a token format', `import 'jose'`, 'server/core', 'no-restricted-imports'],
  ['the core imports an adapter', `import '../store/index.ts'`, 'server/core', 'no-restricted-imports'],
  ['the core imports sealing', `import '@y-sealed/protocol/sealing'`, 'server/core', 'no-restricted-imports'],
  ['the core reads the clock', `Date.now()`, 'server/core', 'no-restricted-properties'],
  ['the core sets a timer', `setInterval(() => 1, 1)`, 'server/core', 'no-restricted-globals'],
  ...['auth', 'store', 'bus', 'transport', 'ops'].flatMap((adapter) => [
    [`${adapter} imports the composition root`, `import '../index.ts'`, `server/${adapter}`, 'no-restricted-imports'],
    [`${adapter} imports the core`, `import '../core/room.ts'`, `server/${adapter}`, 'no-restricted-imports'],
    [`${adapter} imports Yjs`, `import 'yjs'`, `server/${adapter}`, 'no-restricted-imports'],
    [`${adapter} imports sealing`, `import '@y-sealed/protocol/sealing'`, `server/${adapter}`, 'no-restricted-imports'],
    [
      `deep ${adapter} imports the core`,
      `import '../../core/room.ts'`,
      `server/${adapter}/deep`,
      'no-restricted-imports',
    ],
    [`deep ${adapter} imports auth`, `import '../../auth/index.ts'`, `server/${adapter}/deep`, 'no-restricted-imports'],
  ]),
  ['store imports auth', `import '../auth/index.ts'`, 'server/store', 'no-restricted-imports'],
  ['auth imports store', `import '../store/index.ts'`, 'server/auth', 'no-restricted-imports'],
  ['the demo imports a room by its path', `import '../client/index.ts'`, 'mobile-demo', 'no-restricted-imports'],
  [
    'the demo imports the inside of a package',
    `import '@y-sealed/client/sync'`,
    'mobile-demo',
    'no-restricted-imports',
  ],
  ['the demo imports a built file', `import '@y-sealed/relay/dist/index.js'`, 'mobile-demo', 'no-restricted-imports'],
  ['the demo imports a test', `import '../test/support/any.ts'`, 'mobile-demo', 'no-restricted-imports'],
  ['a default export', `export default 1`, 'shared/wire', 'no-default-export'],
  ['a promise that floats', `async function f() {}\nf()`, 'server', 'no-floating-promises'],
  [
    'an asynchronous listener',
    `process.on('SIGTERM', async () => { await Promise.resolve() })`,
    'server',
    'no-misused-promises',
  ],
  [
    'a switch that forgets a case',
    `export function f(x: 'a' | 'b'): void { switch (x) { case 'a': break } }`,
    'server',
    'switch-exhaustiveness-check',
  ],
  ['a string that is thrown', `export function f(): never { throw 'x' }`, 'server', 'only-throw-error'],
  ['an any', `export const x: any = 1`, 'server', 'no-explicit-any'],
  ['a file of 501 lines', `export {}\n`.repeat(501), 'server', 'max-lines'],
].map(([title, code, folder, rule], n) => ({
  title: title as string,
  file: `${folder as string}/broken-${n}.ts`,
  code: code as string,
  rule: rule as string,
}))

const ALLOWED: Readonly<Record<string, string>> = {
  'shared/crypto/allowed.ts': `import sodium from 'libsodium-wrappers'\nexport const x: string = sodium.SODIUM_VERSION_STRING\n`,
  'client/sync/allowed.ts': `import { PUBLIC } from '@y-sealed/protocol'\nimport { SECRET } from '@y-sealed/protocol/sealing'\nimport { readVarUint } from 'lib0/decoding'\nimport { Awareness } from 'y-protocols/awareness'\nimport * as Y from 'yjs'\nimport { BOTH } from '../index.ts'\nexport const x: unknown[] = [PUBLIC, SECRET, BOTH, readVarUint, Awareness, Y.applyUpdateV2]\n`,
  'client/node/allowed.ts': `import { readFile } from 'node:fs/promises'\nimport { WebSocket } from 'ws'\nimport { BOTH } from '../index.ts'\nexport const x: unknown[] = [readFile, WebSocket, BOTH]\n`,
  'client/indexed-db/allowed.ts': `import { PUBLIC } from '@y-sealed/protocol'\nimport { openDB } from 'idb'\nimport { BOTH } from '../index.ts'\nexport const x: unknown[] = [PUBLIC, BOTH, openDB]\n`,
  'client/platform/allowed.ts': `export const now: () => number = () => Date.now()\nexport const later: typeof setTimeout = setTimeout\n`,
  'server/store/deep/allowed.ts': `import { PORT } from '../../core/ports.ts'\nimport { STORE } from '../index.ts'\nexport const x: unknown[] = [PORT, STORE, Date.now()]\n`,
  'server/cli/main.ts': `import { RELAY } from '../index.ts'\nconsole.log(RELAY)\n`,
  'test/unit/allowed.ts': `import { PUBLIC } from '../../shared/wire/public.ts'\nexport const x: number = PUBLIC\n`,
}

describe('the linter', () => {
  const complaints = house.lintWith({
    ...ALLOWED,
    ...Object.fromEntries(BROKEN.map(({ file, code }) => [file, `${code}\n`])),
    'shared/cycle/a.ts': `import { b } from './b.ts'\nexport const a = (): number => b()\n`,
    'shared/cycle/b.ts': `import { a } from './a.ts'\nexport const b = (): number => a()\n`,
  })

  it('accepts the house as it stands', () => {
    const broken = new Set(BROKEN.map(({ file }) => file))
    expect(complaints.filter(({ file }) => !broken.has(file) && !file.startsWith('shared/cycle/'))).toEqual([])
  })

  it.each(BROKEN)('refuses: $title', ({ file, rule }) => {
    const rules = complaints.filter((complaint) => complaint.file === file).map((complaint) => complaint.rule)
    expect(rules).toContainEqual(expect.stringContaining(`(${rule})`))
  })

  it('refuses: two modules that import each other', () => {
    const inCycle = complaints.filter(({ file }) => file.startsWith('shared/cycle/')).map(({ rule }) => rule)
    expect(inCycle).toContainEqual(expect.stringContaining('(no-cycle)'))
  })
})
