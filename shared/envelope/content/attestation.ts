/**
 * Body of an attestation: another member's word on a snapshot. Rules EN10, LO13.
 *
 * @module
 */
import type { Bytes } from '../../bytes.ts'
import { HASH_BYTES } from '../../crypto/hash.ts'
import type { DecodeResult } from '../../wire/fault.ts'
import { Reader } from '../../wire/reader.ts'
import { Writer } from '../../wire/writer.ts'

const ATTESTATION_BYTES = 73

/** What an attestation finds. */
export type Verdict = 'same' | 'different'

const VERDICT: Readonly<Record<Verdict, number>> = { same: 1, different: 2 }

/** What an attestation says. */
export interface AttestationBody {
  readonly snapshotId: Bytes
  readonly seq: number
  readonly verdict: Verdict
  readonly contentDigest: Bytes
}

/** The body as bytes. */
export function encodeAttestation(body: AttestationBody): Bytes {
  return new Writer(ATTESTATION_BYTES)
    .fixed(body.snapshotId, HASH_BYTES)
    .u64(body.seq)
    .u8(VERDICT[body.verdict])
    .fixed(body.contentDigest, HASH_BYTES)
    .finish()
}

function readVerdict(reader: Reader): Verdict {
  const verdict = reader.u8()
  reader.require(verdict === VERDICT.same || verdict === VERDICT.different, 'type')
  return verdict === VERDICT.different ? 'different' : 'same'
}

/** Reads the body. Never throws. [WI3] */
export function decodeAttestation(body: Bytes): DecodeResult<AttestationBody> {
  const reader = new Reader(body)
  return reader.finish({
    snapshotId: reader.fixed(HASH_BYTES),
    seq: reader.u64(),
    verdict: readVerdict(reader),
    contentDigest: reader.fixed(HASH_BYTES),
  })
}
