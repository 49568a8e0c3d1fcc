/** What decoding costs, in a process where nothing else is measured. */
import { cryptoReady } from '@y-sealed/protocol'
import { expect, it } from 'vitest'

import { listCodecs, type Codec } from '../support/codecs.ts'
import { fuzzRuns } from '../support/fuzz-runs.ts'
import { mutate } from '../support/mutate.ts'
import { createRandom } from '../support/random.ts'
import { createCast } from '../vectors/cast.ts'
import { measureAllocation } from './cost.ts'
import { largeInputs } from './large-inputs.ts'
import { findSlow } from './slow.ts'

await cryptoReady()
const cast = createCast()
const codecs = listCodecs(cast)
const large = largeInputs(cast)
const codecOf = (name: string): Codec => codecs.find((codec) => codec.name === name)!

/** What a result itself may weigh, beside four times its input. */
const RESULT_BYTES = 4_096

it('[F22] no input takes ten times as long as others for its size', { timeout: 120_000 }, () => {
  const random = createRandom(0x5ea1ed)
  const inputs = codecs.flatMap((codec) => codec.samples.map((bytes) => ({ codec, bytes })))
  const changed = Array.from({ length: fuzzRuns(500) }, () => {
    const [{ codec, bytes }, other] = [inputs[random(inputs.length)]!, inputs[random(inputs.length)]!]
    return { codec, bytes: mutate(bytes, other.bytes, random) }
  })
  const largest = large.map(({ codec, bytes }) => ({ codec: codecOf(codec), bytes }))
  expect(findSlow([...inputs, ...changed, ...largest])).toEqual([])
})

it.each(large)('[F22] $codec with $what takes at most four times its size', ({ codec, bytes }) => {
  expect(measureAllocation(codecOf(codec), bytes)).toBeLessThanOrEqual(4 * bytes.length + RESULT_BYTES)
})
