/** The input gate without a page. */
import { expect, it } from 'vitest'

import { startInputGate } from '../../../../client/input/input-gate.ts'

it('[CL20] does nothing where there is no page', () => {
  const calls: string[] = []
  const gate = { hold: () => void calls.push('hold'), release: () => void calls.push('release') }
  startInputGate(true, gate)()
  expect(calls).toEqual([])
})
