/**
 * `npm run fuzz -- --seconds 60 [--seed n] [--verbose]`: decoders under mutated bytes, led by coverage. Exits with 1 and prints the
 * input when a decoder throws, is not canonical, or is slow.
 *
 * @module
 */
import { bytesToHex, cryptoReady, type Bytes } from '@y-sealed/protocol'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import { listCodecs } from '../support/codecs.ts'
import { createRandom } from '../support/random.ts'
import { createCast } from '../vectors/cast.ts'
import { BranchCoverage } from './coverage.ts'
import { Fuzzer, type FuzzReport } from './fuzzer.ts'
import { largeInputs } from './large-inputs.ts'
import { isWatched } from './watched.ts'

function option(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`)
  return at === -1 ? otherwise : Number(process.argv[at + 1])
}

function describeReport(report: FuzzReport, seconds: number, { reached, known }: BranchCoverage['summary']): string {
  const rate = Math.round(report.executions / seconds).toLocaleString('en')
  const blocks = `${reached} of ${known} blocks (${((100 * reached) / known).toFixed(1)} %)`
  return [
    `${report.executions.toLocaleString('en')} inputs in ${seconds.toFixed(1)} s, ${rate} a second`,
    `${report.accepted.toLocaleString('en')} accepted and written again unchanged`,
    `${report.corpus} inputs in the corpus, ${blocks} of what reads bytes`,
  ].join('\n')
}

/** What `support/find-slow.ts` says of these inputs, in a process of its own. */
function findSlowElsewhere(inputs: readonly (readonly [codec: string, bytes: Bytes])[]): readonly string[] {
  const script = fileURLToPath(new URL('../support/find-slow.ts', import.meta.url))
  const { stdout, status } = spawnSync(process.execPath, [...process.execArgv, script], {
    input: JSON.stringify(inputs.map(([codec, bytes]) => [codec, bytesToHex(bytes)])),
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'inherit'],
    maxBuffer: 2 ** 26,
  })
  return status === 0 ? stdout.split('\n').filter((line) => line !== '') : ['times could not be taken']
}

/** Fuzzes all decoders. True when nothing went wrong. */
export async function fuzzDecoders(): Promise<boolean> {
  await cryptoReady()
  const seconds = option('seconds', 60)
  const seed = option('seed', Date.now() % 0xffffffff)
  const cast = createCast()
  const codecs = listCodecs(cast)
  const coverage = new BranchCoverage(isWatched)
  const fuzzer = new Fuzzer(codecs, coverage, createRandom(seed))
  const start = performance.now()
  const report = fuzzer.run(() => performance.now() - start > 1_000 * seconds)
  console.log(`seed ${seed}\n${describeReport(report, (performance.now() - start) / 1_000, coverage.summary)}`)
  if (process.argv.includes('--verbose')) console.log(coverage.unreached.join('\n'))
  coverage.close()
  const kept = [...fuzzer.corpora].flatMap(([{ name }, corpus]) => corpus.map((bytes) => [name, bytes] as const))
  const slow = findSlowElsewhere([...kept, ...largeInputs(cast).map(({ codec, bytes }) => [codec, bytes] as const)])
  for (const each of slow) console.error(`slow: ${each}`)
  for (const { codec, problem, input } of report.failures) console.error(`${codec} ${problem}:\n${input}`)
  return slow.length === 0 && report.failures.length === 0
}
