/**
 * A fault as a log may tell it. Rows J3, J9.
 *
 * @module
 */
import type { LogFields } from '../core/ports.ts'

/** What of an error may stand in a log: never its message, which may quote what a peer has sent. [J3] [J9] */
export function describeFault(error: unknown): LogFields {
  if (!(error instanceof Error)) return { cause: typeof error }
  const frames = (error.stack ?? '').split('\n').filter((line) => /^ +at /.test(line))
  const places = frames.map((line) => /([\w.-]+:\d+:\d+)\)?$/.exec(line)?.[1]).filter((place) => place !== undefined)
  return { cause: error.name, at: places.slice(0, 5).join(' < ') }
}
