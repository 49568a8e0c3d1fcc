import { expect, describe, it } from 'vitest'

import type { AppendResult, AppendUnit, NewEntry, Store } from '../../../../server/core/ports.ts'
import { measureStore } from '../../../../server/ops/measured-store.ts'
import { METRICS } from '../../../../server/ops/metric-catalogue.ts'
import { createPrometheusMetrics, prometheusNameOf } from '../../../../server/ops/prometheus.ts'
import { createSampledLog } from '../../../../server/ops/sampled-log.ts'
import { createMetrics } from '../../../../server/ops/metrics.ts'
import { listRepositoryFiles, readRepositoryFile } from '../../../support/repository.ts'
import { createTestClock } from '../../../support/tokens.ts'

const sources = listRepositoryFiles().filter((path) => /^server\/.*\.ts$/.test(path))

/** What stands between the quotes in all calls of that kind, with the source. */
function findNames(pattern: RegExp): ReadonlyMap<string, string> {
  return new Map(
    sources.flatMap((path) =>
      [...readRepositoryFile(path).matchAll(pattern)].map((match) => [match[1] as string, path] as const),
    ),
  )
}

describe('the catalogue of metrics', () => {
  const used = findNames(/(?:metrics\??|#?metrics)\.(?:count|observe|gauge)\(\s*'([^']+)'/g)

  it('[J4] has every name that the code counts under, and no other', () => {
    expect(used.size).toBeGreaterThan(20)
    expect([...used].filter(([name]) => METRICS[name] === undefined)).toEqual([])
    expect(Object.keys(METRICS).filter((name) => !used.has(name))).toEqual([])
  })

  it('[J4] has what SECURITY asks for', () => {
    const names = Object.entries(METRICS).map(([name, definition]) => prometheusNameOf(name, definition))
    for (const name of [
      'tokens_refused_total',
      'frames_refused_total',
      'nacks_total',
      'hellos_refused_total',
      'equivocations_total',
      'tls_errors_total',
      'certificate_not_after_seconds',
      'outbound_queue_bytes',
      'event_loop_lag_p99_seconds',
      'commit_seconds',
    ]) {
      expect(names).toContain(`y_sealed_${name}`)
    }
  })

  it('[J12] of the log stands in the documentation: every event that the code writes', () => {
    const events = findNames(/\blog\.(?:debug|info|warn|error)\(\s*'([^']+)'/g)
    const inventory = readRepositoryFile('server/deploy/monitoring.md')
    expect(events.size).toBeGreaterThan(15)
    expect([...events].filter(([event]) => !inventory.includes(`\`${event}\``))).toEqual([])
  })
})

describe('metrics for Prometheus', () => {
  it('[J4] shows counters from the start as 0, with their label’s known values', async () => {
    const text = await createPrometheusMetrics().text()
    expect(text).toContain('# TYPE y_sealed_equivocations_total counter\ny_sealed_equivocations_total 0\n')
    expect(text).toContain('\ny_sealed_tokens_refused_total{reason="signature"} 0\n')
    expect(text).not.toMatch(/^y_sealed_certificate_days_left /m)
  })

  it('[J4] counts, sets and sorts into buckets', async () => {
    const metrics = createPrometheusMetrics()
    metrics.count('nacks', { code: 'RATE' })
    metrics.count('nacks', { code: 'RATE' }, 2)
    metrics.gauge('connections', 7)
    metrics.observe('commit_seconds', 0.003)
    const text = await metrics.text()
    expect(text).toContain('\ny_sealed_nacks_total{code="RATE"} 3\n')
    expect(text).toContain('\ny_sealed_connections 7\n')
    expect(text).toContain('y_sealed_commit_seconds_bucket{le="0.002"} 0\n')
    expect(text).toContain('y_sealed_commit_seconds_bucket{le="0.005"} 1\n')
  })

  it('[J4] stays bounded and clean whatever comes as a label or a name', async () => {
    const metrics = createPrometheusMetrics()
    for (let i = 0; i < 10_000; i++) metrics.count('websocket_errors', { code: `code-${i}` })
    metrics.count('websocket_errors', { code: 'a"}\nforged 1' })
    metrics.count('no_such_name', { a: 'b' })
    const series = (await metrics.text()).split('\n').filter((line) => line.startsWith('y_sealed_websocket_errors'))
    expect(series).toHaveLength(65)
    expect(series).toContain('y_sealed_websocket_errors_total{code="other"} 9937')
    expect(await metrics.text()).not.toContain('forged')
  })
})

describe('a measured store', () => {
  it('[J4] counts pushes, fresh entries with their bytes, equivocations and failures, and times what was decided', async () => {
    const metrics = createMetrics()
    const entry = { envelope: new Uint8Array(100) } as NewEntry
    const units = [
      { entries: [entry, entry, entry] },
      { entries: [entry] },
      { entries: [entry] },
    ] as unknown as readonly AppendUnit[]
    let outcome: readonly AppendResult[] | null = [
      { status: 'stored', seqs: [1, 2, 3], fresh: 2, head: { seq: 3, transcript: new Uint8Array(32) } },
      { status: 'equivocation', counter: 1 },
      { status: 'forbidden' },
    ]
    const inner = {
      append: () => (outcome === null ? Promise.reject(new Error('full')) : Promise.resolve(outcome)),
    } as unknown as Store
    const store = measureStore(inner, createTestClock(), metrics)
    await store.append(units)
    outcome = null
    await expect(store.append(units)).rejects.toThrow('full')
    const { counts, observations } = metrics.read()
    expect(Object.fromEntries(counts)).toEqual({
      pushes: 3,
      entries_stored: 2,
      bytes_stored: 200,
      equivocations: 1,
      appends_failed: 1,
    })
    expect(observations.get('append_seconds')?.count).toBe(1)
  })
})

describe('the sampled log', () => {
  function createLines() {
    const lines: [string, unknown][] = []
    const write = (event: string, fields?: unknown): void => void lines.push([event, fields])
    const clock = createTestClock()
    const metrics = createMetrics()
    const inner = { debug: write, info: write, warn: write, error: write }
    return { lines, clock, metrics, log: createSampledLog({ log: inner, clock, metrics, linesPerWindow: 3 }) }
  }

  it('[H12] writes so many lines of an event a second, then how many it left out; other events are not touched', () => {
    const { lines, clock, metrics, log } = createLines()
    for (let i = 0; i < 1_000_000; i++) log.info('flood', { i })
    log.error('other')
    expect(lines.map(([event]) => event)).toEqual(['flood', 'flood', 'flood', 'other'])
    clock.advance(1000)
    expect(lines.at(-1)).toEqual(['lines-suppressed', { of: 'flood', suppressed: 999_997 }])
    expect(metrics.read().counts.get('log_lines_suppressed')).toBe(999_997)
    log.info('flood', { again: true })
    expect(lines.at(-1)).toEqual(['flood', { again: true }])
  })

  it('[H12] says at the end what it left out, and nothing when it left out nothing', () => {
    const { lines, log } = createLines()
    log.info('a')
    log.flush()
    expect(lines).toHaveLength(1)
    for (let i = 0; i < 5; i++) log.warn('b')
    log.flush()
    expect(lines.at(-1)).toEqual(['lines-suppressed', { of: 'b', suppressed: 2 }])
  })
})
