import fc from 'fast-check'
import { expect, it } from 'vitest'

import { DeletedRanges } from '../../../../client/yjs/deleted-ranges.ts'

const range = fc.record({ client: fc.nat(1), clock: fc.nat(60), length: fc.integer({ min: 1, max: 12 }) })

it('[CL3] covers what was deleted in however many pieces, and nothing else', () => {
  fc.assert(
    fc.property(fc.array(range, { maxLength: 30 }), range, (deleted, asked) => {
      const ranges = new DeletedRanges()
      const clocks = new Set<string>()
      for (const each of deleted) {
        ranges.add(each)
        for (let i = 0; i < each.length; i++) clocks.add(`${each.client}:${each.clock + i}`)
      }
      const all = Array.from({ length: asked.length }, (_, i) => `${asked.client}:${asked.clock + i}`)
      expect(ranges.covers(asked)).toBe(all.every((clock) => clocks.has(clock)))
    }),
  )
})
