/**
 * Opening: what an envelope holds, for whoever has the epoch's key. Authenticity (signature, chain, authority) is judged before, by
 * the log; this says only whether it opens. Rules EN8, EN9, EN11.
 *
 * @module
 */
import { isClearKind, OpenError, type Bytes, type Envelope } from '@y-sealed/protocol'
import { sodium } from '../crypto/sodium.ts'
import { unpadContent } from '../envelope/padding.ts'
import { purposeOf, type EpochKey } from './epoch-key.ts'

/**
 * The content of a sealed kind or the body of a clear one, as a view. Throws {@link OpenError}, always in the same words, when the epoch
 * is another, the tag is wrong or the padding is not canonical.
 */
export function open(envelope: Envelope, key: EpochKey): Bytes {
  if (envelope.epoch !== key.epoch) throw new OpenError()
  if (isClearKind(envelope.kind)) return envelope.sealed
  const content = unpadContent(decrypt(envelope, key))
  if (content === null) throw new OpenError()
  return content
}

function decrypt(envelope: Envelope, key: EpochKey): Bytes {
  try {
    return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
      null,
      envelope.sealed,
      envelope.header,
      envelope.nonce,
      key.subkey(purposeOf(envelope.kind)),
    ) as Bytes
  } catch {
    throw new OpenError()
  }
}
