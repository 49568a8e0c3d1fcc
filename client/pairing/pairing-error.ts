/**
 * Why two devices were not paired, in words for people. Codes are stable.
 *
 * @module
 */
import { SyncError } from '@y-sealed/protocol'

const WORDS = {
  PAIRING_CODE: 'this code is mistyped or was used before: show a new one on the other device',
  PAIRING_EXPIRED: 'the pairing took too long: begin again',
  PAIRING_CLOSED: 'the pairing was ended on one of the devices',
  PAIRING_REFUSED: 'the other device did not confirm this one',
  PAIRING_DISTURBED: 'somebody else took part in the pairing: begin again, on another network if you can',
} as const

/** The error of a code, with its words. */
export function pairingError(code: keyof typeof WORDS): SyncError {
  return new SyncError(code, WORDS[code])
}
