import { expect, it } from 'vitest'

import { listRepositoryFiles, readRepositoryFile } from '../support/repository.ts'

/** Rows of the security cases about storage (I) and about a client before a hostile relay (K). */
const ROWS = [...numbered('I', 10), ...numbered('K', 20)]

function numbered(letter: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${letter}${index + 1}`)
}

it('every row of storage and of hostile relays has a test whose title names it', () => {
  const files = listRepositoryFiles().filter((path) => /^test\/.*\.ts$/.test(path))
  const titles = files.flatMap((path) =>
    [...readRepositoryFile(path).matchAll(/\(\s*['"`](.*)['"`],?/g)].map((match) => match[1] as string),
  )
  const named = new Set(titles.flatMap((title) => [...title.matchAll(/\[([IK]\d+)\]/g)].map((match) => match[1])))
  expect(ROWS.filter((row) => !named.has(row))).toEqual([])
})
