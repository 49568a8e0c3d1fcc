/**
 * How much wrong a socket may do before it is shown the door. An honest client that is overtaken by a change (a rotation, a
 * deletion, an expiry) earns refusals too, up to a window of pushes in flight: those codes weigh nothing. Table of SECURITY,
 * section "strikes".
 *
 * @module
 */
import type { RefusalCode } from '@y-sealed/protocol'

import type { RelayLimits } from './limits.ts'

const WEIGHTS: Readonly<Partial<Record<RefusalCode, number>>> = {
  BAD_ENVELOPE: 5,
  UNSUPPORTED: 1,
  TOKEN_REFUSED: 1,
  FORBIDDEN: 1,
  UNKNOWN_DOCUMENT: 1,
  EQUIVOCATION: 1,
  PREV_MISMATCH: 1,
  SEEN_UNKNOWN: 1,
  ALREADY_OPEN: 1,
  NOT_OPEN: 1,
  QUOTA: 1,
  RATE: 1,
}

/** An envelope in another device's name. [AU6] */
export const FOREIGN_DEVICE_WEIGHT = 5

/** What a refusal weighs by itself. */
export function weightOf(code: RefusalCode): number {
  return WEIGHTS[code] ?? 0
}

/** Strikes of one socket within a sliding window. */
export class Strikes {
  readonly #limits: Pick<RelayLimits, 'strikes' | 'strikeWindowMs'>
  readonly #timesMs: number[] = []
  constructor(limits: Pick<RelayLimits, 'strikes' | 'strikeWindowMs'>) {
    this.#limits = limits
  }

  /** Counts `weight` strikes now (monotonic); true when that is one too many. */
  add(weight: number, nowMs: number): boolean {
    const since = nowMs - this.#limits.strikeWindowMs
    while (this.#timesMs.length > 0 && (this.#timesMs[0] as number) <= since) this.#timesMs.shift()
    for (let i = 0; i < weight; i++) this.#timesMs.push(nowMs)
    return this.#timesMs.length >= this.#limits.strikes
  }
}
