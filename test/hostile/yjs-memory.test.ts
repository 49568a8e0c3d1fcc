/**
 * T10: an update that speaks of far more structs than it has bytes. Each reader would build them all before it judges.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

import { makeTemporaryFolder } from '../support/temporary-folder.ts'

const MIB = 1_048_576
/** On a bad machine: a good one takes a sixth of it. */
const MAX_MS = 5_000

interface Cost {
  readonly bytes: number
  readonly verdict: string
  readonly ms: number
  readonly mib: number
}

/** What `checkUpdate` costs a process of its own: `structs` of two clients, and `filler` bytes beside them. */
function measureCheck(structs: number, filler: number): Cost {
  const script = join(makeTemporaryFolder(), 'check.ts')
  writeFileSync(
    script,
    `
import * as encoding from ${JSON.stringify(import.meta.resolve('lib0/encoding'))}
import { UpdateEncoderV2 } from ${JSON.stringify(import.meta.resolve('yjs'))}
import { checkUpdate } from ${JSON.stringify(new URL('../../client/yjs/check-update.ts', import.meta.url).href)}
const encoder = new UpdateEncoderV2()
const rest = encoder.restEncoder
encoding.writeVarUint(rest, 2)
for (const client of [1, 2]) {
  encoding.writeVarUint(rest, ${structs} / 2)
  encoder.writeClient(client)
  encoding.writeVarUint(rest, 0)
  encoder.writeInfo(3)
  encoder.writeParentInfo(true)
  encoder.writeString('x')
  encoder.writeBuf(new Uint8Array(client === 1 ? ${filler} : 1))
  for (let i = 1; i < ${structs} / 2; i++) {
    encoder.writeInfo(0)
    encoder.writeLen(1)
  }
}
encoding.writeVarUint(rest, 0)
const update = encoder.toUint8Array()
const author = new Uint8Array(16)
const rss = process.memoryUsage().rss
const start = process.cpuUsage()
const verdict = checkUpdate(update, { clockOf: () => 0, deviceOf: () => author }, author)
const { user, system } = process.cpuUsage(start)
const ms = (user + system) / 1000
const mib = (process.memoryUsage().rss - rss) / ${MIB}
console.log(JSON.stringify({ bytes: update.length, verdict: verdict.ok ? 'passed' : verdict.code, ms, mib }))
`,
  )
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', '--conditions=source', script], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout) as Cost
}

describe('T10: structs without bytes', () => {
  it.each([1, 3])(
    '[CL3] refuses eight structs for each byte of %i MiB before it builds any',
    (size) => {
      const cost = measureCheck(8 * size * MIB, size * MIB)
      console.log(cost)
      expect(cost.verdict).toBe('too-many')
      expect(cost.mib).toBeLessThan(200)
      expect(cost.ms).toBeLessThan(MAX_MS)
    },
    60_000,
  )

  it.each([
    ['the most of any update', 524_288, MIB],
    ['the most of a short one', 262_144, 1],
  ] as const)(
    '[CL3] builds %s in less than 200 MiB',
    (_, structs, filler) => {
      const cost = measureCheck(structs, filler)
      console.log(cost)
      expect(cost.verdict).toBe('passed')
      expect(cost.mib).toBeLessThan(200)
      expect(cost.ms).toBeLessThan(MAX_MS)
    },
    60_000,
  )

  it('[CL3] refuses one pair of structs beyond the most of any update', () => {
    expect(measureCheck(524_290, MIB).verdict).toBe('too-many')
  }, 60_000)
})
