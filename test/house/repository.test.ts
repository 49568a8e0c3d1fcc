/**
 * What must stand in no file of the repository, searched for in all of them.
 *
 * @module
 */
import { expect, it } from 'vitest'

import { listRepositoryFiles, readRepositoryFile } from '../support/repository.ts'

const THIS_FILE = 'test/house/repository.test.ts'
const BINARY = /\.(png|jpe?g|gif|ico|webp|woff2?|wasm|pdf|db|bin)$/

const files = listRepositoryFiles().filter((path) => path !== THIS_FILE && !BINARY.test(path))

/** `path:line: text` of every line that matches, in files that `where` takes. */
function findLines(pattern: RegExp, where: (path: string) => boolean = () => true): string[] {
  return files.filter(where).flatMap((path) =>
    readRepositoryFile(path)
      .split('\n')
      .flatMap((line, n) => (pattern.test(line) ? [`${path}:${n + 1}: ${line.trim()}`] : [])),
  )
}

const isCode = (path: string): boolean => /\.(ts|tsx|js|mjs|cjs|sh|json|yml|yaml)$|^\.ci\//.test(path)

it('[A11] switches certificate checks off nowhere', () => {
  const forms = [
    String.raw`rejectUnauthorized['"]?\s*[:=]\s*(false|0|!1)`,
    'NODE_TLS_REJECT_UNAUTHORIZED',
    String.raw`ignoreHTTPSErrors['"]?\s*:\s*true`,
    String.raw`--ignore-certificate-errors(?!-spki-list)`,
    String.raw`checkServerIdentity['"]?\s*[:=]`,
    String.raw`strictSSL['"]?\s*[:=]\s*false`,
    String.raw`strict-ssl\s*=\s*false`,
  ]
  expect(findLines(new RegExp(forms.join('|')), isCode)).toEqual([])
})

it('names no path of one machine', () => {
  const path = /(^|[^A-Za-z0-9.])\/(root|home|tmp|work|farm|Users)\//
  expect(findLines(path, (file) => file !== 'package-lock.json')).toEqual([])
})

it('runs no test alone and forgets none', () => {
  const alone = /\b(it|test|describe)\.(only|todo|fails)\(|\b(it|test|describe)\.skip\(/
  expect(findLines(alone, (path) => path.startsWith('test/') && path.endsWith('.ts'))).toEqual([])
})

it('gives up no type without a reason on the line', () => {
  // A cast ends an expression; in prose the words stand on their own.
  const givenUp = /@ts-(ignore|nocheck)|\bas (any|never)(?=\s*[;,)\]}.])|(oxlint|eslint)-disable(?!.* -- )/
  expect(findLines(givenUp, (path) => /\.tsx?$/.test(path))).toEqual([])
})

it('feeds Yjs only updates of the second version in the client', () => {
  // The linter sees `Y.applyUpdate`; this sees `import { applyUpdate }`, over several lines too.
  const names = ['applyUpdate', 'decodeUpdate', 'parseUpdateMeta', 'mergeUpdates', 'diffUpdate', 'encodeStateAsUpdate']
  const named = new RegExp(String.raw`import[^'"]*\{[^'"]*\b(${names.join('|')})\b[^'"]*\}\s*from\s*['"]yjs['"]`)
  const sources = files.filter((path) => path.startsWith('client/') && path.endsWith('.ts'))
  expect(sources.filter((path) => named.test(readRepositoryFile(path)))).toEqual([])
})

it('re-exports from public entry points only', () => {
  const reExport = /^export\s+(type\s+)?(\*|\{[^}]*\})[^'"\n]*from\s*['"]/m
  // What package.json names besides the index files.
  const entries = ['server/issuer.ts']
  const isEntry = (path: string): boolean => path.endsWith('/index.ts') || entries.includes(path)
  const sources = files.filter((path) => /^(shared|client|server)\/.*\.ts$/.test(path) && !isEntry(path))
  expect(sources.filter((path) => reExport.test(readRepositoryFile(path)))).toEqual([])
})

it('keeps its top level to what it promises', () => {
  const top = new Set(files.map((path) => path.split('/')[0] as string).filter((name) => !name.startsWith('.')))
  const promised = [
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'LICENSE',
    'README.md',
    'SECURITY.md',
    'client',
    'mobile-demo',
    'package-lock.json',
    'package.json',
    'server',
    'shared',
    'test',
    'tsconfig.json',
  ]
  expect([...top].filter((name) => !promised.includes(name))).toEqual([])
})
