/**
 * A log that no flood fills: of each event so many lines a second are written, and then one that says how many were not. Row H12.
 *
 * @module
 */
import type { Clock, Log, LogFields, Metrics } from '../core/ports.ts'

export interface SampledLog extends Log {
  /** Says at once what was left out so far; to be called before the end. */
  flush(): void
}

export interface SampledLogOptions {
  readonly log: Log
  readonly clock: Clock
  readonly metrics: Metrics
  /** Lines of one event within `windowMs`. A busy relay writes fewer; an attack is as clear from twenty. */
  readonly linesPerWindow?: number
  readonly windowMs?: number
}

interface Window {
  readonly beganAtMs: number
  written: number
  suppressed: number
}

/** Events have fixed names in the code; this bounds the table even if one did not. */
const MAX_EVENTS = 256

/** Sends on what `log` shall write. Errors are sampled like the rest: a fault that a peer can provoke is a flood too. */
export function createSampledLog(options: SampledLogOptions): SampledLog {
  const { log, clock, metrics, linesPerWindow = 20, windowMs = 1000 } = options
  const windowsByEvent = new Map<string, Window>()
  let cancel: (() => void) | null = null

  function isWritten(event: string): boolean {
    const now = clock.monotonic()
    let window = windowsByEvent.get(event)
    if (window === undefined || now - window.beganAtMs >= windowMs) {
      if (window !== undefined) settle(event, window)
      else if (windowsByEvent.size >= MAX_EVENTS) windowsByEvent.clear()
      window = { beganAtMs: now, written: 0, suppressed: 0 }
      windowsByEvent.set(event, window)
    }
    if (window.written < linesPerWindow) {
      window.written++
      return true
    }
    window.suppressed++
    metrics.count('log_lines_suppressed')
    cancel ??= clock.after(windowMs, () => flush())
    return false
  }

  function settle(event: string, window: Window): void {
    if (window.suppressed === 0) return
    log.warn('lines-suppressed', { of: event, suppressed: window.suppressed })
    window.suppressed = 0
  }

  function flush(): void {
    cancel?.()
    cancel = null
    for (const [event, window] of windowsByEvent) settle(event, window)
  }

  const at =
    (level: keyof Log) =>
    (event: string, fields?: LogFields): void => {
      if (isWritten(event)) log[level](event, fields)
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), flush }
}
