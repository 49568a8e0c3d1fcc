/**
 * Walks over the content of one Item, by the same columns and in the same order as Yjs 13.6, without building it: no
 * value, no shared type and no subdocument comes to be. Rule CL3 (a), (b), (h).
 *
 * @module
 */
import type { UpdateDecoderV2 } from 'yjs'
import { checkJson, readObjectKeys, skipValue } from './read-value.ts'
import { UpdateFault } from './update-fault.ts'

/** What an Item's info byte says of its content (its low five bits). */
export const CONTENT = {
  deleted: 1,
  json: 2,
  binary: 3,
  string: 4,
  embed: 5,
  format: 6,
  type: 7,
  any: 8,
  document: 9,
} as const

const XML_ELEMENT = 3
const XML_HOOK = 5
const LAST_TYPE = 6
const TRUE = 120
const FALSE = 121

/** Moves `decoder` past the content and returns how many clocks it takes. Throws `UpdateFault`, or whatever lib0 throws. */
export function skipContent(decoder: UpdateDecoderV2, content: number): number {
  switch (content) {
    case CONTENT.deleted:
      return decoder.readLen()
    case CONTENT.json: {
      const length = decoder.readLen()
      // An empty text is not JSON, so a false count ends with the string column.
      for (let i = 0; i < length; i++) checkJson(decoder.readString())
      return length
    }
    case CONTENT.binary:
      decoder.readBuf()
      return 1
    case CONTENT.string:
      return decoder.readString().length
    case CONTENT.embed:
      skipValue(decoder.restDecoder)
      return 1
    case CONTENT.format:
      readKey(decoder)
      skipValue(decoder.restDecoder)
      return 1
    case CONTENT.type: {
      const type = decoder.readTypeRef()
      if (type > LAST_TYPE) throw new UpdateFault('undecodable')
      if (type === XML_ELEMENT || type === XML_HOOK) readKey(decoder)
      return 1
    }
    case CONTENT.any: {
      const length = decoder.readLen()
      // Each value takes a byte at least.
      for (let i = 0; i < length; i++) skipValue(decoder.restDecoder)
      return length
    }
    case CONTENT.document:
      decoder.readString()
      // Yjs spreads these into the options of `new Doc`: any other key, `guid` above all, would make a document that
      // cannot be written again.
      readObjectKeys(
        decoder.restDecoder,
        (key, tag) => (key === 'gc' && tag === FALSE) || (key === 'autoLoad' && tag === TRUE) || key === 'meta',
      )
      return 1
    default:
      throw new UpdateFault('undecodable')
  }
}

/** A key by the key column. A negative place in it would give `undefined`, which Yjs takes and cannot write again. */
function readKey(decoder: UpdateDecoderV2): void {
  if (typeof (decoder.readKey() as string | undefined) !== 'string') throw new UpdateFault('content')
}
