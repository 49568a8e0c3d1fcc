/**
 * What stands after the `#` of a link: which document, the seed of the link's keys, and the relay's word on how far the document had
 * come. Rule KM12.
 *
 * @module
 */
import {
  base64urlToBytes,
  bytesToBase64url,
  decodeSignedHead,
  documentIdOf,
  encodeSignedHead,
  SIGNED_HEAD_BYTES,
  SyncError,
  verifySignedHead,
  concatBytes,
  type Bytes,
  type SignedHead,
} from '@y-sealed/protocol'

/** What a link says. Whoever has it may join: it is a secret. */
export interface LinkFragment {
  /** 32 bytes: a relay cannot put another document in its place. [KM3] */
  readonly genesisHash: Bytes
  /** 32 random bytes, from which the link's keys follow; an epoch key never stands in a link. */
  readonly seed: Bytes
  /** The relay's head key, 32 bytes. [LO5] */
  readonly headKey: Bytes
  /** A head that the relay had signed when the link was made: a fresh device notices a relay that shows less. [LO6] */
  readonly head: SignedHead
}

/** The only version. */
const VERSION = 1
const HEAD_AT = 1 + 32 + 32 + 32
/** Bytes of a fragment before base64url. [KM12] */
export const FRAGMENT_BYTES: number = HEAD_AT + SIGNED_HEAD_BYTES

/** The 268 characters of a fragment. Throws `TypeError` for fields that have not their lengths. [KM12] */
export function encodeLinkFragment({ genesisHash, seed, headKey, head }: LinkFragment): string {
  const bytes = concatBytes(Uint8Array.of(VERSION), genesisHash, seed, headKey, encodeSignedHead(head))
  const fits = genesisHash.length === 32 && seed.length === 32 && headKey.length === 32
  if (!fits || bytes.length !== FRAGMENT_BYTES) throw new TypeError('a link has a hash, a seed and a key of 32 bytes')
  return bytesToBase64url(bytes)
}

/**
 * Reads a fragment; needs `cryptoReady()`. Throws `LINK_VERSION` for one that a newer version made, and `LINK_MALFORMED` for everything
 * else that is none, such as one whose head the relay's key did not sign. [KM12]
 */
export function decodeLinkFragment(text: string): LinkFragment {
  const bytes = base64urlToBytes(text)
  if (bytes === null || bytes.length === 0 || bytes[0] === 0) throw malformed()
  if (bytes[0] !== VERSION) throw new SyncError('LINK_VERSION', 'the link was made by a newer version of the app')
  const head = bytes.length === FRAGMENT_BYTES ? decodeSignedHead(bytes.subarray(HEAD_AT)) : null
  if (head === null || head.seq === 0) throw malformed()
  const genesisHash = bytes.slice(1, 33)
  const headKey = bytes.slice(65, HEAD_AT)
  if (!verifySignedHead(documentIdOf(genesisHash), head, headKey)) throw malformed()
  const { seq, transcript, signature } = head
  return {
    genesisHash,
    seed: bytes.slice(33, 65),
    headKey,
    head: { seq, transcript: transcript.slice(), signature: signature.slice() },
  }
}

function malformed(): SyncError {
  return new SyncError('LINK_MALFORMED', 'this is not a whole link: a part may have been lost when it was copied')
}
