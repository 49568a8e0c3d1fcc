/**
 * What the process itself has to say: how late its event loop is, memory, processor, descriptors. Rows J4, H9.
 *
 * @module
 */
import { readdirSync } from 'node:fs'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'

import type { Metrics } from '../core/ports.ts'

/** How often the event loop is looked at. */
const RESOLUTION_MS = 10

/** Watches the event loop until {@link ProcessFigures.close}. */
export interface ProcessFigures {
  /** Sets the gauges; the event loop's delay is that since the last call. */
  show(metrics: Metrics): void
  close(): void
}

/** Begins to watch. */
export function watchProcess(): ProcessFigures {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  return {
    show(metrics) {
      const hasSamples = delay.max > 0
      metrics.gauge('event_loop_lag_p99_seconds', hasSamples ? lateBy(delay.percentile(99)) : 0)
      metrics.gauge('event_loop_lag_max_seconds', hasSamples ? lateBy(delay.max) : 0)
      delay.reset()
      const { rss, heapUsed } = process.memoryUsage()
      metrics.gauge('resident_memory_bytes', rss)
      metrics.gauge('heap_used_bytes', heapUsed)
      const { user, system } = process.cpuUsage()
      metrics.gauge('cpu_seconds', (user + system) / 1e6)
      metrics.gauge('start_time_seconds', performance.timeOrigin / 1000)
      const descriptors = countDescriptors()
      if (descriptors !== null) metrics.gauge('open_descriptors', descriptors)
    },
    close: () => void delay.disable(),
  }
}

/** The histogram holds the whole interval between two looks, in nanoseconds. */
function lateBy(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1000)
}

function countDescriptors(): number | null {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return null
  }
}
