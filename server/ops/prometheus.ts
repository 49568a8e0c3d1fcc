/**
 * The relay's numbers in Prometheus' text format. Names and labels stand in `metric-catalogue.ts`; whatever comes as a label's value,
 * the number of series stays bounded. Row J4.
 *
 * @module
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

import type { Metrics } from '../core/ports.ts'
import { METRICS, type MetricDefinition } from './metric-catalogue.ts'

export interface PrometheusMetrics extends Metrics {
  /** Value of the `Content-Type` of {@link PrometheusMetrics.text}. */
  readonly contentType: string
  /** Everything as it stands, after asking the sources. */
  text(): Promise<string>
  /** Has gauges set by `source` just before they are shown. */
  addSource(source: () => void): void
}

const PREFIX = 'y_sealed_'
/** Most different values of one label; the rest are counted together as `other`. */
const MAX_VALUES = 64
const PLAIN_VALUE = /^[\w.:-]{1,64}$/

type Series = { readonly add: (value: string, by: number) => void }

/**
 * Metrics that start from nothing, in a registry of their own. A name that the catalogue lacks is passed over, since a forgotten line must
 * not end anybody's socket; a test sees to it that none is lacking.
 */
export function createPrometheusMetrics(): PrometheusMetrics {
  const registry = new Registry()
  const seriesByName = new Map<string, Series>()
  const sources: (() => void)[] = []
  for (const [name, definition] of Object.entries(METRICS)) {
    seriesByName.set(name, createSeries(registry, name, definition))
  }

  function add(name: string, value: string, by: number): void {
    seriesByName.get(name)?.add(value, by)
  }

  return {
    contentType: registry.contentType,
    count(name, labels, by = 1) {
      const [value = ''] = labels === undefined ? [] : Object.values(labels)
      add(name, value, by)
    },
    observe: (name, value) => add(name, '', value),
    gauge: (name, value) => add(name, '', value),
    addSource: (source) => void sources.push(source),
    async text() {
      for (const source of sources) source()
      return await registry.metrics()
    },
  }
}

/** The name under which Prometheus sees a metric of the catalogue. */
export function prometheusNameOf(name: string, { kind }: MetricDefinition): string {
  return `${PREFIX}${name}${kind === 'counter' ? '_total' : ''}`
}

function createSeries(registry: Registry, name: string, definition: MetricDefinition): Series {
  const { help, label, kind, buckets } = definition
  const options = { name: prometheusNameOf(name, definition), help, registers: [registry] }
  if (kind === 'gauge') {
    const gauge = new Gauge(options)
    // Nothing is said rather than 0 until it has been set once.
    gauge.remove()
    return { add: (_value, to) => gauge.set(to) }
  }
  if (kind === 'histogram') {
    const histogram = new Histogram({ ...options, buckets: [...(buckets ?? [])] })
    return { add: (_value, seconds) => histogram.observe(seconds) }
  }
  if (label === undefined) {
    const counter = new Counter(options)
    return { add: (_value, by) => counter.inc(by) }
  }
  const counter = new Counter({ ...options, labelNames: [label.name] })
  const known = new Set<string>()
  const bind = (value: string): { inc(by: number): void } => counter.labels(value)
  const bound = new Map(label.values.map((value) => [value, bind(value)]))
  for (const child of bound.values()) child.inc(0)
  return {
    add(value, by) {
      let child = bound.get(value)
      if (child === undefined) {
        const isNew = PLAIN_VALUE.test(value) && known.size < MAX_VALUES
        if (isNew) known.add(value)
        const shown = isNew ? value : 'other'
        child = bound.get(shown) ?? bind(shown)
        bound.set(shown, child)
      }
      child.inc(by)
    },
  }
}
