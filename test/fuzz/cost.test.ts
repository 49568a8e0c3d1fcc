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

it('[F22] an input that is slow, or takes much, is found out', () => {
  const { name, samples, recode } = codecOf('bind')
  const slow = (bytes: Uint8Array): { readonly ok: boolean } => {
    let sum = 0
    for (let i = 0; i < (bytes[0] === 0xff ? 20_000 : 0); i++) sum = (sum * 31 + i) >>> 0
    return { ok: sum !== 1 && bytes[0] !== 0xff }
  }
  const hungry = (bytes: Uint8Array): { readonly ok: boolean } => ({ ok: Array.from(bytes, String).length > 0 })
  const ordinary = codecs.flatMap((codec) => codec.samples.map((bytes) => ({ codec, bytes })))
  const bytes = samples[0]!.slice().fill(0xff)
  expect(findSlow([...ordinary, { codec: { name, samples, recode, decode: slow }, bytes }])).toHaveLength(1)
  const large = new Uint8Array(50_000).fill(200)
  expect(measureAllocation({ name, samples, recode, decode: hungry }, large)).toBeGreaterThan(4 * large.length)
})
