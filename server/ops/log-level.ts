/**
 * How much a log says.
 *
 * @module
 */

/** Least severity that is written. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** All levels, chattiest first. */
export const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent']
