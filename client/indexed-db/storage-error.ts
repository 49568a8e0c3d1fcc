/**
 * What a browser says of its storage, in the codes that an app can act upon.
 *
 * @module
 */
import { SyncError } from '@y-sealed/protocol'

/** What the platform threw, as an error with a code; what is none of the platform's is given back as it is. */
export function toStorageError(error: unknown): unknown {
  if (!(error instanceof DOMException)) return error
  switch (error.name) {
    case 'QuotaExceededError':
      return new SyncError('STORAGE_FULL', "this device's storage for the app is full", { cause: error })
    case 'VersionError':
      return new SyncError('STORAGE_NEWER', 'a newer version of the app has been here: load this page anew', {
        cause: error,
      })
    default:
      return storageUnavailable(error)
  }
}

/** Private browsing, lockdown, a damaged profile: nothing can be kept here. */
export function storageUnavailable(cause?: unknown): SyncError {
  return new SyncError('STORAGE_UNAVAILABLE', 'this browser does not let the app keep anything', { cause })
}

/** The connection went away under the work: by a suspended phone, a wipe in another tab, or the browser's own mind. */
export function isLostConnection(error: unknown): boolean {
  return (
    error instanceof DOMException &&
    (error.name === 'InvalidStateError' || error.name === 'AbortError' || error.name === 'UnknownError')
  )
}
