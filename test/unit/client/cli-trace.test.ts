import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'

import { countPatches, readTrace, shortenTrace } from '../../../client/node/replay/trace.ts'
import { makeTemporaryFolder } from '../../support/temporary-folder.ts'

function writeTrace(content: string | Uint8Array): string {
  const path = join(makeTemporaryFolder(), 'trace.json.gz')
  writeFileSync(path, content)
  return path
}

const TRACE = {
  startContent: 'ab',
  endContent: 'ax😀c',
  txns: [
    { patches: [[1, 1, 'x']] },
    {
      patches: [
        [2, 0, '😀'],
        [3, 0, 'c'],
      ],
    },
  ],
}

it.each([
  ['plain', JSON.stringify(TRACE)],
  ['zipped', gzipSync(JSON.stringify(TRACE))],
])('reads a %s trace', async (_, content) => {
  const trace = await readTrace(writeTrace(content))
  expect(trace.transactions).toEqual([
    [[1, 1, 'x']],
    [
      [2, 0, '😀'],
      [3, 0, 'c'],
    ],
  ])
  expect(countPatches(trace)).toBe(3)
})

it('knows what the first edits of a trace lead to', async () => {
  const trace = await readTrace(writeTrace(JSON.stringify(TRACE)))
  expect(shortenTrace(trace, 1).endContent).toBe('ax')
  expect(shortenTrace(trace, 2)).toBe(trace)
})

it.each([
  ['no JSON', 'hello', /not JSON/],
  ['zipped rubbish', gzipSync('hello'), /not JSON/],
  ['a cut gzip', gzipSync(JSON.stringify(TRACE)).subarray(0, 30), /not JSON/],
  ['a number', '1', /no object/],
  ['no end', '{"txns":[]}', /endContent/],
  ['no transactions', '{"endContent":""}', /txns/],
  ['a transaction without patches', '{"endContent":"","txns":[{}]}', /transaction 0/],
  ['a patch without text', '{"endContent":"","txns":[{"patches":[[0,0]]}]}', /transaction 0/],
  ['a patch at half a character', '{"endContent":"","txns":[{"patches":[[0.5,0,"a"]]}]}', /transaction 0/],
  ['a concurrent trace', '{"kind":"concurrent","endContent":"","txns":[]}', /sequential ones only/],
])('refuses %s as a trace, and says what is wrong', async (_, content, message) => {
  await expect(readTrace(writeTrace(content))).rejects.toThrow(message)
  await expect(readTrace(writeTrace(content))).rejects.toMatchObject({ code: 'BAD_TRACE' })
})
