/**
 * What is still known of a deleted document: that it was.
 *
 * @module
 */
import type { DocumentStatus } from '../core/ports.ts'

/** The row of a tombstone: everything but `deleted` is empty. */
export function deletedStatus(): DocumentStatus {
  const zeros = new Uint8Array(32)
  return {
    head: { seq: 0, transcript: zeros },
    genesisHash: zeros,
    mode: 'members',
    roomKey: null,
    epoch: 0,
    commitment: zeros,
    isEpochClosed: false,
    recordHead: zeros,
    recordSeq: 0,
    logBytes: 0,
    lost: null,
    base: 0,
    snapshots: { newest: null, attested: null, usable: null, entriesSince: 0, bytesSince: 0 },
    deleted: true,
  }
}
