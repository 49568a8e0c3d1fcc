/** The quick form of `npm run fuzz`: a bounded number of inputs, and what once went wrong. */
import { cryptoReady, hexToBytes, type Bytes } from '@y-sealed/protocol'
import { describe, expect, it, onTestFinished } from 'vitest'

import { listCodecs, type Recoded } from '../support/codecs.ts'
import { fuzzRuns } from '../support/fuzz-runs.ts'
import { createRandom } from '../support/random.ts'
import { createCast } from '../vectors/cast.ts'
import { BranchCoverage } from './coverage.ts'
import { Fuzzer } from './fuzzer.ts'
import { REGRESSIONS } from './regressions.ts'
import { isWatched } from './watched.ts'

await cryptoReady()
const codecs = listCodecs(createCast())

describe('decoders under bad input', () => {
  it.each(REGRESSIONS)('[F22] $name', ({ codec, input, expected }) => {
    const result = codecs.find(({ name }) => name === codec)!.recode(hexToBytes(input)!)
    expect(result.ok ? 'accepted' : result.fault).toBe(expected)
  })

  it('[F22] [F23] never throw, and write again what they accept', { timeout: 120_000 }, () => {
    const coverage = new BranchCoverage(isWatched)
    onTestFinished(() => coverage.close())
    const report = new Fuzzer(codecs, coverage, createRandom(0x5ea1ed)).run((count) => count >= fuzzRuns(20_000))
    const seeds = codecs.reduce((sum, { samples }) => sum + samples.length, 0)
    const { reached, known } = coverage.summary
    expect(report.failures).toEqual([])
    expect(report.corpus).toBeGreaterThan(seeds)
    expect(report.accepted).toBeGreaterThan(report.executions / 100)
    expect(reached / known).toBeGreaterThan(0.85)
  })

  it.each([
    [
      'throws',
      (bytes: Bytes): Recoded => {
        if (bytes[0] === 0x0b && bytes.length > 17) throw new Error('planted')
        return { ok: false, fault: 'type' }
      },
    ],
    ['encodes to other bytes', (bytes: Bytes): Recoded => ({ ok: true, bytes: bytes.slice(0, 17) })],
  ])('[F22] are found out when one %s', (problem, recode) => {
    const coverage = new BranchCoverage(isWatched)
    onTestFinished(() => coverage.close())
    const planted = { ...codecs[0]!, name: 'planted', recode }
    const report = new Fuzzer([...codecs, planted], coverage, createRandom(1)).run((count) => count >= 50_000)
    expect(report.failures[0]?.codec).toBe('planted')
    expect(report.failures[0]?.problem).toContain(problem)
  })
})
