/**
 * One JSON object a line. There is nothing to redact, since nobody hands it a secret [J3]; what it does see to is that no
 * text from outside can end a line, colour a terminal or turn the direction of writing. Rows J1, J2.
 *
 * @module
 */
import { pino } from 'pino'

import type { Clock, Log, LogFields } from '../core/ports.ts'
import type { LogLevel } from './log-level.ts'

export interface LogOptions {
  readonly level: LogLevel
  readonly clock: Clock
  /** Takes one line, its newline included. */
  readonly write: (line: string) => void
}

/** Longest text of a field; the rest is cut. [H12] */
const MAX_FIELD_CHARACTERS = 512

/**
 * What JSON leaves as it is but a terminal or an editor obeys: DEL and the C1 controls (CSI among them), line and paragraph
 * separators, marks, embeddings, overrides and isolates of direction, invisible characters and the byte order mark.
 */
const UNSAFE = /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g

/** A log that writes lines with `level`, `time` (UTC) and `event` first. */
export function createLog(options: LogOptions): Log {
  const { level, clock, write } = options
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'event',
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => write(line.replace(UNSAFE, escapeUnit)) },
  )
  return {
    debug: (event, fields) => logger.debug(shortenFields(fields), event),
    info: (event, fields) => logger.info(shortenFields(fields), event),
    warn: (event, fields) => logger.warn(shortenFields(fields), event),
    error: (event, fields) => logger.error(shortenFields(fields), event),
  }
}

function escapeUnit(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function shortenFields(fields: LogFields = {}): LogFields {
  const isLong = (value: unknown): boolean => typeof value === 'string' && value.length > MAX_FIELD_CHARACTERS
  if (!Object.values(fields).some(isLong)) return fields
  const entries = Object.entries(fields).map(([name, value]) => [
    name,
    typeof value === 'string' && isLong(value) ? `${value.slice(0, MAX_FIELD_CHARACTERS)}…` : value,
  ])
  return Object.fromEntries(entries) as LogFields
}
