/**
 * An update as the contents of envelopes: one, or parts of it where it does not fit. Rules EN10, LO9.
 *
 * @module
 */
import {
  encodeAuthoredUpdate,
  encodePart,
  KIND,
  maxContentBytes,
  MAX_SEALED_BYTES,
  TAG_BYTES,
  type AuthoredUpdate,
  type Bytes,
} from '@y-sealed/protocol'

const MAX_UPDATE_BYTES = maxContentBytes(MAX_SEALED_BYTES.update - TAG_BYTES)
const PART_HEADER_BYTES = 8
const MAX_PART_BYTES = maxContentBytes(MAX_SEALED_BYTES.part - TAG_BYTES) - PART_HEADER_BYTES

/** What goes into one envelope. */
export interface UpdateContent {
  readonly kind: typeof KIND.update | typeof KIND.part
  readonly content: Bytes
  /** `null` for an update that stands alone. */
  readonly part: { readonly index: number; readonly count: number } | null
}

/** In the order in which they are sealed. */
export function cutUpdate(update: AuthoredUpdate): readonly UpdateContent[] {
  return cutContent(encodeAuthoredUpdate(update))
}

/** The same of the content of an update, whatever it is. */
export function cutContent(whole: Bytes): readonly UpdateContent[] {
  if (whole.length <= MAX_UPDATE_BYTES) return [{ kind: KIND.update, content: whole, part: null }]
  const count = Math.ceil(whole.length / MAX_PART_BYTES)
  return Array.from({ length: count }, (_, index) => {
    const bytes = whole.subarray(index * MAX_PART_BYTES, (index + 1) * MAX_PART_BYTES)
    const content = encodePart({ index, count, totalBytes: whole.length, bytes })
    return { kind: KIND.part, content, part: { index, count } }
  })
}
