import { expect, it } from 'vitest'

import { listRepositoryFiles, readRepositoryFile } from '../support/repository.ts'

it('every threat of SECURITY.md has a hostile test whose title begins with its number, and no test names another', () => {
  const rows = readRepositoryFile('SECURITY.md').matchAll(/^\| T(\d+) \|/gm)
  const threats = [...rows].map((row) => Number(row[1]))
  const files = listRepositoryFiles().filter((path) => /^test\/hostile\/.*\.test\.ts$/.test(path))
  const titles = files.flatMap((path) => [...readRepositoryFile(path).matchAll(/\(\s*['"`]((?:T\d+ )+)/g)])
  const named = titles.flatMap((title) => (title[1] as string).trim().split(' ')).map((name) => Number(name.slice(1)))
  const inOrder = [...new Set(named)].toSorted((a, b) => a - b)
  expect(threats.length).toBeGreaterThan(0)
  expect(inOrder).toEqual(threats)
})
