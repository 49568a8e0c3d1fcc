/**
 * The code that README.md shows compiles against the packages as they are.
 *
 * @module
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'

import { extractCode } from '../support/markdown.ts'
import { readRepositoryFile, REPOSITORY_ROOT } from '../support/repository.ts'

it('finds the code of a Markdown text', () => {
  const text = ['a', '```ts', 'const x = 1', '```', '```sh', 'ls', '```', '```tsx title', 'y', '```', ''].join('\n')
  expect(extractCode(text)).toEqual([
    { line: 3, code: 'const x = 1\n' },
    { line: 9, code: 'y\n' },
  ])
})

const documents = ['README.md', 'shared/README.md', 'client/README.md', 'server/README.md', 'mobile-demo/README.md']
const written = documents.filter((path) => existsSync(join(REPOSITORY_ROOT, path)))
const withCode = written.filter((path) => extractCode(readRepositoryFile(path)).length > 0)

describe.runIf(withCode.length > 0)('the code of', () => {
  it.each(withCode)('%s compiles', (path) => {
    const parent = join(REPOSITORY_ROOT, '.house-tmp')
    mkdirSync(parent, { recursive: true })
    const folder = mkdtempSync(join(parent, 'readme-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))

    for (const { line, code } of extractCode(readRepositoryFile(path))) {
      writeFileSync(join(folder, `line-${line}.ts`), `${code}\nexport {}\n`)
    }
    const options = {
      extends: '../../test/tsconfig.json',
      // An example may declare what its reader will use later.
      compilerOptions: { noUnusedLocals: false, noUnusedParameters: false },
      include: ['*.ts'],
      exclude: [],
      references: [],
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(options))

    const tsc = join(REPOSITORY_ROOT, 'node_modules/typescript/bin/tsc')
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], { encoding: 'utf8' })
    expect(stdout).toBe('')
  })
})
