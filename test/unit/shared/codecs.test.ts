/** What holds of every decoder alike. */
import { cryptoReady } from '@y-sealed/protocol'
import fc from 'fast-check'
import { expect, it } from 'vitest'

import { listCodecs, type Codec } from '../../support/codecs.ts'
import { fuzzRuns } from '../../support/fuzz-runs.ts'
import { mutate } from '../../support/mutate.ts'
import { createRandom } from '../../support/random.ts'
import { createCast } from '../../vectors/cast.ts'

await cryptoReady()
const codecs = listCodecs(createCast())

/** How many proper prefixes of its samples a decoder accepts: those that end where a whole item of a list ends. */
const PREFIXES: Readonly<Record<string, number>> = {
  // One of two envelopes, in PUSH and in RESTORE; one of two marks in SHOW_IDS.
  'client frame': 3,
  // One and two of three envelopes in ENTRIES; no record in RECORDS; none and one of two ids in IDS.
  'relay frame': 5,
  // A part's bytes, and a Yjs update, are the rest of the content.
  part: 100,
  // One of two envelopes.
  quote: 1,
  update: 69,
}

function acceptedPrefixes({ samples, decode }: Codec): number {
  return samples
    .flatMap((sample) => Array.from({ length: sample.length }, (_, end) => sample.slice(0, end)))
    .filter((prefix) => decode(prefix).ok).length
}

it.each(codecs)('[WI3] [F1] $name refuses every truncation', (codec) => {
  expect(codec.samples.length).toBeGreaterThan(0)
  expect(acceptedPrefixes(codec)).toBe(PREFIXES[codec.name] ?? 0)
})

it.each(codecs.filter(({ name }) => name !== 'part' && name !== 'update'))(
  '[WI3] [F3] $name refuses a byte too many',
  ({ samples, decode }) => {
    const longer = samples.flatMap((sample) => [0, 255].map((byte) => Uint8Array.from([...sample, byte])))
    expect(longer.filter((bytes) => decode(bytes).ok)).toEqual([])
  },
)

it.each(codecs)('[WI4] [F23] $name writes every sample as it was', ({ samples, recode }) => {
  expect(samples.map(recode)).toEqual(samples.map((bytes) => ({ ok: true, bytes })))
})

it.each(codecs)(
  '[WI4] [F23] $name writes whatever it accepts as it was, however samples are changed',
  ({ samples, recode }) => {
    let accepted = 0
    const changed = fc.property(
      fc.nat(samples.length - 1),
      fc.nat(samples.length - 1),
      fc.nat(),
      (one, other, seed) => {
        const bytes = mutate(samples[one]!, samples[other]!, createRandom(seed))
        const result = recode(bytes)
        if (!result.ok) return
        accepted += 1
        expect(result.bytes).toEqual(bytes)
      },
    )
    fc.assert(changed, { numRuns: fuzzRuns(1_000) })
    expect(accepted).toBeGreaterThan(10)
  },
)

it.each(codecs)('[WI3] $name returns a result for any bytes at all', ({ decode }) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      expect(typeof decode(Uint8Array.from(bytes)).ok).toBe('boolean')
    }),
    { numRuns: fuzzRuns(300) },
  )
})
