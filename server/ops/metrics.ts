/**
 * Numbers about a running relay, kept in memory. Row J4.
 *
 * @module
 */
import type { Metrics } from '../core/ports.ts'

/** What has been observed under one name. */
export interface Observation {
  readonly count: number
  readonly sum: number
  readonly max: number
}

export interface MetricsReading {
  /** By name, or `name{label="value",…}` with labels in alphabetical order. */
  readonly counts: ReadonlyMap<string, number>
  readonly observations: ReadonlyMap<string, Observation>
  readonly gauges: ReadonlyMap<string, number>
}

export interface MemoryMetrics extends Metrics {
  /** A copy of the numbers as they stand. */
  read(): MetricsReading
}

/** Most different names and labels that are kept: a label fed from outside must not fill the memory. */
const MAX_SERIES = 2000

/** Metrics that start from nothing. */
export function createMetrics(): MemoryMetrics {
  const counts = new Map<string, number>()
  const observations = new Map<string, Observation>()
  const gauges = new Map<string, number>()
  const keep = <V>(map: Map<string, V>, name: string, value: V): void => {
    if (map.size < MAX_SERIES || map.has(name)) map.set(name, value)
  }
  return {
    count(name, labels = {}, by = 1) {
      const series = nameSeries(name, labels)
      keep(counts, series, (counts.get(series) ?? 0) + by)
    },
    observe(name, value) {
      const { count, sum, max } = observations.get(name) ?? { count: 0, sum: 0, max: -Infinity }
      keep(observations, name, { count: count + 1, sum: sum + value, max: Math.max(max, value) })
    },
    gauge(name, value) {
      keep(gauges, name, value)
    },
    read: () => ({ counts: new Map(counts), observations: new Map(observations), gauges: new Map(gauges) }),
  }
}

function nameSeries(name: string, labels: Readonly<Record<string, string>>): string {
  const names = Object.keys(labels).sort()
  return names.length === 0 ? name : `${name}{${names.map((label) => `${label}="${labels[label] ?? ''}"`).join(',')}}`
}
