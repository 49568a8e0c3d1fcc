import { describe, expect, it } from 'vitest'

import type { LogLevel } from '../../../../server/ops/log-level.ts'
import { createLog } from '../../../../server/ops/log.ts'
import { createMetrics } from '../../../../server/ops/metrics.ts'
import { createTestClock } from '../../../support/tokens.ts'

function createLines(level: LogLevel = 'debug') {
  const lines: string[] = []
  return { lines, log: createLog({ level, clock: createTestClock(), write: (line) => void lines.push(line) }) }
}

describe('the log', () => {
  it('[J1] writes one JSON object a line with level, UTC time and event', () => {
    const { lines, log } = createLines()
    log.warn('auth-refused', { reason: 'expired', count: 2, isLast: true, nothing: undefined })
    expect(lines).toEqual([
      '{"level":"warn","time":"2026-11-22T12:00:00.000Z","reason":"expired","count":2,"isLast":true,"event":"auth-refused"}\n',
    ])
  })

  it.each([
    ['a line break', 'a\r\n{"level":"info","event":"forged"}'],
    ['a colour', '\u001b[31mred'],
    ['a control sequence of one character', '\u009b31m'],
    ['DEL', 'a\u007fb'],
    ['an override of direction', 'user\u202etxt.exe'],
    ['an isolate', '\u2066a\u2069'],
    ['a mark of direction', 'a\u200f\u061cb'],
    ['a line separator', 'a\u2028b\u2029c'],
    ['the end of a line as terminals have it', 'a\u0085b'],
    ['invisible characters', 'a\u200b\u2060\ufeffb'],
    ['a quote', '","level":"error'],
  ])('[J2] %s in a field or an event is escaped and read back whole', (_what, text) => {
    const { lines, log } = createLines()
    log.info(text, { origin: text })
    const [line = ''] = lines
    expect(lines).toHaveLength(1)
    expect(line).toMatch(/^[\u0020-\u007e]+\n$/)
    expect(JSON.parse(line)).toMatchObject({ level: 'info', origin: text, event: text })
  })

  it('[J2] ordinary letters of all scripts stay as they are', () => {
    const { lines, log } = createLines()
    log.info('met', { name: 'Zoë 文 עברית' })
    expect(lines[0]).toContain('Zoë 文 עברית')
  })

  it('[H12] a long field is cut', () => {
    const { lines, log } = createLines()
    log.info('x', { agent: 'a'.repeat(100_000) })
    expect(lines[0]?.length).toBeLessThan(700)
  })

  it('[J1] writes what is at least as severe as its level', () => {
    const { lines, log } = createLines('warn')
    log.debug('a')
    log.info('b')
    log.warn('c')
    log.error('d')
    expect(lines.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual(['c', 'd'])
    const silent = createLines('silent')
    silent.log.error('e')
    expect(silent.lines).toEqual([])
  })
})

describe('metrics', () => {
  it('[J4] counts by name and labels, sums observations and keeps the last of a gauge', () => {
    const metrics = createMetrics()
    metrics.count('frames', { type: 'PUSH', ok: 'yes' })
    metrics.count('frames', { ok: 'yes', type: 'PUSH' }, 2)
    metrics.count('frames')
    metrics.observe('append_ms', 2)
    metrics.observe('append_ms', 4)
    metrics.gauge('sockets', 5)
    metrics.gauge('sockets', 3)
    const { counts, observations, gauges } = metrics.read()
    expect([...counts]).toEqual([
      ['frames{ok="yes",type="PUSH"}', 3],
      ['frames', 1],
    ])
    expect([...observations]).toEqual([['append_ms', { count: 2, sum: 6, max: 4 }]])
    expect([...gauges]).toEqual([['sockets', 3]])
  })

  it('[J4] does not grow without end when labels do', () => {
    const metrics = createMetrics()
    for (let i = 0; i < 5000; i++) metrics.count('x', { id: String(i) })
    expect(metrics.read().counts.size).toBe(2000)
  })
})
