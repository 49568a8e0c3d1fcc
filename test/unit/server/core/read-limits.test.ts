import { expect, it } from 'vitest'

import { readLimits } from '../../../../server/core/read-limits.ts'

it('reads limits by their names', () => {
  expect(readLimits('{}')).toEqual({})
  const limits = { documentsPerSocket: 4, socketPushes: { perSecond: 1, burst: 2 } }
  expect(readLimits(JSON.stringify(limits))).toEqual(limits)
})

it('says what is wrong, and takes nothing of it', () => {
  for (const [text, fault] of [
    ['', 'no JSON'],
    ['[]', 'no JSON object'],
    ['null', 'no JSON object'],
    ['{"pushes":1}', 'no limit "pushes"'],
    ['{"toString":1}', 'no limit "toString"'],
    ['{"__proto__":1}', 'no limit "__proto__"'],
    ['{"strikes":0}', '"strikes" looks like 10'],
    ['{"strikes":"10"}', '"strikes" looks like 10'],
    ['{"socketPushes":5}', '"socketPushes" looks like'],
    ['{"socketPushes":{"perSecond":1}}', '"socketPushes" looks like'],
    ['{"socketPushes":{"perSecond":1,"burst":-1}}', '"socketPushes" looks like'],
  ] as const) {
    expect(readLimits(text)).toContain(fault)
  }
})
