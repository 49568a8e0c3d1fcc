/**
 * Why a link does not open a document, in words for people. Codes are stable.
 *
 * @module
 */
import { SyncError } from '@y-sealed/protocol'

/** The relay does not say which: to it, who has a link that is over is a stranger. [AU12] */
export const LINK_IS_OVER = 'LINK_EXPIRED_OR_REVOKED'

const WORDS = {
  LINK_EXPIRED_OR_REVOKED: 'this link is used up, has expired, or was taken back: ask for a new one',
  LINK_KEY_VOID: 'this link was made wrongly and opens nothing: ask for a new one',
  RELAY_MISMATCH: 'this link is from another relay than the one that this app uses, or that relay has changed its key',
  UNKNOWN_DOCUMENT: 'the relay does not know the document of this link',
  DELETED: 'the document of this link was deleted',
  NOT_A_PAIRING: 'this link opens a document and pairs no device',
  NOT_A_DOCUMENT: 'this link pairs a device and opens no document',
} as const

/** The error of a code, with its words. */
export function linkError(code: keyof typeof WORDS): SyncError {
  return new SyncError(code, WORDS[code])
}
