import fc from 'fast-check'
import { expect, it } from 'vitest'
import * as Y from 'yjs'

import { PointText } from '../../../client/node/replay/point-text.ts'
import { startCpuClock } from '../../support/cpu-clock.ts'

it('gives places in UTF-16 units for places in code points', () => {
  const text = new PointText('a😀b')
  expect(text.edit(2, 0, 'é')).toEqual({ at: 3, remove: 0, insert: 'é' })
  expect(text.edit(1, 1, '')).toEqual({ at: 1, remove: 2, insert: '' })
  expect(text.toString()).toBe('aéb')
  expect(text.length).toBe(3)
})

it.each([
  [-1, 0],
  [0, 4],
  [4, 0],
  [2, 2],
  [0, -1],
])('refuses an edit at %i that removes %i of three code points', (at, remove) => {
  expect(() => new PointText('abc').edit(at, remove, 'x')).toThrow(RangeError)
})

it('edits as an array of code points does, and its units make Yjs do the same', () => {
  const piece = fc.string({ unit: fc.constantFrom('a', 'b', '\n', 'é', '😀', '𝒳'), maxLength: 700 })
  const edit = fc.tuple(fc.nat(), fc.oneof(fc.nat(5), fc.nat(3_000)), piece)
  fc.assert(
    fc.property(piece, fc.array(edit, { maxLength: 40 }), (start, edits) => {
      let points = [...start]
      const text = new PointText(start)
      const doc = new Y.Doc()
      doc.getText().insert(0, start)
      for (const [place, removal, insert] of edits) {
        const at = place % (points.length + 1)
        const remove = Math.min(removal, points.length - at)
        points = [...points.slice(0, at), ...insert, ...points.slice(at + remove)]
        const units = text.edit(at, remove, insert)
        doc.getText().delete(units.at, units.remove)
        doc.getText().insert(units.at, units.insert)
      }
      expect(text.toString()).toBe(points.join(''))
      expect(text.length).toBe(points.length)
      expect(doc.getText().toJSON()).toBe(points.join(''))
    }),
  )
})

it('takes 50 000 edits in a text of 100 000 characters in well under the time that cutting the text for each would take', () => {
  const text = new PointText('x'.repeat(50_000) + '😀'.repeat(50_000))
  const cpuMs = startCpuClock()
  for (let i = 0; i < 50_000; i++) text.edit((i * 7_919) % 100_000, 1, 'y')
  expect(cpuMs()).toBeLessThan(5_000)
  expect(text.length).toBe(100_000)
})
